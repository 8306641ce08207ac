#include "controller/plans/whole_plan.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "common/plan/secrets.h"
#include "controller/plans/plan_file_reader.h"

namespace rampart::controller {

absl::StatusOr<WholePlan> LoadWholePlan(const std::string& wanted, const PlanOptions& options) {
  absl::StatusOr<PlanSource> source = FindPlan(wanted);
  if (!source.ok()) return source.status();
  LoadedPlan loaded = LoadPlan(source->text, source->file, options);
  ReadPlanFiles(source->folder, &loaded);
  if (!loaded.ok()) {
    return absl::InvalidArgumentError(Secrets(loaded.plan).Conceal(loaded.FaultText()));
  }
  return WholePlan{*std::move(source), std::move(loaded.plan), std::move(loaded.files)};
}

bool HasParam(const v1::Plan& plan, const std::string& name) {
  return std::any_of(plan.params().begin(), plan.params().end(),
                     [&](const v1::Param& param) { return param.name() == name; });
}

}  // namespace rampart::controller
