// ScenarioTimes: when the scenarios of a plan begin and end, as far as the plan alone can tell.
#ifndef RAMPART_COMMON_LOAD_SCENARIO_TIMES_H_
#define RAMPART_COMMON_LOAD_SCENARIO_TIMES_H_

#include <cstdint>
#include <vector>

#include "rampart/v1/plan.pb.h"

namespace rampart {

// Nanoseconds since the start of the run. A scenario with `start_after` begins when the other has
// really ended, so for it these are estimates: that the other ends as planned, or as late as it
// may.
struct ScenarioTimes {
  int64_t start_ns = 0;
  int64_t end_ns = 0;     // of its schedule: the graceful stop is not in it
  int64_t latest_ns = 0;  // that it and those before it may take, with their graceful stops
};

// By scenario. What only a faulty plan has counts as little as it can: a load without a schedule is
// over at once, and a `start_after` that names nothing, or goes in a circle, waits for nothing.
std::vector<ScenarioTimes> TimesOf(const v1::Plan& plan);

// The scenario that this one starts after; -1 for none, or an unknown one.
int ForerunnerOf(const v1::Plan& plan, const v1::Scenario& scenario);

}  // namespace rampart

#endif  // RAMPART_COMMON_LOAD_SCENARIO_TIMES_H_
