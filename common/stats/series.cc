#include "common/stats/series.h"

#include <algorithm>

namespace rampart {

void Gauge::Set(double to, int64_t now_ns) {
  min = set() ? std::min(min, to) : to;
  max = set() ? std::max(max, to) : to;
  value = to;
  set_at_ns = now_ns;
}

bool SeriesValue::empty() const {
  switch (kind) {
    case v1::COUNTER:
    case v1::RATE:
      return total == 0;
    case v1::GAUGE:
      return !gauge.set();
    default:
      return trend.count() == 0;
  }
}

void SeriesValue::Merge(const SeriesValue& other) {
  counter.Merge(other.counter);
  trues += other.trues;
  total += other.total;
  trend.Merge(other.trend);
  if (!other.gauge.set()) return;
  if (!gauge.set()) {
    gauge = other.gauge;
  } else if (gauge_merge == v1::SUM) {
    gauge.value += other.gauge.value;
    gauge.min += other.gauge.min;
    gauge.max += other.gauge.max;
    gauge.set_at_ns = std::max(gauge.set_at_ns, other.gauge.set_at_ns);
  } else {
    const bool later = other.gauge.set_at_ns >= gauge.set_at_ns;
    gauge.min = std::min(gauge.min, other.gauge.min);
    gauge.max = std::max(gauge.max, other.gauge.max);
    if (later) {
      gauge.value = other.gauge.value;
      gauge.set_at_ns = other.gauge.set_at_ns;
    }
  }
}

void SeriesValue::Clear() {
  counter = {};
  trues = 0;
  total = 0;
  gauge = {};
  trend.Clear();
}

void SeriesValue::ToProto(v1::SeriesDelta* out) const {
  switch (kind) {
    case v1::COUNTER:
      counter.ToProto(out->mutable_counter());
      break;
    case v1::RATE:
      out->mutable_rate()->set_trues(trues);
      out->mutable_rate()->set_total(total);
      break;
    case v1::GAUGE:
      out->mutable_gauge()->set_value(gauge.value);
      out->mutable_gauge()->set_min(gauge.min);
      out->mutable_gauge()->set_max(gauge.max);
      out->mutable_gauge()->set_set_at_ns(gauge.set_at_ns);
      break;
    default:
      trend.ToProto(out->mutable_trend());
      break;
  }
}

absl::Status SeriesValue::Check(v1::MetricKind kind, const v1::SeriesDelta& delta) {
  const auto of_kind = [kind](v1::MetricKind said) {
    return said == kind ? absl::OkStatus()
                        : absl::InvalidArgumentError("a delta is not of its series' kind");
  };
  switch (delta.value_case()) {
    case v1::SeriesDelta::kCounter:
      return of_kind(v1::COUNTER);
    case v1::SeriesDelta::kRate:
      if (kind == v1::RATE && delta.rate().trues() > delta.rate().total()) {
        return absl::InvalidArgumentError("a rate has more trues than samples");
      }
      return of_kind(v1::RATE);
    case v1::SeriesDelta::kGauge:
      return of_kind(v1::GAUGE);
    case v1::SeriesDelta::kTrend:
      return kind == v1::TREND ? Histogram::Check(delta.trend()) : of_kind(v1::TREND);
    default:
      return absl::InvalidArgumentError("a delta without a value");
  }
}

void SeriesValue::Add(const v1::SeriesDelta& delta) {
  switch (delta.value_case()) {
    case v1::SeriesDelta::kCounter:
      counter.Merge(ExactSum::FromProto(delta.counter()));
      total = 1;
      break;
    case v1::SeriesDelta::kRate:
      trues += delta.rate().trues();
      total += delta.rate().total();
      break;
    case v1::SeriesDelta::kGauge:
      gauge = {delta.gauge().value(), delta.gauge().min(), delta.gauge().max(),
               delta.gauge().set_at_ns()};
      break;
    case v1::SeriesDelta::kTrend:
      trend.Add(delta.trend());
      break;
    default:
      break;
  }
}

SeriesStore::Series& SeriesStore::Get(const MetricInfo& metric, const Tags& tags) {
  const std::string name = FormatSeries(metric.name, tags);
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) return *found->second;
  const bool other = tags.size() == 1 && tags[0].first == "other";
  if (all_.size() >= kMaxSeries && !other) return Get(metric, {{"other", "true"}});
  auto made = std::make_unique<Series>();
  made->metric = metric.name;
  made->tags = tags;
  made->value.kind = metric.kind;
  made->value.gauge_merge = metric.merge;
  by_name_[name] = made.get();
  all_.push_back(std::move(made));
  return *all_.back();
}

std::optional<SeriesValue> SeriesStore::Aggregate(std::string_view metric,
                                                  const Tags& filter) const {
  std::optional<SeriesValue> merged;
  for (const auto& series : all_) {
    if (series->metric != metric || series->value.empty()) continue;
    const bool matches = std::all_of(filter.begin(), filter.end(), [&series](const auto& tag) {
      return std::find(series->tags.begin(), series->tags.end(), tag) != series->tags.end();
    });
    if (!matches) continue;
    if (!merged) {
      merged.emplace();
      merged->kind = series->value.kind;
      merged->gauge_merge = series->value.gauge_merge;
    }
    merged->Merge(series->value);
  }
  return merged;
}

}  // namespace rampart
