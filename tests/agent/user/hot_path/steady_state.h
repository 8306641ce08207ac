// What a load allocates once it is in steady state: the difference between a short run and a long
// one.
#ifndef RAMPART_TESTS_AGENT_USER_HOT_PATH_STEADY_STATE_H_
#define RAMPART_TESTS_AGENT_USER_HOT_PATH_STEADY_STATE_H_

#include <gtest/gtest.h>

#include <cstdint>

#include "tests/agent/user/hot_path/allocations.h"
#include "tests/support/engine_runner.h"

namespace rampart::agent {

// From its begin until all users have ended.
inline uint64_t AllocationsOfLoad(EngineRunner& runner) {
  EXPECT_TRUE(runner.engine().Arm("").ok());
  const uint64_t before = Allocations();
  runner.Begin();
  runner.Drained();
  const uint64_t cost = Allocations() - before;
  runner.Collect();
  return cost;
}

// `cost_of(times)` is what a run allocates that does something so many times.
template <typename CostOf>
void ExpectNoneEach(int few_times, int many_times, CostOf cost_of) {
  if (!CountsAllocations()) GTEST_SKIP() << "a sanitizer has malloc's place";
  // Of a histogram's page for each eighth of an octave that a latency falls into for the first
  // time, and of what else grows with the logarithm: some hundreds where the machine was busy, so
  // that the two runs have to be tens of thousands apart.
  constexpr double kMostEach = 0.02;
  const auto few = static_cast<double>(cost_of(few_times));
  const auto many = static_cast<double>(cost_of(many_times));
  EXPECT_LE((many - few) / (many_times - few_times), kMostEach) << few << ", " << many;
}

}  // namespace rampart::agent

#endif  // RAMPART_TESTS_AGENT_USER_HOT_PATH_STEADY_STATE_H_
