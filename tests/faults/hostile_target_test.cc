// A target that does its worst to users of an engine thread, while others of the same thread are
// at a good one: each failure has the name of its class, the others go on, memory stays.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "tests/faults/hostile_rows.h"

namespace rampart::agent {
namespace {

constexpr int kHealthyUsers = 20;
constexpr int kHealthyIterations = 6;

std::string Times(int users, int iterations) {
  return "iterations_per_user: { users: " + std::to_string(users) +
         ", iterations: " + std::to_string(iterations) + " }";
}

// The most that was resident since Begin, in kB.
class PeakMemory {
 public:
  static void Begin() { std::ofstream("/proc/self/clear_refs") << "5"; }
  static uint64_t Kilobytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6));
    }
    return 0;
  }
};

struct Outcome {
  double healthy = 0;                      // iterations
  double failed = 0;                       // of the healthy users' requests
  std::map<std::string, uint64_t> errors;  // of each class
  uint64_t peak_kb = 0;
};

Outcome RunPlan(const HostileCase& one, const std::string& hostile_load) {
  PeakMemory::Begin();
  EngineRunner runner(one.Plan(hostile_load, Times(kHealthyUsers, kHealthyIterations)),
                      one.place());
  runner.Run();
  Outcome outcome;
  outcome.peak_kb = PeakMemory::Kilobytes();
  outcome.healthy = runner.Count("iterations", {{"scenario", "healthy"}});
  outcome.failed =
      static_cast<double>(runner.Value("http_req_failed", {{"scenario", "healthy"}}).trues);
  for (const v1::ErrorCount& error : runner.errors()) outcome.errors[error.kind()] += error.count();
  return outcome;
}

class HostileTarget : public testing::TestWithParam<HostileRow> {};

// What users of both do is counted, not timed: a busy machine changes none of it. What the others
// feel of it in time is slow/hostile_latency_test.cc's.
TEST_P(HostileTarget, IsNamedCostsLittleAndOthersGoOn) {
  const HostileRow& row = GetParam();
  const HostileCase one(row);
  const Outcome alone = RunPlan(one, "");
  const Outcome beside = RunPlan(one, Times(row.users, row.iterations));

  const auto failures = static_cast<uint64_t>(row.users * row.iterations);
  EXPECT_EQ(beside.errors, (std::map<std::string, uint64_t>{{row.error, failures}}));
  EXPECT_TRUE(alone.errors.empty());
  for (const Outcome& outcome : {alone, beside}) {
    EXPECT_EQ(outcome.healthy, kHealthyUsers * kHealthyIterations);
    EXPECT_EQ(outcome.failed, 0);
  }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which keep what was freed
  EXPECT_LE(beside.peak_kb, 2 * alone.peak_kb);
#endif
  std::printf("peak %lu kB, beside it %lu kB\n", alone.peak_kb, beside.peak_kb);
}

INSTANTIATE_TEST_SUITE_P(Rows, HostileTarget, testing::ValuesIn(HostileRows()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace rampart::agent
