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
// kUnknown: with what is missing it may be either.
enum class Outcome { kPass, kFail, kNoData, kUnknown };

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

// What would be observed if nothing was missing lies between these two.
struct Bounds {
  double low = 0;
  double high = 0;
};
// When up to `missing` times as much as is known was measured besides. Where that says nothing (a
// mean, a gauge), what is observed.
Bounds ObserveWithin(const Condition& condition, const SeriesValue& value, double elapsed_seconds,
                     double missing);
// kPass or kFail where all between the bounds agrees, else kUnknown.
Outcome Judge(const Condition& condition, const Bounds& bounds);

}  // namespace rampart

#endif  // RAMPART_COMMON_STATS_THRESHOLD_H_
