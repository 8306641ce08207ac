// ThresholdTable: a plan's thresholds, and how they stand on what was merged.
#ifndef RAMPART_CONTROLLER_RUN_THRESHOLD_TABLE_H_
#define RAMPART_CONTROLLER_RUN_THRESHOLD_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/stats/metric.h"
#include "common/stats/threshold.h"
#include "controller/run/merge/run_stats.h"
#include "controller/run/result.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

// Owned by a Run, used by its thread. Conditions are parsed once; the series that a selector
// matches are a watch of RunStats, so that judging merges nothing. A selector or condition that
// does not parse has no data for ever: a plan that was validated has none.
class ThresholdTable {
 public:
  // Adds its watches to `stats`, which must outlive this.
  ThresholdTable(const v1::Plan& plan, const MetricCatalog& catalog, RunStats* stats);

  // The words why the run must be aborted, once: when a condition with abort_on_fail fails and
  // `now_ns` has reached its delay. Never before the start, never for want of data.
  std::optional<std::string> Judge(int64_t now_ns);

  // One a condition, in the plan's order. A counter's rate is over `elapsed_s` and has no data
  // before there is such a time. A condition that aborted the run stays failed.
  // `missing` times as much as is known may have been measured besides.
  std::vector<ThresholdOutcome> Outcomes(double elapsed_s, double missing = 0) const;

  // What Judge once said.
  const std::optional<std::string>& abort_reason() const { return abort_reason_; }

 private:
  struct Row {
    ThresholdOutcome outcome;  // without a value
    std::optional<Condition> condition;
    int watch = 0;
    bool needs_time = false;  // a counter's rate
    bool abort_on_fail = false;
    int64_t delay_ns = 0;
  };

  ThresholdOutcome Look(const Row& row, double elapsed_s, double missing = 0) const;

  const RunStats& stats_;
  std::vector<Row> rows_;
  std::optional<std::string> abort_reason_;
  size_t aborting_row_ = 0;
  ThresholdOutcome at_abort_;  // of that row
};

// `http_req_duration: p(95)<200 failed with 312.4 ms`. Pure.
std::string ThresholdWords(const ThresholdOutcome& outcome);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_THRESHOLD_TABLE_H_
