// A suite's runs side by side, for people and for programs.
#ifndef RAMPART_CONTROLLER_REPORT_SUITE_REPORT_H_
#define RAMPART_CONTROLLER_REPORT_SUITE_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controller/report/text/text_style.h"
#include "controller/run/result.h"

namespace rampart::controller {

// What a suite keeps of a run: its own summary has the rest.
struct SuiteRun {
  std::string plan;
  std::string folder;              // with its files
  std::optional<Verdict> verdict;  // nothing: it could not be started
  ExitCode exit_code = ExitCode::kInternal;
  bool unreliable = false;
  double seconds = 0;  // of load
  double iterations = 0;
  std::optional<double> http_p95_ms;
  double errors = 0;
  std::optional<double> breakpoint;       // of that profile: the highest rate that held
  std::vector<std::string> failed;        // thresholds, in words
  std::vector<std::string> reasons = {};  // for its verdict
};

struct SuiteResult {
  std::string rampart_version;
  int64_t started_unix_ns = 0;
  std::string folder;
  std::vector<SuiteRun> runs;        // in their order
  std::vector<std::string> not_run;  // plans, when a person ended the suite
};

SuiteRun SuiteRunOf(const RunResult& result);

// Interrupted when a plan was interrupted; else failed when one failed; else invalid when one was
// (or, under --strict, unreliable); else internal when one could not be started; else pass.
ExitCode SuiteExitCode(const SuiteResult& suite);

std::string SuiteText(const SuiteResult& suite, const TextStyle& style);
// See docs/SUMMARY.md.
std::string SuiteJson(const SuiteResult& suite);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_REPORT_SUITE_REPORT_H_
