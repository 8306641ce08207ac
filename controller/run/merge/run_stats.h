// RunStats: every agent's deltas as one set of series.
#ifndef RAMPART_CONTROLLER_RUN_MERGE_RUN_STATS_H_
#define RAMPART_CONTROLLER_RUN_MERGE_RUN_STATS_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "common/stats/delta.h"
#include "common/stats/metric.h"
#include "common/stats/series.h"
#include "common/stats/threshold.h"
#include "controller/run/merge/delta_sums.h"
#include "rampart/v1/stats.pb.h"

namespace rampart::controller {

// Owned by a Run, used by its thread.
//
// Counters, rates and trends of all agents are added into one store. A gauge is a value that an
// agent holds, not an increment: each agent's last one is kept apart, and they are merged, in the
// order of the agents, when they are read. So the result does not depend on the order in which
// agents' deltas come.
//
// A watch is a running merge of the series that a selector matches: what is shown live and what
// thresholds judge costs one more merge when a delta comes, and nothing when it is read.
//
// Memory: SeriesStore::kMaxSeries series; what is folded over that is counted.
class RunStats {
 public:
  // `catalog` must outlive this.
  explicit RunStats(const MetricCatalog& catalog);

  // The number of a watch; the same one for the same selector. Before the first delta.
  int Watch(const Selector& selector);
  // What was measured so far; empty() without a sample.
  const SeriesValue& Watched(int watch) const { return watches_[static_cast<size_t>(watch)].value; }

  // Each (agent, sequence) once: nothing for a sequence that was applied before. Fails, with
  // nothing changed, when the delta leaves a gap (FailedPrecondition) or contradicts itself or the
  // plan (InvalidArgument). `agent` from 0.
  absl::StatusOr<std::optional<DeltaSums>> Apply(int agent, const v1::Delta& delta);

  // What the agent holds now of a gauge, over all its tags.
  double Held(int agent, std::string_view gauge) const;
  // The last sequence that was applied.
  uint64_t Applied(int agent) const;
  uint64_t Duplicates(int agent) const;
  // Samples that went to an `other` series here, because there were too many series.
  uint64_t folded_samples() const { return folded_samples_; }

  // All series, gauges merged, sorted by name and tags. Copies everything: for the end of a run.
  SeriesStore Series() const;

 private:
  struct Agent {
    DeltaReader reader;
    SeriesStore gauges;
  };
  struct WatchEntry {
    Selector selector;
    SeriesValue value;
    bool stale = false;  // a gauge that it merges was set
  };

  void Take(Agent* agent, const SeriesStore::Series& read);
  void MergeGauges(WatchEntry* watch) const;

  const MetricCatalog& catalog_;
  std::unordered_map<std::string, const MetricInfo*> metrics_;  // of the catalog, by name
  std::deque<Agent> agents_;
  SeriesStore merged_;  // of gauges only their names
  std::unordered_map<const SeriesStore::Series*, std::vector<int>> watched_by_;
  std::deque<WatchEntry> watches_;
  uint64_t folded_samples_ = 0;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_MERGE_RUN_STATS_H_
