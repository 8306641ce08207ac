#include "controller/run/ramp_windows.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "common/load/arrival_schedule.h"
#include "common/load/nanoseconds.h"
#include "controller/run/merge/agent_health.h"
#include "controller/run/number_text.h"
#include "controller/run/threshold_table.h"
#include "controller/run/verdict.h"

namespace rampart::controller {
namespace {

constexpr double kBusyShare = 0.5;  // of a window's seconds

// Pure in time: every scenario that ramps does it from 0 to the same end.
absl::StatusOr<std::vector<ArrivalSchedule>> Ramps(const v1::Plan& plan) {
  std::vector<ArrivalSchedule> ramps;
  for (const v1::Scenario& scenario : plan.scenarios()) {
    if (!scenario.load().has_ramping_arrival_rate()) continue;
    if (Ns(scenario.start()) != 0 || !scenario.start_after().empty()) {
      return absl::InvalidArgumentError(
          "--profile breakpoint: the scenario `" + scenario.name() +
          "` starts later than the run: what grows has to grow together, so that there is one "
          "rate to tell");
    }
    absl::StatusOr<ArrivalSchedule> ramp = ArrivalSchedule::Make(scenario.load());
    if (!ramp.ok()) return ramp.status();
    ramps.push_back(*std::move(ramp));
  }
  if (ramps.empty()) return absl::InvalidArgumentError("--profile breakpoint: nothing grows");
  return ramps;
}

}  // namespace

absl::StatusOr<RampWindows> RampWindows::Make(const v1::Plan& ramp) {
  if (ramp.thresholds().empty()) {
    return absl::InvalidArgumentError(
        "--profile breakpoint looks for the rate at which a threshold breaks: the plan has none");
  }
  absl::StatusOr<std::vector<ArrivalSchedule>> ramps = Ramps(ramp);
  if (!ramps.ok()) return ramps.status();
  RampWindows windows;
  windows.catalog_ = MetricCatalog(ramp);
  windows.dropped_limit_ = ramp.limits().has_dropped_iterations()
                               ? ramp.limits().dropped_iterations()
                               : kDefaultDroppedLimit;
  windows.thresholds_ = PlannedThresholds(ramp, windows.catalog_);
  // A plan without faults has none of these.
  std::erase_if(windows.thresholds_,
                [](const PlannedThreshold& one) { return !one.condition.has_value(); });
  windows.ramp_ns_ = ramps->front().Length();
  const int64_t count = std::clamp<int64_t>(windows.ramp_ns_ / kShortestNs, 1, kMaxWindows);
  windows.width_ns_ = std::max<int64_t>(1, windows.ramp_ns_ / count);
  windows.windows_.resize(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    for (const ArrivalSchedule& one : *ramps) {
      windows.windows_[static_cast<size_t>(i)].rate +=
          one.RatePerSecondAt(i * windows.width_ns_ + windows.width_ns_ / 2);
    }
  }
  return windows;
}

void RampWindows::Add(int agent, const v1::Delta& delta) {
  const auto index = static_cast<size_t>(agent);
  while (readers_.size() <= index) readers_.emplace_back(names_);
  const DeltaReader& reader = readers_[index];
  // Always read: later deltas use the names of this one.
  if (!readers_[index].Read(delta).value_or(false)) return;
  const int64_t middle = delta.from_ns() + (delta.to_ns() - delta.from_ns()) / 2;
  if (middle < 0 || middle >= ramp_ns_) return;
  const auto at = static_cast<size_t>(middle / width_ns_);
  Window& window = windows_[std::min(at, windows_.size() - 1)];
  const v1::AgentHealth& health = delta.health();
  ++window.deltas;
  if (health.busiest_thread_cpu() > kBusyCpu || health.loop_lag_p99_ms() > kBusyLagMs) {
    ++window.busy;
  }
  for (const v1::SeriesDelta& series : delta.series()) {
    const SeriesNames::Name& name = reader.NameOf(series);
    const bool wanted =
        name.metric.name == "iterations" || name.metric.name == "dropped_iterations" ||
        std::any_of(thresholds_.begin(), thresholds_.end(), [&](const PlannedThreshold& one) {
          return one.selector->metric == name.metric.name;
        });
    const MetricInfo* metric = wanted ? catalog_.Find(name.metric.name) : nullptr;
    if (metric == nullptr || metric->kind != name.metric.kind) continue;
    if (metric->kind == v1::GAUGE) {
      if (window.gauges.size() <= index) window.gauges.resize(index + 1);
      window.gauges[index].Get(*metric, name.tags).value.Add(series);
    } else {
      window.sums.Get(*metric, name.tags).value.Add(series);
    }
  }
}

std::optional<SeriesValue> RampWindows::Read(const Window& window, const Selector& selector) const {
  std::optional<SeriesValue> value = window.sums.Aggregate(selector.metric, selector.tags);
  for (const SeriesStore& held : window.gauges) {
    const auto part = held.Aggregate(selector.metric, selector.tags);
    if (part && value) {
      value->Merge(*part);
    } else if (part) {
      value = part;
    }
  }
  if (value && value->empty()) return std::nullopt;
  return value;
}

double RampWindows::CountOf(const Window& window, const char* metric) const {
  const auto value = window.sums.Aggregate(metric);
  return value ? value->counter.Value() : 0;
}

BreakpointProbe RampWindows::Judge(const Window& window, const std::vector<bool>& has_data) const {
  const double seconds = static_cast<double>(width_ns_) / 1e9;
  BreakpointProbe probe{.ramp = true, .rate = window.rate};
  probe.completed = CountOf(window, "iterations") / seconds;
  const double dropped = CountOf(window, "dropped_iterations") / seconds;
  probe.dropped = std::min(1.0, dropped / window.rate);
  probe.generator = window.busy > window.deltas * kBusyShare;
  for (size_t i = 0; i < thresholds_.size(); ++i) {
    if (!has_data[i]) continue;
    const PlannedThreshold& threshold = thresholds_[i];
    const std::optional<SeriesValue> value = Read(window, *threshold.selector);
    if (!value) {
      probe.data = false;
      continue;
    }
    ThresholdOutcome outcome = threshold.outcome;
    outcome.observed = Observe(*threshold.condition, *value, seconds);
    if (Holds(*threshold.condition, outcome.observed)) continue;
    outcome.outcome = Outcome::kFail;
    probe.broke_first = ThresholdWords(outcome);
    break;
  }
  if (probe.broke_first.empty() && probe.dropped > dropped_limit_) {
    probe.broke_first = NumberText(probe.dropped * 100) + " % of the due iterations were dropped";
  }
  if (probe.broke_first.empty() && probe.generator) {
    probe.broke_first = "the load generator was busy";
  }
  probe.held = probe.data && probe.broke_first.empty();
  probe.data = probe.data || !probe.broke_first.empty();
  return probe;
}

std::vector<BreakpointProbe> RampWindows::Probes(int64_t until_ns) const {
  const auto over = static_cast<size_t>(
      std::clamp<int64_t>(until_ns / width_ns_, 0, static_cast<int64_t>(windows_.size())));
  std::vector<bool> has_data(thresholds_.size());
  for (size_t i = 0; i < thresholds_.size(); ++i) {
    for (size_t w = 0; w < over && !has_data[i]; ++w) {
      has_data[i] = Read(windows_[w], *thresholds_[i].selector).has_value();
    }
  }
  std::vector<BreakpointProbe> probes;
  for (size_t w = 0; w < over; ++w) probes.push_back(Judge(windows_[w], has_data));
  return probes;
}

std::optional<std::string> RampWindows::ClearlyBroken(int64_t now_ns) const {
  const std::vector<BreakpointProbe> probes = Probes(now_ns - kSettleNs);
  int broken = 0;
  for (const BreakpointProbe& probe : probes) {
    if (!probe.data) continue;
    broken = probe.held ? 0 : broken + 1;
    if (broken < kClearlyBroken) continue;
    return "the ramp has broken at " + NumberText(probe.rate) + "/s: " + probe.broke_first;
  }
  return std::nullopt;
}

}  // namespace rampart::controller
