// PlanSource: where the text of a plan comes from: a file, or one of the built-in plans.
#ifndef RAMPART_CONTROLLER_PLANS_PLAN_SOURCE_H_
#define RAMPART_CONTROLLER_PLANS_PLAN_SOURCE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace rampart::controller {

struct PlanSource {
  std::string file;  // for messages: the path, or `smoke.yaml` of a built-in plan
  std::string text;
  // Where the files that it names are; none for a built-in plan. Empty: the working directory.
  std::optional<std::string> folder = {};
};

// `wanted` is a path when it has a slash or ends with .yaml or .yml, else the name of a built-in
// plan. Fails with words that list what exists.
absl::StatusOr<PlanSource> FindPlan(const std::string& wanted);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_PLANS_PLAN_SOURCE_H_
