#include "controller/commands/start.h"

#include <cstdio>
#include <iostream>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/commands/output_file.h"
#include "controller/commands/plan_run.h"
#include "controller/report/summary_json.h"
#include "controller/report/summary_text.h"
#include "controller/terminal/terminal.h"

namespace rampart::controller {

int Start(const RunFlags& given, const std::string& plan, const std::vector<std::string>& out) {
  for (const std::string& path : out) {
    if (!path.ends_with(".json")) {
      return Say(absl::InvalidArgumentError("--out " + path + ": only .json can be written"));
    }
  }
  const absl::StatusOr<RunFlags> flags = WithSecrets(given);
  if (!flags.ok()) return Say(flags.status());
  Terminal terminal(stderr, flags->plain);
  const absl::StatusOr<RunResult> result = RunAsAsked(*flags, plan, terminal);
  if (!result.ok()) return Say(result.status());
  std::cout << SummaryText(*result, terminal.style()) << std::flush;
  bool written = true;
  for (const std::string& path : out) {
    const absl::Status status = WriteFile(path, SummaryJson(*result));
    if (status.ok()) continue;
    std::cerr << "--out " << status.message() << "\n";
    written = false;
  }
  return Code(written ? result->exit_code : ExitCode::kInternal);
}

}  // namespace rampart::controller
