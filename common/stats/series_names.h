// SeriesNames: what the series of all agents are called, each name once.
#ifndef RAMPART_COMMON_STATS_SERIES_NAMES_H_
#define RAMPART_COMMON_STATS_SERIES_NAMES_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>

#include "common/stats/metric.h"
#include "rampart/v1/stats.pb.h"

namespace rampart {

// Agents of one plan name the same series, so a thousand readers share what would be a thousand
// copies. Owned by whoever reads the agents' deltas, used by one thread; only ever grows, with
// DeltaReader::kMaxNames names an agent at most.
class SeriesNames {
 public:
  struct Name {
    size_t number = 0;  // from 0, in the order in which they came
    MetricInfo metric;
    Tags tags;
  };

  // Holds as long as this.
  const Name* Find(const v1::SeriesName& name);
  size_t size() const { return names_.size(); }

 private:
  std::deque<Name> names_;
  std::unordered_map<std::string, const Name*> by_bytes_;
  std::string bytes_;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_STATS_SERIES_NAMES_H_
