#include "controller/run/verdict.h"

#include "controller/run/coverage.h"
#include "controller/run/number_text.h"
#include "controller/run/threshold_table.h"

namespace rampart::controller {
namespace {

std::string Count(uint64_t n) { return NumberText(static_cast<double>(n)); }

std::vector<std::string> Doubts(const Findings& findings) {
  std::vector<std::string> doubts;
  const double due = findings.iterations + findings.dropped;
  if (findings.dropped > findings.dropped_limit * due) {
    doubts.push_back(
        NumberText(findings.dropped) + " of " + NumberText(due) + " due iterations were dropped (" +
        NumberText(findings.dropped / due * 100) + " %, the limit is " +
        NumberText(findings.dropped_limit * 100) +
        " %): the target got less load than planned, and of all that was due no percentile "
        "over p(" +
        NumberText(findings.iterations / due * 100) + ") is known");
  }
  for (const AgentResult& agent : findings.agents) {
    for (const std::string& why : agent.bottleneck) {
      doubts.push_back("agent " + agent.name + " was the bottleneck: " + why);
    }
  }
  if (findings.script_errors.count > 0) {
    const v1::Position& at = findings.script_errors.at;
    std::string place;
    if (at.line() != 0) {
      place = ", the first at " + findings.plan_file + ":" + std::to_string(at.line()) + ":" +
              std::to_string(at.column());
    }
    doubts.push_back("expressions in steps failed " + Count(findings.script_errors.count) +
                     (findings.script_errors.count == 1 ? " time" : " times") + place +
                     ": users did not do what the plan says");
  }
  if (findings.folded_samples > 0) {
    doubts.push_back(Count(findings.folded_samples) +
                     " samples are in `other` series, as there were too many series: what is "
                     "selected by tags may miss them");
  }
  return doubts;
}

std::vector<std::string> Losses(const Findings& findings) {
  std::vector<std::string> losses;
  for (const AgentResult& agent : findings.agents) {
    if (!agent.lost) continue;
    std::string words = "agent " + agent.name + " was lost: " + agent.why;
    if (agent.missing_samples > 0) {
      words += "; what it measured in its last " + NumberText(agent.missing_seconds) +
               " s is missing, up to " + NumberText(agent.missing_samples) + " samples";
    }
    losses.push_back(words + (findings.users_stay_away ? "; its users were missing from then on"
                                                       : "; its users went on with the others"));
  }
  return losses;
}

}  // namespace

Decision Decide(const Findings& findings) {
  Decision decision;
  std::vector<std::string> failed;
  std::vector<std::string> unknown;
  for (const ThresholdOutcome& threshold : findings.thresholds) {
    if (threshold.outcome == Outcome::kUnknown) {
      unknown.push_back(ThresholdWords(threshold));
    } else if (threshold.outcome != Outcome::kPass && !threshold.aborted_run) {
      failed.push_back(ThresholdWords(threshold));
    }
  }
  std::vector<std::string> invalid = findings.invalid;
  if (findings.coverage < kLeastCoverage) {
    invalid.push_back("of what was measured only " + NumberText(findings.coverage * 100) +
                      " % is known, less than " + NumberText(kLeastCoverage * 100) +
                      " %: agents were lost");
  }
  invalid.insert(invalid.end(), unknown.begin(), unknown.end());
  const bool silent = findings.samples == 0 && findings.iterations == 0;
  if (silent && invalid.empty() && !findings.interrupted) {
    invalid.push_back("no agent measured anything");
  }
  decision.unreliable_reasons = Doubts(findings);
  decision.unreliable = !decision.unreliable_reasons.empty();

  if (findings.interrupted) {
    decision.verdict = Verdict::kAborted;
    decision.exit_code = ExitCode::kInterrupted;
    decision.reasons.push_back(*findings.interrupted);
  } else if (!invalid.empty()) {
    decision.verdict = Verdict::kInvalid;
    decision.exit_code = ExitCode::kUnreliable;
  } else if (findings.aborted || !failed.empty()) {
    decision.verdict = Verdict::kFail;
    decision.exit_code = ExitCode::kThresholdsFailed;
  } else {
    decision.verdict = Verdict::kPass;
    decision.exit_code = ExitCode::kPass;
  }
  if (findings.strict && decision.unreliable && decision.verdict != Verdict::kAborted) {
    decision.exit_code = ExitCode::kUnreliable;
  }

  const auto add = [&decision](const std::vector<std::string>& reasons) {
    decision.reasons.insert(decision.reasons.end(), reasons.begin(), reasons.end());
  };
  add(invalid);
  if (findings.aborted) decision.reasons.push_back(*findings.aborted);
  add(failed);
  add(Losses(findings));
  add(findings.teardown);
  return decision;
}

}  // namespace rampart::controller
