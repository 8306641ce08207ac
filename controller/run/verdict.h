// Decide: what a run came to. Nothing passes green by silence.
#ifndef RAMPART_CONTROLLER_RUN_VERDICT_H_
#define RAMPART_CONTROLLER_RUN_VERDICT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controller/run/exit_code.h"
#include "controller/run/merge/error_table.h"
#include "controller/run/result.h"

namespace rampart::controller {

inline constexpr double kDefaultDroppedLimit = 0.01;

// All that the verdict depends on.
struct Findings {
  std::optional<std::string> interrupted;  // by a person: why
  std::vector<std::string> invalid;        // why what was measured is not the whole run
  std::optional<std::string> aborted;      // by a threshold: why
  std::vector<std::string> teardown;       // what went wrong after the load
  std::vector<ThresholdOutcome> thresholds;
  std::vector<AgentResult> agents;
  double coverage = 1;           // share of what was measured that is known
  bool users_stay_away = false;  // those of lost agents did not start again elsewhere
  uint64_t samples = 0;          // of anything, of all agents
  double iterations = 0;         // started: completed and interrupted
  double dropped = 0;            // due, but not started
  double dropped_limit = kDefaultDroppedLimit;  // share of those due
  ErrorTable::ScriptErrors script_errors;
  uint64_t folded_samples = 0;  // in `other` series, there and here
  std::string plan_file;
  bool strict = false;
};

struct Decision {
  Verdict verdict = Verdict::kInvalid;
  ExitCode exit_code = ExitCode::kInternal;
  std::vector<std::string> reasons;
  bool unreliable = false;
  std::vector<std::string> unreliable_reasons;
};

// Pure. In this order: a person's interrupt is ABORTED, also when agents were lost by it; an
// incomplete measurement is INVALID, also when its thresholds failed; a threshold that failed or
// had no data is FAIL. Under `strict` an unreliable result exits with 113, passed or failed.
Decision Decide(const Findings& findings);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_VERDICT_H_
