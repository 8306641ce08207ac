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
// highest rate. So users stay users and rates stay rates, and scenarios keep their proportion; a
// rate's `users` and `max_users` grow with the highest factor. Models that count iterations become
// users. `smoke` and `scalability` have sizes of their own, in users: 5 and 10,000 in all, shared
// by the scenarios in proportion to their users, at least 1 each; a rate is 1 % of its own in
// `smoke`, and follows the curve to its own size in `scalability`. `breakpoint` is an
// arrival rate, 100 to 10,000 a second in all. Where a plan has rates, it is theirs, in proportion,
// and other scenarios keep their most users all along; else every scenario becomes a rate, in
// proportion to its most users. Its users are shared in proportion to the scenarios' most users.
// What a scenario has of graces, start, tags and steps stays; every scenario's curve begins
// at its own start.
//
// Fails for a name that is no profile, with those that are; for a steady part of no length, or that
// makes the profile longer than 7 days; and for a shape that takes a scenario over kMaxUsers. A
// load without a size is left as it is, for validation to say.
absl::Status ApplyProfile(std::string_view name, std::optional<int64_t> steady_ns, v1::Plan* plan);

// Of a plan with the profile `breakpoint`: instead of its ramp a constant rate, `per_second` in
// all, for `length_ns`. Users that stay beside it stay so long.
void HoldRate(double per_second, int64_t length_ns, v1::Plan* plan);

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_PROFILE_H_
