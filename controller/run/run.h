// Run: what one run's agents measured, merged and judged.
#ifndef RAMPART_CONTROLLER_RUN_RUN_H_
#define RAMPART_CONTROLLER_RUN_RUN_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/plan/secrets.h"
#include "common/stats/metric.h"
#include "controller/run/coverage.h"
#include "controller/run/merge/agent_health.h"
#include "controller/run/merge/error_table.h"
#include "controller/run/merge/recent_rates.h"
#include "controller/run/merge/run_stats.h"
#include "controller/run/merge/timeline.h"
#include "controller/run/result.h"
#include "controller/run/run_schedule.h"
#include "controller/run/threshold_table.h"
#include "rampart/v1/plan.pb.h"
#include "rampart/v1/stats.pb.h"

namespace rampart::controller {

struct RunOptions {
  bool strict = false;           // an unreliable result exits with 113
  bool users_stay_away = false;  // those of lost agents do not start again elsewhere
  // Beside the plan's secret params.
  google::protobuf::RepeatedPtrField<v1::Secret> secrets = {};
};

// Owned by whoever runs the fleet, used by one thread. No clock, no I/O: times come in, in
// nanoseconds on the run's clock (0 is the agreed start, setup is before it). What comes out does
// not depend on how the deltas of different agents were interleaved.
//
// Costs, release build: a delta of 200 series, 140 of them trends of 116 buckets each, takes under
// 0.3 ms with its parsing. Judge and Progress merge nothing but watched gauges: a few percentiles
// of running histograms, words, and for Progress a line an agent. Finish copies what there is.
// Memory is bounded: see RunStats, Timeline and ErrorTable.
class Run {
 public:
  static constexpr int kMaxAgents = 4'096;
  static constexpr size_t kMaxReasons = 50;  // of a kind; more are counted

  // `plan` is resolved and valid.
  Run(v1::Plan plan, RunOptions options);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // What is known of agent `index`, from 0, before it measures: name, pid, host, share of the
  // users. Again when more is known. An index that is not below kMaxAgents makes the run INVALID.
  void SetAgent(int index, AgentResult known);
  // For people: `joined`, `running`, `drained`. A lost agent stays `lost`.
  void SetAgentState(int index, std::string state);
  // What the agent measured before stays in the result; what it may have measured since its last
  // delta and before `out_ns` of the run's clock counts as missing.
  void LoseAgent(int index, std::string why, int64_t out_ns);
  // It was not lost after all: all that it measured comes.
  void ReturnAgent(int index);

  // Each (agent, sequence) once; a sequence that was applied before is dropped and counted. Fails
  // with nothing changed but the verdict: a delta that contradicts itself or the plan
  // (InvalidArgument) makes the run INVALID, one that leaves a gap (FailedPrecondition) does
  // unless what is missing comes before Finish.
  absl::Status Apply(int agent, const v1::Delta& delta);

  // `joining`, `setup`, `running`, `draining`, `teardown`, `done`.
  void SetPhase(std::string phase) { phase_ = std::move(phase); }
  // A scenario that starts after another does so at `start_ns` of the run's clock.
  void ScenarioBegins(std::string_view scenario, int64_t start_ns) {
    schedule_.Begins(scenario, start_ns);
  }

  // At `at_ns` of the run's clock: see RunSchedule.
  void ChangeLoad(const v1::ChangeLoad& change, int64_t at_ns, std::string what);
  absl::StatusOr<v1::ScenarioLoad> Scaled(const v1::ControlRequest::Scale& scale,
                                          int64_t at_ns) const {
    return schedule_.Scaled(scale, at_ns);
  }

  // The words why the run must be aborted, once: a condition with abort_on_fail fails and its
  // delay_abort_eval has passed.
  std::optional<std::string> Judge(int64_t now_ns) { return thresholds_.Judge(now_ns); }

  RunProgress Progress(int64_t now_ns) const;

  // The result is INVALID: setup failed, agents are missing.
  void Fail(std::string why);
  // The result is ABORTED: by a person. The first one counts.
  void Interrupt(std::string why);
  // Said among the reasons; changes no verdict.
  void TeardownFailed(std::string why);
  void AddTargetCount(TargetCount count);

  struct Times {
    int64_t started_unix_ns = 0;
    double setup_seconds = 0;
    double run_seconds = 0;  // counters' rates are over it
    double teardown_seconds = 0;
    double start_skew_ms = 0;
  };
  // Everything decided. Copies what was merged, so it may be called before the end as well. The
  // caller adds rampart_version.
  RunResult Finish(const Times& times) const;

 private:
  struct Agent {
    AgentResult known;
    AgentHealth health;
    RecentRates rates;
    bool refused = false;        // one of its deltas
    uint64_t last_sequence = 0;  // that came, applied or not
    int64_t measured_to_ns = 0;  // of the run's clock: its last delta's end
    double most_samples_per_s = 0;
  };
  // Bounded texts.
  struct Reasons {
    void Add(std::string why);
    std::vector<std::string> All() const;

    std::vector<std::string> kept;
    uint64_t more = 0;
  };

  Agent* Known(int index);
  double MostSamplesPerSecond() const;  // of any agent
  std::vector<AgentResult> Agents() const;
  std::vector<std::string> WhyInvalid() const;

  const v1::Plan plan_;
  const RunOptions options_;
  const Secrets secrets_;
  const MetricCatalog catalog_;
  RunSchedule schedule_;
  RunStats stats_;
  ThresholdTable thresholds_;
  // Watches of stats_ for the live view and for the verdict.
  const int http_req_duration_;
  const int iterations_;
  const int dropped_iterations_;
  Timeline timeline_;
  ErrorTable errors_;
  std::deque<Agent> agents_;  // by index
  std::string phase_;
  Reasons invalid_;
  Reasons teardown_;
  std::optional<std::string> interrupted_;
  std::vector<TargetCount> target_counts_;
  Coverage coverage_;
  std::vector<LoadChangeNote> changes_;
  uint64_t samples_ = 0;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_RUN_H_
