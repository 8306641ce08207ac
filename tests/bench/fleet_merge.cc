// fleet_merge: what it costs the controller's core to merge the deltas of many agents, without a
// network and on a virtual clock. Prints one line of JSON.
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "controller/run/run.h"
#include "rampart/v1/fleet.pb.h"
#include "tests/bench/simulated_deltas.h"

namespace rampart::bench {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int kLooks = 4;  // of the live view, a second
constexpr int kSteps = 8;  // at which memory is looked at

double CpuSeconds() {
  rusage used = {};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double ResidentMegabytes() {
  long pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

v1::Plan APlan(int64_t seconds) {
  v1::Plan plan;
  plan.set_name("bench");
  v1::Scenario* scenario = plan.add_scenarios();
  scenario->set_name("main");
  auto& users = *scenario->mutable_load()->mutable_constant_users();
  users.set_users(1000);
  users.mutable_duration()->set_seconds(seconds);
  v1::Threshold* threshold = plan.add_thresholds();
  threshold->set_metric("http_req_duration");
  threshold->add_conditions()->set_expression("p(95)<1000000");
  threshold = plan.add_thresholds();
  threshold->set_metric("http_req_waiting{name:request 1}");
  threshold->add_conditions()->set_expression("p(99)<1000000");
  return plan;
}

int Main(int argc, char** argv) {
  int agents = 1000;
  int series = 200;
  int requests = 1000;
  int64_t seconds = 10;
  CLI::App app;
  app.add_option("--agents", agents);
  app.add_option("--series", series);
  app.add_option("--requests", requests, "a second and agent");
  app.add_option("--seconds", seconds);
  CLI11_PARSE(app, argc, argv);

  const SimulatedDeltas deltas(series, requests);
  controller::Run run(APlan(seconds), {});
  for (int agent = 0; agent < agents; ++agent) {
    controller::AgentResult known;
    known.name = "agent-" + std::to_string(agent + 1);
    run.SetAgent(agent, known);
  }
  uint64_t durations = 0;
  std::string bytes;
  std::vector<double> megabytes;
  double naming_cpu = 0;
  const double before = CpuSeconds();
  for (int64_t second = 0; second < seconds; ++second) {
    const auto sequence = static_cast<uint64_t>(second) + 1;
    for (int agent = 0; agent < agents; ++agent) {
      const auto number = static_cast<size_t>(agent);
      const SimulatedDeltas::Message said =
          deltas.Say(number, sequence, second * kSecondNs, (second + 1) * kSecondNs);
      bytes.assign(said.head).append(*said.body);
      durations += deltas.DurationsIn(number, sequence);
      v1::AgentMessage message;
      message.ParseFromString(bytes);
      if (const absl::Status status = run.Apply(agent, message.delta()); !status.ok()) {
        std::fprintf(stderr, "fleet_merge: %s\n", std::string(status.message()).c_str());
        return 1;
      }
    }
    run.Judge((second + 1) * kSecondNs);
    for (int look = 0; look < kLooks; ++look) run.Progress((second + 1) * kSecondNs);
    if (second == 0) naming_cpu = CpuSeconds() - before;
    if ((second + 1) * kSteps / seconds != second * kSteps / seconds) {
      malloc_trim(0);
      megabytes.push_back(ResidentMegabytes());
    }
  }
  const double cpu = CpuSeconds() - before;
  const controller::RunResult result = run.Finish({.run_seconds = static_cast<double>(seconds)});
  const auto counted = result.series.Aggregate("http_req_duration");
  if (!counted || counted->trend.count() != durations) {
    std::fprintf(stderr, "fleet_merge: samples are missing\n");
    return 1;
  }
  uint64_t in_timeline = 0;
  for (const controller::TimelinePoint& point : result.timeline) in_timeline += point.http_samples;
  if (in_timeline != durations) {
    std::fprintf(stderr, "fleet_merge: samples are missing in the timeline\n");
    return 1;
  }
  const double steady =
      seconds > 1 ? (cpu - naming_cpu) / static_cast<double>(seconds - 1) : naming_cpu;
  std::printf(R"({"agents":%d,"series":%d,"seconds":%lld,"cpuPerSecond":%.4f,"cpu":%.2f,)", agents,
              series, static_cast<long long>(seconds), steady, cpu);
  std::printf(R"("deltaBytes":%zu,"bucketsATrend":%.0f,"points":%zu,"p99":%.17g,"megabytes":[)",
              deltas.mean_bytes(), deltas.buckets_a_trend(), result.timeline.size(),
              counted->trend.Percentile(99));
  for (size_t i = 0; i < megabytes.size(); ++i) {
    std::printf("%s%.1f", i == 0 ? "" : ",", megabytes[i]);
  }
  std::printf("]}\n");
  return 0;
}

}  // namespace
}  // namespace rampart::bench

int main(int argc, char** argv) { return rampart::bench::Main(argc, argv); }
