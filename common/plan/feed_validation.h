// ValidateFeeds: what the schema cannot say about feeds and who takes from them.
#ifndef RAMPART_COMMON_PLAN_FEED_VALIDATION_H_
#define RAMPART_COMMON_PLAN_FEED_VALIDATION_H_

#include "common/plan/fault.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

// A feed's file has an ending that tells what it is; `take` names a feed that exists, and a
// variable that expressions can use. A feed that nobody takes from is fine.
void ValidateFeeds(const v1::Plan& plan, Faults* faults);

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_FEED_VALIDATION_H_
