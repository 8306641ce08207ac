#include "controller/run/threshold_table.h"

#include <utility>

#include "common/load/nanoseconds.h"
#include "controller/run/number_text.h"

namespace rampart::controller {
std::string UnitOf(const MetricInfo& metric, const Condition& condition) {
  switch (condition.aggregate) {
    case Aggregate::kRate:
      return metric.kind == v1::COUNTER ? metric.unit + "/s" : "";
    case Aggregate::kCount:
      return metric.kind == v1::COUNTER ? metric.unit : "";
    default:
      return metric.unit;
  }
}

ThresholdTable::ThresholdTable(const v1::Plan& plan, const MetricCatalog& catalog, RunStats* stats)
    : stats_(*stats) {
  for (const v1::Threshold& threshold : plan.thresholds()) {
    const auto selector = Selector::Parse(threshold.metric());
    const MetricInfo* metric = selector.ok() ? catalog.Find(selector->metric) : nullptr;
    for (const v1::Threshold::Condition& written : threshold.conditions()) {
      Row row;
      row.outcome.metric = threshold.metric();
      row.outcome.expression = written.expression();
      row.outcome.at = written.at();
      row.abort_on_fail = written.abort_on_fail();
      row.delay_ns = Ns(written.delay_abort_eval());
      if (metric != nullptr) {
        row.watch = stats->Watch(*selector);
        auto condition = Condition::Parse(written.expression(), metric->kind);
        if (condition.ok()) {
          row.outcome.unit = UnitOf(*metric, *condition);
          row.needs_time = metric->kind == v1::COUNTER && condition->aggregate == Aggregate::kRate;
          row.condition = *condition;
        }
      }
      rows_.push_back(std::move(row));
    }
  }
}

ThresholdOutcome ThresholdTable::Look(const Row& row, double elapsed_s) const {
  ThresholdOutcome outcome = row.outcome;
  if (!row.condition || (row.needs_time && elapsed_s <= 0)) return outcome;
  const SeriesValue& value = stats_.Watched(row.watch);
  if (value.empty()) return outcome;
  outcome.observed = Observe(*row.condition, value, elapsed_s);
  outcome.outcome = Holds(*row.condition, outcome.observed) ? Outcome::kPass : Outcome::kFail;
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

std::vector<ThresholdOutcome> ThresholdTable::Outcomes(double elapsed_s) const {
  std::vector<ThresholdOutcome> outcomes;
  outcomes.reserve(rows_.size());
  for (size_t i = 0; i < rows_.size(); ++i) {
    ThresholdOutcome outcome = Look(rows_[i], elapsed_s);
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
  const char* space = outcome.unit.empty() || outcome.unit[0] == '/' ? "" : " ";
  return name + (outcome.outcome == Outcome::kFail ? " failed with " : " held with ") +
         NumberText(outcome.observed) + space + outcome.unit;
}

}  // namespace rampart::controller
