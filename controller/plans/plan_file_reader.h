// ReadPlanFiles: the files that a plan names, from the disk.
#ifndef RAMPART_CONTROLLER_PLANS_PLAN_FILE_READER_H_
#define RAMPART_CONTROLLER_PLANS_PLAN_FILE_READER_H_

#include <optional>
#include <string>

#include "common/plan/load_plan.h"

namespace rampart::controller {

// Puts every file that the plan names into `loaded->files`, each once, in the order of the plan. A
// name is relative to `folder`, the plan file's; it may be absolute or lead up with `..`, as the
// plan is run by whom the machine belongs to. A file that is not there, cannot be read or is too
// large (PlanFiles' limits), and any file of a built-in plan, which has no folder, is a fault where
// the plan names it. So is every line of a feed that is no row.
void ReadPlanFiles(const std::optional<std::string>& folder, LoadedPlan* loaded);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_PLANS_PLAN_FILE_READER_H_
