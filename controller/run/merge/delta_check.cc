#include "controller/run/merge/delta_check.h"

#include <cmath>
#include <string>

#include "common/stats/histogram.h"

namespace rampart::controller {
namespace {

absl::Status Refuse(const std::string& why) { return absl::InvalidArgumentError(why); }

absl::Status CheckName(const v1::SeriesName& name, const MetricCatalog& catalog) {
  const MetricInfo* metric = catalog.Find(name.metric());
  if (metric == nullptr) return Refuse("metric `" + name.metric() + "` is not of this run");
  if (metric->kind != name.kind() || metric->merge != name.merge()) {
    return Refuse("metric `" + name.metric() + "` is of another kind in this run");
  }
  for (int i = 1; i < name.tags_size(); ++i) {
    if (name.tags(i - 1).key() >= name.tags(i).key()) {
      return Refuse("a series of `" + name.metric() + "` has tags out of order");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckValue(const v1::SeriesDelta& series) {
  if (series.has_rate() && series.rate().total() > Histogram::kMaxDeltaCount) {
    return Refuse("a rate has more samples than anybody can have measured");
  }
  if (!series.has_gauge()) return absl::OkStatus();
  const v1::GaugeDelta& gauge = series.gauge();
  const bool numbers =
      std::isfinite(gauge.value()) && std::isfinite(gauge.min()) && std::isfinite(gauge.max());
  if (!numbers || gauge.min() > gauge.max()) return Refuse("a gauge's min and max are not a range");
  if (std::abs(static_cast<double>(gauge.set_at_ns())) > static_cast<double>(kMaxClockNs)) {
    return Refuse("a gauge was set at a time that is not in the run");
  }
  return absl::OkStatus();
}

absl::Status CheckHealth(const v1::AgentHealth& health) {
  for (const double value :
       {health.cpu_seconds(), health.busiest_thread_cpu(), health.loop_lag_p99_ms(),
        health.loop_lag_max_ms(), health.late_start_max_ms()}) {
    if (!std::isfinite(value) || value < 0) {
      return Refuse("a value of the agent's health is negative or no number");
    }
  }
  if (health.late_starts() > Histogram::kMaxDeltaCount ||
      health.other_series_samples() > Histogram::kMaxDeltaCount) {
    return Refuse("a value of the agent's health is more than anybody can have measured");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckDelta(const v1::Delta& delta, const MetricCatalog& catalog) {
  if (delta.from_ns() > delta.to_ns() || delta.from_ns() < -kMaxClockNs ||
      delta.to_ns() > kMaxClockNs) {
    return Refuse("a delta's interval is not in the run");
  }
  for (const v1::SeriesName& name : delta.names()) {
    if (absl::Status status = CheckName(name, catalog); !status.ok()) return status;
  }
  for (const v1::SeriesDelta& series : delta.series()) {
    if (absl::Status status = CheckValue(series); !status.ok()) return status;
  }
  for (const v1::ErrorCount& error : delta.errors()) {
    if (error.count() == 0 || error.count() > Histogram::kMaxDeltaCount) {
      return Refuse("an error is counted 0 times or more often than anybody can have seen it");
    }
  }
  return CheckHealth(delta.health());
}

}  // namespace rampart::controller
