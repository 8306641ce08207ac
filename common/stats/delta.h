// DeltaReader: one agent's deltas, each exactly once.
#ifndef RAMPART_COMMON_STATS_DELTA_H_
#define RAMPART_COMMON_STATS_DELTA_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/stats/series.h"
#include "common/stats/series_names.h"
#include "rampart/v1/stats.pb.h"

namespace rampart {

// Of one session (incarnation) of one agent. Gauges of several agents are merged by the store's
// reader: each agent has a store of its own for them, see RunStats.
class DeltaReader {
 public:
  static constexpr size_t kMaxNames = 100'000;

  // Readers of agents of one run share the names.
  explicit DeltaReader(std::shared_ptr<SeriesNames> names = std::make_shared<SeriesNames>())
      : names_(std::move(names)) {}

  // Whether `delta` is to be added: then each of its values is right and has a name, see NameOf,
  // and counts as added. False for a sequence that was read before, which is counted. A gap and a
  // delta that contradicts itself are refused, with nothing changed.
  absl::StatusOr<bool> Read(const v1::Delta& delta);
  // Of a series of a delta that was read.
  const SeriesNames::Name& NameOf(const v1::SeriesDelta& series) const {
    return *by_number_[series.series()];
  }

  // Read, and then everything added to `store`. All or nothing.
  absl::Status Apply(const v1::Delta& delta, SeriesStore* store);

  uint64_t applied() const { return applied_; }
  uint64_t duplicates() const { return duplicates_; }

 private:
  absl::Status Check(const v1::Delta& delta) const;

  std::shared_ptr<SeriesNames> names_;
  std::vector<const SeriesNames::Name*> by_number_;  // as the agent counts
  uint64_t applied_ = 0;                             // the last sequence
  uint64_t duplicates_ = 0;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_STATS_DELTA_H_
