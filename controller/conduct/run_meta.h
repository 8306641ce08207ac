// What a run begins with, for its journal and back.
#ifndef RAMPART_CONTROLLER_CONDUCT_RUN_META_H_
#define RAMPART_CONTROLLER_CONDUCT_RUN_META_H_

#include "absl/status/statusor.h"
#include "controller/conduct/conductor.h"
#include "controller/conduct/run_core.h"
#include "rampart/v1/journal.pb.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

// Adds all that the options say. Secrets are never put in: the plan's are concealed, and whatever
// else FleetOptions has of them comes from the same place again when the run is resumed.
void AddMeta(const ConductOptions& options, v1::JournalMeta* meta);

// The other way round, with the plan as it was run. What has no place in the meta is as it is by
// default.
RunCoreOptions CoreOptionsOf(const v1::JournalMeta& meta, v1::Plan plan, int64_t begun_ns);
// Fails when the files of the stream's TLS are not what they were.
absl::StatusOr<FleetServiceOptions> ServiceOptionsOf(const v1::JournalMeta& meta);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_CONDUCT_RUN_META_H_
