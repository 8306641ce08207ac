#include "controller/commands/start.h"

#include <cstdio>
#include <fstream>
#include <iostream>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/commands/plan_run.h"
#include "controller/report/summary_json.h"
#include "controller/report/summary_text.h"
#include "controller/terminal/terminal.h"

namespace rampart::controller {
namespace {

// False, with words on stderr, when the file cannot be written.
bool WriteOut(const std::string& path, const RunResult& result) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << SummaryJson(result);
  file.close();
  if (file) return true;
  std::cerr << "--out " << path << ": cannot be written\n";
  return false;
}

}  // namespace

int Start(const RunFlags& flags, const std::string& plan, const std::vector<std::string>& out) {
  for (const std::string& path : out) {
    if (!path.ends_with(".json")) {
      return Say(absl::InvalidArgumentError("--out " + path + ": only .json can be written"));
    }
  }
  Terminal terminal(stderr, flags.plain);
  const absl::StatusOr<RunResult> result = RunAsAsked(flags, plan, terminal);
  if (!result.ok()) return Say(result.status());
  std::cout << SummaryText(*result, terminal.style()) << std::flush;
  bool written = true;
  for (const std::string& path : out) written = WriteOut(path, *result) && written;
  return Code(written ? result->exit_code : ExitCode::kInternal);
}

}  // namespace rampart::controller
