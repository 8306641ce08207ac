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
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/stats/delta.h"
#include "common/stats/metric.h"
#include "common/stats/series.h"
#include "common/stats/series_names.h"
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
// A watch is what a selector matches: the one series itself, or a running merge of several, so that
// what is shown live and what thresholds judge costs nothing, or one more merge, when a delta
// comes. Watched gauges are merged when they are read.
//
// Memory: SeriesStore::kMaxSeries series, whose names all agents share, and an agent's gauges; what
// is folded over that is counted. Nothing of it grows with time.
class RunStats {
 public:
  // `catalog` must outlive this.
  explicit RunStats(const MetricCatalog& catalog);

  // The number of a watch; the same one for the same selector. Before the first delta.
  int Watch(const Selector& selector);
  // What was measured so far; empty() without a sample. Holds until the next delta.
  const SeriesValue& Watched(int watch) const;

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
    explicit Agent(std::shared_ptr<SeriesNames> names) : reader(std::move(names)) {}

    DeltaReader reader;
    SeriesStore gauges;
  };
  struct WatchEntry {
    Selector selector;
    const SeriesStore::Series* only = nullptr;  // the one that matches, while it is one
    bool several = false;
    mutable SeriesValue value;   // of several series, and of gauges
    mutable bool stale = false;  // a gauge that it merges was set
  };
  struct Merged {
    SeriesStore::Series* series = nullptr;
    std::vector<int> watches;  // that match
  };
  // What becomes of a name's values.
  struct Target {
    const MetricInfo* metric = nullptr;  // null: nothing has come yet
    Merged* into = nullptr;
    Part part = Part::kNone;
    bool folded = false;  // into an `other` series
  };

  Target& TargetOf(const SeriesNames::Name& name);
  void Match(Merged* merged);
  void Take(Agent* agent, const v1::SeriesDelta& series, DeltaSums* sums);
  void MergeGauges(const WatchEntry& watch) const;

  const MetricCatalog& catalog_;
  std::unordered_map<std::string, const MetricInfo*> metrics_;  // of the catalog, by name
  const std::shared_ptr<SeriesNames> names_ = std::make_shared<SeriesNames>();
  std::deque<Agent> agents_;
  SeriesStore all_;  // of gauges only their names
  std::unordered_map<const SeriesStore::Series*, Merged> merged_;
  std::vector<Target> targets_;  // by the number of the name
  std::deque<WatchEntry> watches_;
  uint64_t folded_samples_ = 0;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_MERGE_RUN_STATS_H_
