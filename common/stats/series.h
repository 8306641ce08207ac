// SeriesValue: what was measured of one metric with one set of tags. SeriesStore: all of them.
#ifndef RAMPART_COMMON_STATS_SERIES_H_
#define RAMPART_COMMON_STATS_SERIES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "common/stats/exact_sum.h"
#include "common/stats/histogram.h"
#include "common/stats/metric.h"
#include "rampart/v1/stats.pb.h"

namespace rampart {

struct Gauge {
  double value = 0;
  double min = 0;
  double max = 0;
  int64_t set_at_ns = INT64_MIN;  // INT64_MIN: never set

  bool set() const { return set_at_ns != INT64_MIN; }
  void Set(double to, int64_t now_ns);
};

// Only the member of its kind is used.
struct SeriesValue {
  v1::MetricKind kind = v1::TREND;
  v1::GaugeMerge gauge_merge = v1::LAST;
  ExactSum counter;
  uint64_t trues = 0;
  uint64_t total = 0;  // of a rate; of a counter 1 when anything was ever added
  Gauge gauge;
  Histogram trend;

  bool empty() const;
  // Adds what another part measured. Gauges: the later one (LAST) or the sum of both (SUM).
  void Merge(const SeriesValue& other);
  void Clear();

  void ToProto(v1::SeriesDelta* out) const;
  static absl::Status Check(v1::MetricKind kind, const v1::SeriesDelta& delta);
  // Adds a delta that Check found right for its kind; a gauge's delta replaces.
  void Add(const v1::SeriesDelta& delta);
};

class SeriesStore {
 public:
  static constexpr size_t kMaxSeries = 20'000;

  struct Series {
    std::string metric;
    Tags tags;
    SeriesValue value;
  };

  // The series, made when it is new. Past kMaxSeries new tag sets share one series a metric with
  // the tag `other: true`.
  Series& Get(const MetricInfo& metric, const Tags& tags);

  // In the order in which they were made.
  const std::vector<std::unique_ptr<Series>>& all() const { return all_; }

  // All series of the metric that have every tag of `filter`, merged; nothing when there are none.
  std::optional<SeriesValue> Aggregate(std::string_view metric, const Tags& filter = {}) const;

 private:
  std::vector<std::unique_ptr<Series>> all_;
  std::unordered_map<std::string, Series*> by_name_;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_STATS_SERIES_H_
