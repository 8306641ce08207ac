// `controller plans ...`: what can be run. Each returns the exit code.
#ifndef RAMPART_CONTROLLER_COMMANDS_PLANS_H_
#define RAMPART_CONTROLLER_COMMANDS_PLANS_H_

#include <string>
#include <vector>

#include "controller/commands/flags.h"

namespace rampart::controller {

int ListPlans();
int ShowPlan(const std::string& wanted);
int ShowPlanSchema();
// Every fault of each; of those without any, what they would do.
int CheckPlans(const std::vector<std::string>& wanted, const PlanFlags& flags);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_COMMANDS_PLANS_H_
