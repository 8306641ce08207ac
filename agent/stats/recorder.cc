#include "agent/stats/recorder.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace rampart::agent {
namespace {

bool IsOther(const Tags& tags) { return tags.size() == 1 && tags[0].first == "other"; }

void AddError(const Bank::ErrorKey& key, const v1::ErrorCount& error,
              std::map<Bank::ErrorKey, v1::ErrorCount>* errors) {
  auto found = errors->find(key);
  if (found == errors->end()) {
    if (errors->size() >= Recorder::kMaxErrors) {
      v1::ErrorCount other = error;
      other.set_kind("other");
      other.set_detail("errors of more kinds than are kept apart");
      other.clear_step();
      const Bank::ErrorKey other_key{"other", "", ""};
      if (!errors->contains(other_key))
        (*errors)[other_key] = other;
      else
        AddError(other_key, other, errors);
      return;
    }
    (*errors)[key] = error;
    return;
  }
  v1::ErrorCount& known = found->second;
  known.set_count(known.count() + error.count());
  known.set_first_ns(std::min(known.first_ns(), error.first_ns()));
  known.set_last_ns(std::max(known.last_ns(), error.last_ns()));
}

}  // namespace

Recorder::Recorder(const MetricCatalog& catalog, Secrets secrets)
    : catalog_(catalog), secrets_(std::move(secrets)) {}

SeriesId Recorder::Find(std::string_view metric, const Tags& tags) {
  const std::string name = FormatSeries(metric, tags);
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) return found->second;
  if (!secrets_.empty()) {
    Tags shown = tags;
    for (auto& [key, value] : shown) value = secrets_.Conceal(std::move(value));
    if (shown != tags) return by_name_[name] = Find(metric, shown);
  }
  if (keys_.size() >= kMaxSeries && !IsOther(tags)) return Find(metric, {{"other", "true"}});
  const MetricInfo* info = catalog_.Find(metric);
  if (info == nullptr) std::abort();  // plans are checked before they run
  const auto series = static_cast<SeriesId>(keys_.size());
  keys_.push_back({info, tags});
  gauges_.emplace_back();
  for (Bank& bank : banks_) {
    bank.slots.push_back(std::make_unique<Bank::Slot>());
    bank.slots.back()->value.kind = info->kind;
    bank.slots.back()->value.gauge_merge = info->merge;
  }
  by_name_[name] = series;
  return series;
}

void Recorder::GaugeSet(SeriesId series, double to, int64_t now_ns) {
  gauges_[series].Set(to, now_ns);
  Touch(series).gauge = gauges_[series];
}

void Recorder::GaugeAdd(SeriesId series, double change, int64_t now_ns) {
  GaugeSet(series, gauges_[series].value + change, now_ns);
}

bool Recorder::Record(SeriesId series, double value, int64_t now_ns) {
  if (!std::isfinite(value)) return false;
  if (IsOther(keys_[series].tags)) ++active_->other_samples;
  switch (keys_[series].metric->kind) {
    case v1::COUNTER:
      Count(series, value);
      break;
    case v1::RATE:
      Rate(series, value != 0);
      break;
    case v1::GAUGE:
      // Of a sum no user knows the whole, only what it adds to it.
      if (keys_[series].metric->merge == v1::SUM) {
        GaugeAdd(series, value, now_ns);
      } else {
        GaugeSet(series, value, now_ns);
      }
      break;
    default:
      Trend(series, value);
      break;
  }
  return true;
}

void Recorder::Error(std::string_view kind, std::string_view detail, std::string_view step,
                     const v1::Position& at, int64_t now_ns) {
  constexpr size_t kMaxDetail = 300;
  v1::ErrorCount error;
  error.set_kind(std::string(kind));
  // Before it is cut: a part of a secret says something of it, too.
  error.set_detail(secrets_.Conceal(std::string(detail)).substr(0, kMaxDetail));
  error.set_step(std::string(step));
  *error.mutable_at() = at;
  error.set_count(1);
  error.set_first_ns(now_ns);
  error.set_last_ns(now_ns);
  AddError({error.kind(), error.detail(), error.step()}, error, &active_->errors);
}

Bank* Recorder::Swap() {
  if (spare_ == nullptr) return nullptr;
  Bank* full = active_;
  active_ = std::exchange(spare_, nullptr);
  return full;
}

void DeltaWriter::Drain(int thread, const std::deque<Recorder::Key>& keys, Bank* bank) {
  if (numbers_.size() <= static_cast<size_t>(thread))
    numbers_.resize(static_cast<size_t>(thread) + 1);
  std::vector<uint32_t>& numbers = numbers_[static_cast<size_t>(thread)];
  while (numbers.size() < keys.size()) {
    const Recorder::Key& key = keys[numbers.size()];
    const std::string name = FormatSeries(key.metric->name, key.tags);
    const auto [found, made] = by_name_.try_emplace(name, static_cast<uint32_t>(series_.size()));
    if (made) {
      series_.emplace_back();
      series_.back().key = key;
      series_.back().value.kind = key.metric->kind;
      series_.back().value.gauge_merge = key.metric->merge;
    }
    numbers.push_back(found->second);
  }
  for (const SeriesId id : bank->touched) {
    Bank::Slot& slot = *bank->slots[id];
    Series& series = series_[numbers[id]];
    series.touched = true;
    if (slot.value.kind == v1::GAUGE) {
      if (series.gauges.size() <= static_cast<size_t>(thread)) {
        series.gauges.resize(static_cast<size_t>(thread) + 1);
      }
      series.gauges[static_cast<size_t>(thread)] = slot.value.gauge;
    } else {
      series.value.Merge(slot.value);
    }
    slot.value.Clear();
    slot.touched = false;
  }
  bank->touched.clear();
  for (const auto& [key, error] : bank->errors) AddError(key, error, &errors_);
  bank->errors.clear();
  other_samples_ += std::exchange(bank->other_samples, 0);
}

v1::Delta DeltaWriter::Take(int64_t from_ns, int64_t to_ns, const v1::AgentHealth& health) {
  v1::Delta delta;
  delta.set_sequence(++sequence_);
  delta.set_from_ns(from_ns);
  delta.set_to_ns(to_ns);
  for (uint32_t number = 0; number < series_.size(); ++number) {
    Series& series = series_[number];
    if (!series.named) {
      // Named in order of their numbers, also those without a value yet: numbers have no gaps.
      v1::SeriesName* name = delta.add_names();
      name->set_id(number);
      name->set_metric(series.key.metric->name);
      name->set_kind(series.key.metric->kind);
      name->set_merge(series.key.metric->merge);
      for (const auto& [key, value] : series.key.tags) {
        v1::Tag* tag = name->add_tags();
        tag->set_key(key);
        tag->set_value(value);
      }
      series.named = true;
    }
    if (!series.touched) continue;
    series.touched = false;
    if (series.value.kind == v1::GAUGE) {
      series.value.gauge = {};
      SeriesValue one;
      one.kind = v1::GAUGE;
      for (const Gauge& gauge : series.gauges) {
        one.gauge = gauge;
        series.value.Merge(one);
      }
    }
    v1::SeriesDelta* out = delta.add_series();
    out->set_series(number);
    series.value.ToProto(out);
    series.value.Clear();
  }
  for (auto& [key, error] : errors_) *delta.add_errors() = std::move(error);
  errors_.clear();
  *delta.mutable_health() = health;
  delta.mutable_health()->set_other_series_samples(std::exchange(other_samples_, 0));
  return delta;
}

}  // namespace rampart::agent
