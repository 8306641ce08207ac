// CheckDelta: what DeltaReader cannot know to be wrong with a delta, because it knows no plan.
#ifndef RAMPART_CONTROLLER_RUN_MERGE_DELTA_CHECK_H_
#define RAMPART_CONTROLLER_RUN_MERGE_DELTA_CHECK_H_

#include <cstdint>

#include "absl/status/status.h"
#include "common/stats/metric.h"
#include "rampart/v1/stats.pb.h"

namespace rampart::controller {

// A run has at most 7 days; its setup and teardown are given one more.
inline constexpr int64_t kMaxClockNs = 8ll * 86'400 * 1'000'000'000;

// Fails for metrics that the run does not have or that are of another kind, for tags out of order,
// for times, gauges, rates, errors and health that nobody can have measured. Pure.
absl::Status CheckDelta(const v1::Delta& delta, const MetricCatalog& catalog);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_MERGE_DELTA_CHECK_H_
