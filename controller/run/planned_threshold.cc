#include "controller/run/planned_threshold.h"

#include <string>
#include <utility>

namespace rampart::controller {
namespace {

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

}  // namespace

std::vector<PlannedThreshold> PlannedThresholds(const v1::Plan& plan,
                                                const MetricCatalog& catalog) {
  std::vector<PlannedThreshold> all;
  for (const v1::Threshold& threshold : plan.thresholds()) {
    const absl::StatusOr<Selector> selector = Selector::Parse(threshold.metric());
    const MetricInfo* metric = selector.ok() ? catalog.Find(selector->metric) : nullptr;
    for (const v1::Threshold::Condition& written : threshold.conditions()) {
      PlannedThreshold& one = all.emplace_back();
      one.outcome.metric = threshold.metric();
      one.outcome.expression = written.expression();
      one.outcome.at = written.at();
      one.written = written;
      if (metric == nullptr) continue;
      one.selector = *selector;
      one.kind = metric->kind;
      const absl::StatusOr<Condition> condition =
          Condition::Parse(written.expression(), metric->kind);
      if (!condition.ok()) continue;
      one.condition = *condition;
      one.outcome.unit = UnitOf(*metric, *condition);
    }
  }
  return all;
}

}  // namespace rampart::controller
