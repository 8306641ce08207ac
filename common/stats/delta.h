// DeltaReader: one agent's deltas into a store, each exactly once.
#ifndef RAMPART_COMMON_STATS_DELTA_H_
#define RAMPART_COMMON_STATS_DELTA_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "common/stats/metric.h"
#include "common/stats/series.h"
#include "rampart/v1/stats.pb.h"

namespace rampart {

// Of one session (incarnation) of one agent. Gauges of several agents are merged by the store's
// reader: each agent has a store of its own for them, see RunStats.
class DeltaReader {
 public:
  static constexpr size_t kMaxNames = 100'000;

  // Adds `delta` to `store`. A sequence that was applied before is dropped and counted; a gap and a
  // delta that contradicts itself are refused, with nothing applied.
  absl::Status Apply(const v1::Delta& delta, SeriesStore* store);

  uint64_t applied() const { return applied_; }
  uint64_t duplicates() const { return duplicates_; }

 private:
  struct Name {
    MetricInfo metric;
    Tags tags;
  };
  std::vector<Name> names_;  // by number
  uint64_t applied_ = 0;     // the last sequence
  uint64_t duplicates_ = 0;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_STATS_DELTA_H_
