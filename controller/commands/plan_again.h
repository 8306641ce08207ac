// The plan of a run that is resumed, with the secrets that its journal does not have.
#ifndef RAMPART_CONTROLLER_COMMANDS_PLAN_AGAIN_H_
#define RAMPART_CONTROLLER_COMMANDS_PLAN_AGAIN_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/plan/load_plan.h"
#include "rampart/v1/journal.pb.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

// Where the plan comes from, for the journal. `options` are those that it was loaded with.
v1::JournalMeta::Source SourceOf(const std::string& wanted, const PlanOptions& options,
                                 const v1::Plan& plan, bool insecure);

// The journal's, when it hides nothing; else loaded again from where it came, with `given` for the
// params that are secret. Fails when that is not the plan that the run began with.
absl::StatusOr<v1::Plan> PlanAgain(const v1::JournalMeta& meta, const PlanOptions& given);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_COMMANDS_PLAN_AGAIN_H_
