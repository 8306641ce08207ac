// LoadWholePlan: a plan by its name, with everything that a run of it needs.
#ifndef RAMPART_CONTROLLER_PLANS_WHOLE_PLAN_H_
#define RAMPART_CONTROLLER_PLANS_WHOLE_PLAN_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/plan/load_plan.h"
#include "controller/plans/plan_source.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

struct WholePlan {
  PlanSource source;
  v1::Plan plan;                                           // without faults
  google::protobuf::RepeatedPtrField<v1::PlanFile> files;  // that it names
};

// The one way in which commands come to a plan. `wanted` as for FindPlan. Fails with words for a
// person: where plans are, or every fault of this one, a line each.
absl::StatusOr<WholePlan> LoadWholePlan(const std::string& wanted, const PlanOptions& options);

bool HasParam(const v1::Plan& plan, const std::string& name);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_PLANS_WHOLE_PLAN_H_
