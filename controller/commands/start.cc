#include "controller/commands/start.h"

#include <cstdio>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/commands/breakpoint.h"
#include "controller/commands/plan_run.h"
#include "controller/commands/report.h"
#include "controller/terminal/terminal.h"

namespace rampart::controller {

int Start(const RunFlags& given, const JournalFlags& journal_flags, const std::string& plan,
          const std::vector<std::string>& out) {
  for (const std::string& path : out) {
    if (!path.ends_with(".json")) {
      return Say(absl::InvalidArgumentError("--out " + path + ": only .json can be written"));
    }
  }
  const absl::StatusOr<RunFlags> flags = WithSecrets(given);
  if (!flags.ok()) return Say(flags.status());
  if (flags->plan.profile == kBreakpointProfile && !journal_flags.run_dir.empty()) {
    return Say(absl::InvalidArgumentError(
        "--run-dir: the runs of the profile `breakpoint` have no journal; they cannot be resumed"));
  }
  Terminal terminal(stderr, flags->plain);
  RunJournal journal(journal_flags, out);
  const absl::StatusOr<RunResult> result = RunAsAsked(*flags, plan, &journal, terminal);
  if (!result.ok()) {
    journal.Drop();
    return Say(result.status());
  }
  if (!Report(*result, out, terminal)) return Code(ExitCode::kInternal);
  journal.End();
  return Code(result->exit_code);
}

}  // namespace rampart::controller
