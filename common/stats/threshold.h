// Thresholds: what a condition on a metric says and whether it holds.
#ifndef RAMPART_COMMON_STATS_THRESHOLD_H_
#define RAMPART_COMMON_STATS_THRESHOLD_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/stats/metric.h"
#include "common/stats/series.h"

namespace rampart {

// `http_req_duration{name:send,status:200}`.
struct Selector {
  std::string metric;
  Tags tags;

  static absl::StatusOr<Selector> Parse(std::string_view text);
};

enum class Aggregate { kAverage, kMin, kMax, kMedian, kPercentile, kCount, kRate, kValue };
enum class Comparison { kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kEqual, kNotEqual };
enum class Outcome { kPass, kFail, kNoData };

// `p(95)<200`.
struct Condition {
  Aggregate aggregate = Aggregate::kAverage;
  double percentile = 0;  // of kPercentile
  Comparison comparison = Comparison::kLess;
  double limit = 0;

  // Fails when the text is no condition or a metric of this kind has no such aggregate.
  static absl::StatusOr<Condition> Parse(std::string_view text, v1::MetricKind kind);
};

// Trends: avg, min, max, med, p(N), count. Counters: count, rate (a second). Rates: rate (the share
// of trues). Gauges: value, min, max.
double Observe(const Condition& condition, const SeriesValue& value, double elapsed_seconds);
bool Holds(const Condition& condition, double observed);

}  // namespace rampart

#endif  // RAMPART_COMMON_STATS_THRESHOLD_H_
