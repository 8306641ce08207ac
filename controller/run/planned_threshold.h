// PlannedThreshold: one condition of a plan's thresholds, read.
#ifndef RAMPART_CONTROLLER_RUN_PLANNED_THRESHOLD_H_
#define RAMPART_CONTROLLER_RUN_PLANNED_THRESHOLD_H_

#include <optional>
#include <vector>

#include "common/stats/metric.h"
#include "common/stats/threshold.h"
#include "controller/run/result.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

struct PlannedThreshold {
  ThresholdOutcome outcome;  // without a value
  v1::Threshold::Condition written;
  // Nothing in a plan with faults: no such metric, no condition.
  std::optional<Selector> selector;
  std::optional<Condition> condition;
  v1::MetricKind kind = v1::METRIC_KIND_UNSPECIFIED;
};

// One a condition, in the plan's order. Pure.
std::vector<PlannedThreshold> PlannedThresholds(const v1::Plan& plan, const MetricCatalog& catalog);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_PLANNED_THRESHOLD_H_
