// engine_load PLAN.yaml [NAME=VALUE...]: one agent's engine on a plan, without a controller, and
// what it cost. For benches and profilers.
#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <future>
#include <sstream>
#include <string>
#include <utility>

#include "agent/engine/loop.h"
#include "agent/user/engine.h"
#include "common/plan/load_plan.h"
#include "common/stats/delta.h"

namespace {

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace rampart;
  if (argc < 2) {
    std::fprintf(stderr, "engine_load PLAN.yaml [NAME=VALUE...]\n");
    return 2;
  }
  std::ifstream file(argv[1]);
  std::stringstream text;
  text << file.rdbuf();
  PlanOptions options;
  for (int i = 2; i < argc; ++i) {
    const std::string param = argv[i];
    const size_t equals = param.find('=');
    if (equals != std::string::npos) {
      options.params.emplace_back(param.substr(0, equals), param.substr(equals + 1));
    }
  }
  const LoadedPlan loaded = LoadPlan(text.str(), argv[1], options);
  if (!loaded.ok()) {
    std::fprintf(stderr, "%s\n", loaded.FaultText().c_str());
    return 2;
  }
  v1::Prepare prepare;
  *prepare.mutable_plan() = loaded.plan;
  prepare.set_seed(1);
  prepare.mutable_assignment()->add_weights(1);
  auto engine = agent::Engine::Make(prepare, {.threads = 1});
  if (!engine.ok() || !(*engine)->Arm("").ok()) {
    std::fprintf(stderr, "%s\n", engine.status().ToString().c_str());
    return 2;
  }
  DeltaReader reader;
  SeriesStore store;
  const double cpu_before = CpuSeconds();
  std::promise<void> drained;
  std::future<void> done = drained.get_future();
  (*engine)->Start(agent::MonotonicNow(), [&drained](uint64_t) { drained.set_value(); });
  while (done.wait_for(std::chrono::seconds(1)) != std::future_status::ready) {
    (void)reader.Apply((*engine)->TakeDelta(), &store);
  }
  (void)reader.Apply((*engine)->TakeDelta(), &store);
  const double cpu = CpuSeconds() - cpu_before;
  const auto requests = store.Aggregate("http_reqs", {});
  const double count = requests ? requests->counter.Value() : 0;
  std::printf("%.0f requests, %.3f CPU-s, %.4f CPU-s per 100,000 requests\n", count, cpu,
              cpu / count * 1e5);
  return 0;
}
