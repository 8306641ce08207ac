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

// Nothing was measured: a series is none before it has a value.
bool IsEmpty(const v1::SeriesDelta& series) {
  return (series.has_trend() && series.trend().count() == 0) ||
         (series.has_rate() && series.rate().total() == 0);
}

uint64_t SamplesOf(const v1::SeriesDelta& series) {
  return series.has_trend()  ? series.trend().count()
         : series.has_rate() ? series.rate().total()
                             : 1;
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
  while (agents_.size() <= static_cast<size_t>(number)) agents_.emplace_back(names_);
  Agent& agent = agents_[static_cast<size_t>(number)];
  if (delta.sequence() > agent.reader.applied()) {
    if (absl::Status status = CheckDelta(delta, catalog_); !status.ok()) return status;
  }
  const absl::StatusOr<bool> read = agent.reader.Read(delta);
  if (!read.ok()) return read.status();
  if (!*read) return std::nullopt;

  DeltaSums sums;
  sums.from_ns = delta.from_ns();
  sums.to_ns = delta.to_ns();
  for (const v1::SeriesDelta& series : delta.series()) {
    if (!IsEmpty(series)) Take(&agent, series, &sums);
  }
  for (const v1::ErrorCount& error : delta.errors()) {
    sums.errors += static_cast<double>(error.count());
  }
  return sums;
}

RunStats::Target& RunStats::TargetOf(const SeriesNames::Name& name) {
  if (targets_.size() <= name.number) targets_.resize(names_->size());
  Target& target = targets_[name.number];
  if (target.metric != nullptr) return target;
  target.metric = metrics_.find(name.metric.name)->second;  // CheckDelta has seen it
  target.part = PartOf(name.metric.name);
  SeriesStore::Series& series = all_.Get(*target.metric, name.tags);
  target.folded = series.tags != name.tags;
  target.into = &merged_[&series];
  if (target.into->series == nullptr) {
    target.into->series = &series;
    Match(target.into);
  }
  return target;
}

void RunStats::Match(Merged* merged) {
  for (size_t i = 0; i < watches_.size(); ++i) {
    WatchEntry& watch = watches_[i];
    if (!Matches(watch.selector, *merged->series)) continue;
    merged->watches.push_back(static_cast<int>(i));
    if (merged->series->value.kind == v1::GAUGE || watch.several) continue;
    if (watch.only == nullptr) {
      watch.only = merged->series;
    } else {
      watch.several = true;
      watch.value.Merge(watch.only->value);
    }
  }
}

void RunStats::Take(Agent* agent, const v1::SeriesDelta& series, DeltaSums* sums) {
  const Target& target = TargetOf(agent->reader.NameOf(series));
  AddTo(sums, target.part, series);
  if (target.folded) folded_samples_ += SamplesOf(series);
  if (series.has_gauge()) {
    agent->gauges.Get(*target.metric, target.into->series->tags).value.Add(series);
    for (const int watch : target.into->watches) watches_[static_cast<size_t>(watch)].stale = true;
    return;
  }
  target.into->series->value.Add(series);
  for (const int number : target.into->watches) {
    WatchEntry& watch = watches_[static_cast<size_t>(number)];
    if (watch.several) watch.value.Add(series);
  }
}

const SeriesValue& RunStats::Watched(int number) const {
  const WatchEntry& watch = watches_[static_cast<size_t>(number)];
  if (watch.stale) MergeGauges(watch);
  return watch.only != nullptr && !watch.several ? watch.only->value : watch.value;
}

void RunStats::MergeGauges(const WatchEntry& watch) const {
  watch.stale = false;
  watch.value.Clear();
  for (const Agent& agent : agents_) {
    const auto held = agent.gauges.Aggregate(watch.selector.metric, watch.selector.tags);
    if (held) watch.value.Merge(*held);
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
  for (const auto& series : all_.all()) sorted.push_back(series.get());
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
