#include "common/stats/delta.h"

#include <string>

namespace rampart {

absl::Status DeltaReader::Check(const v1::Delta& delta) const {
  const size_t known = by_number_.size();
  size_t named = known;
  for (const v1::SeriesName& name : delta.names()) {
    if (name.id() != named || named >= kMaxNames) {
      return absl::InvalidArgumentError("series " + name.metric() + " has a number out of turn");
    }
    ++named;
  }
  for (const v1::SeriesDelta& series : delta.series()) {
    const uint32_t number = series.series();
    if (number >= named) {
      return absl::InvalidArgumentError("series number " + std::to_string(number) + " has no name");
    }
    const v1::MetricKind kind = number < known
                                    ? by_number_[number]->metric.kind
                                    : delta.names(static_cast<int>(number - known)).kind();
    if (absl::Status status = SeriesValue::Check(kind, series); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> DeltaReader::Read(const v1::Delta& delta) {
  if (delta.sequence() <= applied_) {
    ++duplicates_;
    return false;
  }
  if (delta.sequence() != applied_ + 1) {
    return absl::FailedPreconditionError("delta " + std::to_string(delta.sequence()) +
                                         " came where " + std::to_string(applied_ + 1) +
                                         " is next: what lies between is missing");
  }
  if (absl::Status status = Check(delta); !status.ok()) return status;
  for (const v1::SeriesName& name : delta.names()) by_number_.push_back(names_->Find(name));
  applied_ = delta.sequence();
  return true;
}

absl::Status DeltaReader::Apply(const v1::Delta& delta, SeriesStore* store) {
  const absl::StatusOr<bool> read = Read(delta);
  if (!read.ok()) return read.status();
  if (!*read) return absl::OkStatus();
  for (const v1::SeriesDelta& series : delta.series()) {
    const SeriesNames::Name& name = NameOf(series);
    SeriesValue& into = store->Get(name.metric, name.tags).value;
    // Another agent may have named a metric of another kind alike.
    if (into.kind == name.metric.kind) into.Add(series);
  }
  return absl::OkStatus();
}

}  // namespace rampart
