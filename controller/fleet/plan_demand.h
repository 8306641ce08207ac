// What a plan asks of the fleet as a whole.
#ifndef RAMPART_CONTROLLER_FLEET_PLAN_DEMAND_H_
#define RAMPART_CONTROLLER_FLEET_PLAN_DEMAND_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

struct PlanDemand {
  // Users that may exist at once: the sum of what each scenario has at most.
  int64_t most_users = 0;
  // When the last scenario ends, without its graceful stop; since the start of the run. An estimate
  // where scenarios start after others.
  int64_t length_ns = 0;
  // The latest that everything may end, with graceful stops.
  int64_t latest_ns = 0;
  // The longest that an iteration which runs may still take when it is told to stop.
  int64_t graceful_ns = 0;
};

// Fails for a load that no schedule can be made of; the plan's validation finds those before.
absl::StatusOr<PlanDemand> DemandOf(const v1::Plan& plan);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_FLEET_PLAN_DEMAND_H_
