// What a plan's scenarios and users have to do with each other: `start_after` and `rendezvous`.
#ifndef RAMPART_COMMON_PLAN_COORDINATION_H_
#define RAMPART_COMMON_PLAN_COORDINATION_H_

#include "common/plan/fault.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

// Part of Validate: a `start_after` names another scenario, none waits for itself in the end, all
// of it ends within the plan's limit; enough users come to every rendezvous, and its steps agree
// about how many.
void ValidateCoordination(const v1::Plan& plan, Faults* faults);

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_COORDINATION_H_
