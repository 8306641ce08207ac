// In steady state an arrival allocates nothing, whether it is served or dropped.
#include <gtest/gtest.h>

#include <string>

#include "tests/agent/user/hot_path/steady_state.h"

namespace rampart::agent {
namespace {

// Allocations of one run of `arrivals` at 20,000 a second.
uint64_t Cost(int arrivals, const std::string& pool) {
  EngineRunner runner(
      "name: test\nscenarios:\n  one:\n    load: { constant_arrival_rate: { rate: 20000/s, "
      "duration: " +
      std::to_string(arrivals / 20) + "ms, " + pool + " } }\n    steps: [ { sleep: 100us } ]\n");
  const uint64_t cost = AllocationsOfLoad(runner);
  EXPECT_EQ(runner.Count("iterations") + runner.Count("dropped_iterations"), arrivals);
  return cost;
}

void ExpectNone(const std::string& pool) {
  ExpectNoneEach(2'000, 32'000, [&](int arrivals) { return Cost(arrivals, pool); });
}

TEST(HotPathArrivals, AllocateNothing) { ExpectNone("users: 50"); }

TEST(HotPathArrivals, ThatWaitForAUserAllocateNothing) { ExpectNone("users: 1, when_busy: wait"); }

}  // namespace
}  // namespace rampart::agent
