// A load that goes on differently from an instant on.
#ifndef RAMPART_COMMON_LOAD_LOAD_CHANGE_H_
#define RAMPART_COMMON_LOAD_LOAD_CHANGE_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/statusor.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

// When something is due after a pause that was to be at `at_ns`: what was to be before or in it is
// at the same place of the schedule, what was to be after it is when it was.
inline int64_t AfterPause(int64_t at_ns, int64_t from_ns, int64_t to_ns) {
  return at_ns < to_ns ? std::min(at_ns, from_ns) + to_ns - from_ns : at_ns;
}

// Both: the load as it is up to `at_ns` since the scenario's start, then within `over_ns` to the
// new number, which stays until the load's end; that does not move. Before the scenario's start
// counts as its start. Fail where the load is over by then, or is of another kind.

// Of constant_users and ramping_users.
absl::StatusOr<v1::Load> ScaledToUsers(const v1::Load& load, int64_t at_ns, int64_t users,
                                       int64_t over_ns);

// Of constant_arrival_rate and ramping_arrival_rate. In the middle of a ramp the rate that was
// reached is taken to a thousandth of an iteration a second.
absl::StatusOr<v1::Load> ScaledToRate(const v1::Load& load, int64_t at_ns, const v1::Rate& rate,
                                      int64_t over_ns);

}  // namespace rampart

#endif  // RAMPART_COMMON_LOAD_LOAD_CHANGE_H_
