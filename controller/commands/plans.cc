#include "controller/commands/plans.h"

#include <cstdio>
#include <iostream>

#include "absl/status/statusor.h"
#include "common/plan/profile.h"
#include "controller/plans/built_in_plans.h"
#include "controller/plans/plan_schema.h"
#include "controller/plans/plan_sheet.h"
#include "controller/plans/plan_source.h"
#include "controller/plans/whole_plan.h"
#include "controller/terminal/terminal.h"

namespace rampart::controller {

int ListPlans() {
  for (const BuiltInPlan& plan : BuiltInPlans()) {
    const LoadedPlan loaded = LoadPlan(plan.text, std::string(plan.name), {});
    std::cout << plan.name << std::string(plan.name.size() < 24 ? 24 - plan.name.size() : 1, ' ')
              << loaded.plan.description() << "\n";
    for (const v1::Param& param : loaded.plan.params()) {
      std::cout << "    -e " << param.name() << "=...  " << param.description()
                << (param.secret() ? " (secret)" : "") << "\n";
    }
  }
  std::cout << "\nprofiles, for any of them: --profile NAME [--duration D]\n";
  for (const Profile& profile : Profiles()) {
    std::cout << "  " << profile.name << std::string(22 - profile.name.size(), ' ')
              << profile.description << "\n";
  }
  return 0;
}

int ShowPlan(const std::string& wanted) {
  const absl::StatusOr<PlanSource> source = FindPlan(wanted);
  if (!source.ok()) return Say(source.status());
  std::cout << source->text;
  return 0;
}

int ShowPlanSchema() {
  std::cout << PlanSchema();
  return 0;
}

int CheckPlans(const std::vector<std::string>& wanted, const PlanFlags& flags) {
  const absl::StatusOr<PlanOptions> options = PlanOptionsOf(flags);
  if (!options.ok()) return Say(options.status());
  const TextStyle style = Terminal(stdout, true).style();
  int code = 0;
  for (const std::string& one : wanted) {
    const absl::StatusOr<WholePlan> whole = LoadWholePlan(one, *options);
    if (!whole.ok()) {
      code = Say(whole.status());
      continue;
    }
    const v1::Plan& plan = whole->plan;
    std::cout << plan.file() << ": fine, " << plan.scenarios_size()
              << (plan.scenarios_size() == 1 ? " scenario" : " scenarios") << ", "
              << plan.thresholds_size() << " thresholds\n\n"
              << PlanSheet(plan, *options, flags.agents, style) << "\n";
  }
  return code;
}

}  // namespace rampart::controller
