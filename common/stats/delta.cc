#include "common/stats/delta.h"

#include <string>
#include <unordered_map>
#include <utility>

namespace rampart {

absl::Status DeltaReader::Apply(const v1::Delta& delta, SeriesStore* store) {
  if (delta.sequence() <= applied_) {
    ++duplicates_;
    return absl::OkStatus();
  }
  if (delta.sequence() != applied_ + 1) {
    return absl::FailedPreconditionError("delta " + std::to_string(delta.sequence()) +
                                         " came where " + std::to_string(applied_ + 1) +
                                         " is next: what lies between is missing");
  }
  std::vector<Name> named = names_;
  for (const v1::SeriesName& name : delta.names()) {
    if (name.id() != named.size() || named.size() >= kMaxNames) {
      return absl::InvalidArgumentError("series " + name.metric() + " has a number out of turn");
    }
    Name read{{name.metric(), name.kind(), "", name.merge(), false, ""}, {}};
    for (const v1::Tag& tag : name.tags()) read.tags.emplace_back(tag.key(), tag.value());
    named.push_back(std::move(read));
  }
  // First into values of its own, so that a bad part leaves the store as it was.
  std::vector<std::pair<uint32_t, SeriesValue>> values;
  for (const v1::SeriesDelta& series : delta.series()) {
    if (series.series() >= named.size()) {
      return absl::InvalidArgumentError("series number " + std::to_string(series.series()) +
                                        " has no name");
    }
    const Name& name = named[series.series()];
    SeriesValue value;
    value.kind = name.metric.kind;
    value.gauge_merge = name.metric.merge;
    if (absl::Status status = value.Apply(series); !status.ok()) return status;
    values.emplace_back(series.series(), std::move(value));
  }
  names_ = std::move(named);
  for (auto& [number, value] : values) {
    const Name& name = names_[number];
    SeriesValue& into = store->Get(name.metric, name.tags).value;
    if (into.kind != value.kind) continue;  // another agent named a metric of another kind alike
    if (value.kind == v1::GAUGE) {
      into.gauge = value.gauge;
    } else {
      into.Merge(value);
    }
  }
  applied_ = delta.sequence();
  return absl::OkStatus();
}

}  // namespace rampart
