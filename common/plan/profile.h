// Profile: a shape of load that any workload can be run with: `--profile stress`.
#ifndef RAMPART_COMMON_PLAN_PROFILE_H_
#define RAMPART_COMMON_PLAN_PROFILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

struct Profile {
  std::string_view name;
  std::string_view description;
};

const std::vector<Profile>& Profiles();

// Replaces the load of every scenario by the profile's shape. `steady_ns` is the length of its
// steady part (of every step of `stress`, of the spike of `spike`, of the ramp of `breakpoint`).
//
// A shape is a curve of factors over time. A scenario's own size is 1: its most users, or its
// highest rate. So users stay users and rates stay rates, and scenarios keep their proportion.
// `smoke` and `scalability` have sizes of their own, in users: 5 and 10,000 in all, shared by the
// scenarios in proportion to their users; a rate is 1 % of its own in `smoke`, and follows the
// curve to its own size in `scalability`. `breakpoint` makes every scenario an arrival rate, 100 to
// 10,000 a second in all. What a scenario has of graces, start, tags and steps stays; models that
// count iterations become users.
//
// Fails for a name that is no profile, with those that are, and for a steady part of no length.
absl::Status ApplyProfile(std::string_view name, std::optional<int64_t> steady_ns, v1::Plan* plan);

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_PROFILE_H_
