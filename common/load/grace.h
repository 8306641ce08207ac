// How long users may go on after they were told to stop.
#ifndef RAMPART_COMMON_LOAD_GRACE_H_
#define RAMPART_COMMON_LOAD_GRACE_H_

#include <algorithm>
#include <cstdint>

#include "common/load/nanoseconds.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

inline constexpr int64_t kDefaultGraceNs = 30'000'000'000;

// At the end of a scenario.
inline int64_t GracefulStopNs(const v1::Scenario& scenario) {
  return scenario.has_graceful_stop() ? Ns(scenario.graceful_stop()) : kDefaultGraceNs;
}

// In a ramp's way down; of other loads like the default.
inline int64_t GracefulRampDownNs(const v1::Load& load) {
  const v1::RampingUsers& ramp = load.ramping_users();
  return ramp.has_graceful_ramp_down() ? Ns(ramp.graceful_ramp_down()) : kDefaultGraceNs;
}

// The longest that an iteration which runs may still take when it is told to stop.
inline int64_t LongestGraceNs(const v1::Scenario& scenario) {
  const int64_t stop_ns = GracefulStopNs(scenario);
  if (!scenario.load().has_ramping_users()) return stop_ns;
  return std::max(stop_ns, GracefulRampDownNs(scenario.load()));
}

}  // namespace rampart

#endif  // RAMPART_COMMON_LOAD_GRACE_H_
