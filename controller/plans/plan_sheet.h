// PlanSheet: what a plan that is fine would do, for people who check it before they run it.
#ifndef RAMPART_CONTROLLER_PLANS_PLAN_SHEET_H_
#define RAMPART_CONTROLLER_PLANS_PLAN_SHEET_H_

#include <string>

#include "common/plan/load_plan.h"
#include "controller/report/text/text_style.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

// Name and description; each param with its value and whether the plan or `-e` set it; each
// scenario's load in words, drawn over the time of the whole run, and each agent's share of it;
// thresholds. Secret params are `***`. `plan` is a loaded one without faults and `options` what it
// was loaded with. The share is that of `agents` (1 at least) with the same capacity. No line is
// wider than the style says. Pure.
std::string PlanSheet(const v1::Plan& plan, const PlanOptions& options, int agents,
                      const TextStyle& style);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_PLANS_PLAN_SHEET_H_
