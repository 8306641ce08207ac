#include "controller/run/threshold_table.h"

#include <utility>

#include "common/load/nanoseconds.h"
#include "controller/run/number_text.h"
#include "controller/run/planned_threshold.h"

namespace rampart::controller {

ThresholdTable::ThresholdTable(const v1::Plan& plan, const MetricCatalog& catalog, RunStats* stats)
    : stats_(*stats) {
  for (PlannedThreshold& planned : PlannedThresholds(plan, catalog)) {
    Row row;
    row.outcome = std::move(planned.outcome);
    row.condition = planned.condition;
    if (planned.selector) row.watch = stats->Watch(*planned.selector);
    row.needs_time = planned.condition && planned.kind == v1::COUNTER &&
                     planned.condition->aggregate == Aggregate::kRate;
    row.abort_on_fail = planned.written.abort_on_fail();
    row.delay_ns = Ns(planned.written.delay_abort_eval());
    rows_.push_back(std::move(row));
  }
}

ThresholdOutcome ThresholdTable::Look(const Row& row, double elapsed_s, double missing) const {
  ThresholdOutcome outcome = row.outcome;
  if (!row.condition || (row.needs_time && elapsed_s <= 0)) return outcome;
  const SeriesValue& value = stats_.Watched(row.watch);
  if (value.empty()) return outcome;
  outcome.observed = Observe(*row.condition, value, elapsed_s);
  const Bounds bounds = missing == 0 ? Bounds{outcome.observed, outcome.observed}
                                     : ObserveWithin(*row.condition, value, elapsed_s, missing);
  outcome.low = bounds.low;
  outcome.high = bounds.high;
  outcome.outcome = rampart::Judge(*row.condition, bounds);
  return outcome;
}

std::optional<std::string> ThresholdTable::Judge(int64_t now_ns) {
  if (abort_reason_ || now_ns <= 0) return std::nullopt;
  for (size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    if (!row.abort_on_fail || now_ns < row.delay_ns) continue;
    ThresholdOutcome outcome = Look(row, static_cast<double>(now_ns) / 1e9);
    if (outcome.outcome != Outcome::kFail) continue;
    outcome.aborted_run = true;
    abort_reason_ = ThresholdWords(outcome) + ", and says abort_on_fail";
    aborting_row_ = i;
    at_abort_ = std::move(outcome);
    return abort_reason_;
  }
  return std::nullopt;
}

std::vector<ThresholdOutcome> ThresholdTable::Outcomes(double elapsed_s, double missing) const {
  std::vector<ThresholdOutcome> outcomes;
  outcomes.reserve(rows_.size());
  for (size_t i = 0; i < rows_.size(); ++i) {
    ThresholdOutcome outcome = Look(rows_[i], elapsed_s, missing);
    if (abort_reason_ && i == aborting_row_) {
      // While the run drained it may have come to hold again: the run was ended because it did not.
      if (outcome.outcome != Outcome::kFail) outcome = at_abort_;
      outcome.aborted_run = true;
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

std::string ThresholdWords(const ThresholdOutcome& outcome) {
  const std::string name = outcome.metric + ": " + outcome.expression;
  if (outcome.outcome == Outcome::kNoData) return name + " had no data, and no data is not a pass";
  if (outcome.outcome == Outcome::kUnknown) {
    return name + " is not known: with what is missing it lies between " + NumberText(outcome.low) +
           " and " + NumberText(outcome.high);
  }
  const char* space = outcome.unit.empty() || outcome.unit[0] == '/' ? "" : " ";
  return name + (outcome.outcome == Outcome::kFail ? " failed with " : " held with ") +
         NumberText(outcome.observed) + space + outcome.unit;
}

}  // namespace rampart::controller
