// The metrics there are: the built-in ones with k6's names and meaning, and a plan's own.
#ifndef RAMPART_COMMON_STATS_METRIC_H_
#define RAMPART_COMMON_STATS_METRIC_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rampart/v1/plan.pb.h"

namespace rampart {

struct MetricInfo {
  std::string name;
  v1::MetricKind kind = v1::TREND;
  std::string unit;  // "ms", "bytes", or empty for plain numbers
  v1::GaugeMerge merge = v1::LAST;
  bool built_in = false;
  std::string doc;
};

const std::vector<MetricInfo>& BuiltInMetrics();

class MetricCatalog {
 public:
  explicit MetricCatalog(const v1::Plan& plan);

  // Null when there is none with this name.
  const MetricInfo* Find(std::string_view name) const;
  // Built-in first, then the plan's in its order.
  const std::vector<MetricInfo>& all() const { return all_; }

 private:
  std::vector<MetricInfo> all_;
};

// Sorted by key, each key once.
using Tags = std::vector<std::pair<std::string, std::string>>;

// `name{a:b,c:d}`, or the name alone without tags.
std::string FormatSeries(std::string_view metric, const Tags& tags);

}  // namespace rampart

#endif  // RAMPART_COMMON_STATS_METRIC_H_
