// Which variables the steps of a plan set.
#ifndef RAMPART_COMMON_PLAN_VARIABLES_H_
#define RAMPART_COMMON_PLAN_VARIABLES_H_

#include <set>
#include <string>

#include "rampart/v1/plan.pb.h"

namespace rampart {

// By `save`, `append`, `set`, `repeat`, `for_each`, `take` and `script`, wherever they stand.
std::set<std::string> VariableNames(const v1::Plan& plan);

// The variable that a `take` puts its row into.
std::string RowName(const v1::Take& take);

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_VARIABLES_H_
