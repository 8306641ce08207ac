// The plans that the controller brings along, from the YAML files of this folder.
#ifndef RAMPART_CONTROLLER_PLANS_BUILT_IN_PLANS_H_
#define RAMPART_CONTROLLER_PLANS_BUILT_IN_PLANS_H_

#include <string_view>
#include <vector>

namespace rampart::controller {

struct BuiltInPlan {
  std::string_view name;  // `smoke`
  std::string_view text;  // YAML
};

// Sorted by name.
const std::vector<BuiltInPlan>& BuiltInPlans();

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_PLANS_BUILT_IN_PLANS_H_
