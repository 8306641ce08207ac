// RunPlan: one run of one plan, as the flags say.
#ifndef RAMPART_CONTROLLER_COMMANDS_PLAN_RUN_H_
#define RAMPART_CONTROLLER_COMMANDS_PLAN_RUN_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "controller/commands/flags.h"
#include "controller/commands/run_journal.h"
#include "controller/run/result.h"
#include "controller/terminal/terminal.h"
#include "rampart/v1/plan.pb.h"
#include "rampart/v1/stats.pb.h"

namespace rampart::controller {

// What a run is given beside its flags; each may be empty.
struct RunHooks {
  // Changes the plan that was loaded and is about to run. It stays one without faults.
  std::function<void(v1::Plan* plan)> shape = {};
  // As in ConductOptions.
  std::function<void(int agent, const v1::Delta& delta)> on_delta = {};
  std::function<std::optional<std::string>(int64_t now_ns)> ask_stop = {};
  // Begun when the plan is known; null: the run has none.
  RunJournal* journal = nullptr;
};

// Starts the demo target (a new one each time), loads the plan to point to it, runs it, compares
// the target's counts. Fails when there was no run, see Say for the kinds of failures; everything
// that went wrong later is in the result. Nothing but progress is printed.
absl::StatusOr<RunResult> RunPlan(const RunFlags& flags, const std::string& wanted,
                                  const RunHooks& hooks, Terminal& terminal);

// That, or the many runs of the profile `breakpoint`, which have no journal.
absl::StatusOr<RunResult> RunAsAsked(const RunFlags& flags, const std::string& wanted,
                                     RunJournal* journal, Terminal& terminal);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_COMMANDS_PLAN_RUN_H_
