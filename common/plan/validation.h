// Validate: what the schema cannot say about a plan.
#ifndef RAMPART_COMMON_PLAN_VALIDATION_H_
#define RAMPART_COMMON_PLAN_VALIDATION_H_

#include "common/plan/fault.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

inline constexpr int64_t kMaxUsers = 1'000'000;
inline constexpr int64_t kMaxPlanNs = 7ll * 86'400 * 1'000'000'000;

// Expressions and templates compile and know every name they use; metrics that are recorded or
// judged exist, and thresholds fit their kind; loads are within limits; steps stand where they can
// run.
void Validate(const v1::Plan& plan, Faults* faults);

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_VALIDATION_H_
