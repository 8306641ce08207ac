#include "controller/run/merge/run_stats.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "controller/run/merge/delta_check.h"

namespace rampart::controller {
namespace {

bool Matches(const Selector& selector, const SeriesStore::Series& series) {
  return series.metric == selector.metric &&
         std::all_of(selector.tags.begin(), selector.tags.end(), [&series](const auto& tag) {
           return std::find(series.tags.begin(), series.tags.end(), tag) != series.tags.end();
         });
}

uint64_t SamplesOf(const SeriesValue& value) {
  switch (value.kind) {
    case v1::TREND:
      return value.trend.count();
    case v1::RATE:
      return value.total;
    default:
      return 1;
  }
}

// What a store folds when it reads the delta alone: the series over its limit are the last ones.
uint64_t FoldedInReading(const v1::Delta& delta) {
  uint64_t samples = 0;
  for (int i = static_cast<int>(SeriesStore::kMaxSeries); i < delta.series_size(); ++i) {
    const v1::SeriesDelta& series = delta.series(i);
    samples += series.has_trend()  ? series.trend().count()
               : series.has_rate() ? series.rate().total()
                                   : 1;
  }
  return samples;
}

}  // namespace

RunStats::RunStats(const MetricCatalog& catalog) : catalog_(catalog) {
  for (const MetricInfo& metric : catalog.all()) metrics_.try_emplace(metric.name, &metric);
}

int RunStats::Watch(const Selector& selector) {
  for (size_t i = 0; i < watches_.size(); ++i) {
    const Selector& known = watches_[i].selector;
    if (known.metric == selector.metric && known.tags == selector.tags) return static_cast<int>(i);
  }
  WatchEntry& watch = watches_.emplace_back();
  watch.selector = selector;
  const auto metric = metrics_.find(selector.metric);
  if (metric != metrics_.end()) {
    watch.value.kind = metric->second->kind;
    watch.value.gauge_merge = metric->second->merge;
  }
  return static_cast<int>(watches_.size()) - 1;
}

absl::StatusOr<std::optional<DeltaSums>> RunStats::Apply(int number, const v1::Delta& delta) {
  if (agents_.size() <= static_cast<size_t>(number)) {
    agents_.resize(static_cast<size_t>(number) + 1);
  }
  Agent& agent = agents_[static_cast<size_t>(number)];
  if (delta.sequence() > agent.reader.applied()) {
    if (absl::Status status = CheckDelta(delta, catalog_); !status.ok()) return status;
  }
  // Into a store of its own, which is then added: this way it can be refused as a whole.
  SeriesStore read;
  const uint64_t applied = agent.reader.applied();
  if (absl::Status status = agent.reader.Apply(delta, &read); !status.ok()) return status;
  if (agent.reader.applied() == applied) return std::nullopt;

  folded_samples_ += FoldedInReading(delta);
  for (const auto& series : read.all()) {
    if (!series->value.empty()) Take(&agent, *series);
  }
  for (WatchEntry& watch : watches_) {
    if (watch.stale) MergeGauges(&watch);
  }
  return SumDelta(delta, read);
}

void RunStats::Take(Agent* agent, const SeriesStore::Series& read) {
  const MetricInfo& metric = *metrics_.find(read.metric)->second;  // CheckDelta has seen it
  const size_t known = merged_.all().size();
  SeriesStore::Series& into = merged_.Get(metric, read.tags);
  std::vector<int>& watched_by = watched_by_[&into];
  if (merged_.all().size() != known) {
    for (size_t i = 0; i < watches_.size(); ++i) {
      if (Matches(watches_[i].selector, into)) watched_by.push_back(static_cast<int>(i));
    }
  }
  if (into.tags != read.tags) folded_samples_ += SamplesOf(read.value);
  if (metric.kind == v1::GAUGE) {
    agent->gauges.Get(metric, into.tags).value.gauge = read.value.gauge;
    for (const int watch : watched_by) watches_[static_cast<size_t>(watch)].stale = true;
    return;
  }
  into.value.Merge(read.value);
  for (const int watch : watched_by) watches_[static_cast<size_t>(watch)].value.Merge(read.value);
}

void RunStats::MergeGauges(WatchEntry* watch) const {
  watch->stale = false;
  watch->value.Clear();
  for (const Agent& agent : agents_) {
    const auto held = agent.gauges.Aggregate(watch->selector.metric, watch->selector.tags);
    if (held) watch->value.Merge(*held);
  }
}

double RunStats::Held(int number, std::string_view gauge) const {
  if (agents_.size() <= static_cast<size_t>(number)) return 0;
  double held = 0;
  for (const auto& series : agents_[static_cast<size_t>(number)].gauges.all()) {
    if (series->metric == gauge) held += series->value.gauge.value;
  }
  return held;
}

uint64_t RunStats::Applied(int number) const {
  const auto at = static_cast<size_t>(number);
  return at < agents_.size() ? agents_[at].reader.applied() : 0;
}

uint64_t RunStats::Duplicates(int number) const {
  const auto at = static_cast<size_t>(number);
  return at < agents_.size() ? agents_[at].reader.duplicates() : 0;
}

SeriesStore RunStats::Series() const {
  std::vector<const SeriesStore::Series*> sorted;
  for (const auto& series : merged_.all()) sorted.push_back(series.get());
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return std::tie(a->metric, a->tags) < std::tie(b->metric, b->tags);
  });
  SeriesStore all;
  for (const SeriesStore::Series* series : sorted) {
    all.Get(*metrics_.find(series->metric)->second, series->tags).value.Merge(series->value);
  }
  for (const Agent& agent : agents_) {
    for (const auto& gauge : agent.gauges.all()) {
      all.Get(*metrics_.find(gauge->metric)->second, gauge->tags).value.Merge(gauge->value);
    }
  }
  return all;
}

}  // namespace rampart::controller
