// In steady state an arrival allocates nothing, whether it is served or dropped.
#include <gtest/gtest.h>

#include <string>

#include "tests/agent/user/hot_path/allocations.h"
#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

// Of pages of histograms that a latency falls into for the first time: far fewer than one for ten
// arrivals.
constexpr double kMostPerArrival = 0.02;

// Allocations of one run of `arrivals` at 20,000 a second.
uint64_t Cost(int arrivals, const std::string& pool) {
  EngineRunner runner(
      "name: test\nscenarios:\n  one:\n    load: { constant_arrival_rate: { rate: 20000/s, "
      "duration: " +
      std::to_string(arrivals / 20) + "ms, " + pool + " } }\n    steps: [ { sleep: 100us } ]\n");
  EXPECT_TRUE(runner.engine().Arm("").ok());
  const uint64_t before = Allocations();
  runner.Begin();
  runner.Drained();
  const uint64_t cost = Allocations() - before;
  runner.Collect();
  EXPECT_EQ(runner.Count("iterations") + runner.Count("dropped_iterations"), arrivals);
  return cost;
}

void ExpectNone(const std::string& pool) {
  if (!CountsAllocations()) GTEST_SKIP() << "a sanitizer has malloc's place";
  constexpr int kFew = 2'000;
  constexpr int kMany = 14'000;
  const auto few = static_cast<double>(Cost(kFew, pool));
  const auto many = static_cast<double>(Cost(kMany, pool));
  EXPECT_LE((many - few) / (kMany - kFew), kMostPerArrival) << few << ", " << many;
}

TEST(HotPathArrivals, AllocateNothing) { ExpectNone("users: 50"); }

TEST(HotPathArrivals, ThatWaitForAUserAllocateNothing) { ExpectNone("users: 1, when_busy: wait"); }

}  // namespace
}  // namespace rampart::agent
