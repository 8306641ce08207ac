// ValidateSteps: the faults of steps that can be found by looking at each and at where it stands.
#ifndef RAMPART_COMMON_PLAN_STEP_VALIDATION_H_
#define RAMPART_COMMON_PLAN_STEP_VALIDATION_H_

#include "common/plan/fault.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

// Of a scenario, of setup or of teardown. What their texts say is not looked at.
void ValidateSteps(const google::protobuf::RepeatedPtrField<v1::Step>& steps, Faults* faults);

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_STEP_VALIDATION_H_
