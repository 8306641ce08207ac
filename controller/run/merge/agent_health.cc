#include "controller/run/merge/agent_health.h"

#include <algorithm>
#include <cmath>

#include "controller/run/number_text.h"

namespace rampart::controller {

void AgentHealth::Add(const v1::AgentHealth& health, const DeltaSums& sums, int64_t load_ns) {
  cpu_seconds_ += health.cpu_seconds();
  late_starts_ += health.late_starts();
  late_start_max_ms_ = std::max(late_start_max_ms_, health.late_start_max_ms());
  resident_peak_bytes_ = std::max(resident_peak_bytes_, health.resident_bytes());
  iterations_ += sums.iterations + sums.interrupted;
  samples_ += sums.samples;
  other_samples_ += health.other_series_samples();
  last_busiest_cpu_ = health.busiest_thread_cpu();
  last_loop_lag_p99_ms_ = health.loop_lag_p99_ms();

  const int64_t of_load =
      std::min(sums.to_ns, load_ns) - std::clamp<int64_t>(sums.from_ns, 0, load_ns);
  // At the edges: a delta counts by where most of it lies.
  if (of_load <= 0 || of_load < (sums.to_ns - sums.from_ns) / 2) return;
  // To whole seconds: deltas are one second apart give or take milliseconds.
  const auto seconds = static_cast<uint64_t>(std::llround(static_cast<double>(of_load) / 1e9));
  seconds_ += seconds;
  busiest_cpu_seconds_ += health.busiest_thread_cpu() * static_cast<double>(seconds);
  const bool cpu_busy = health.busiest_thread_cpu() > kBusyCpu;
  const bool lag_busy = health.loop_lag_p99_ms() > kBusyLagMs;
  cpu_busy_seconds_ += cpu_busy ? seconds : 0;
  lag_busy_seconds_ += lag_busy ? seconds : 0;
  busy_seconds_ += cpu_busy || lag_busy ? seconds : 0;
  peak_busiest_cpu_ = std::max(peak_busiest_cpu_, health.busiest_thread_cpu());
  loop_lag_p99_ms_ = std::max(loop_lag_p99_ms_, health.loop_lag_p99_ms());
  loop_lag_max_ms_ = std::max(loop_lag_max_ms_, health.loop_lag_max_ms());
}

void AgentHealth::Report(AgentResult* result) const {
  result->cpu_seconds = cpu_seconds_;
  result->mean_busiest_cpu =
      seconds_ == 0 ? 0 : busiest_cpu_seconds_ / static_cast<double>(seconds_);
  result->peak_busiest_cpu = peak_busiest_cpu_;
  result->loop_lag_p99_ms = loop_lag_p99_ms_;
  result->loop_lag_max_ms = loop_lag_max_ms_;
  result->late_starts = late_starts_;
  result->late_start_max_ms = late_start_max_ms_;
  result->iterations = static_cast<uint64_t>(std::llround(std::clamp(iterations_, 0.0, 1e18)));
  result->resident_peak_bytes = resident_peak_bytes_;
  result->samples = samples_;
  result->other_samples = other_samples_;
  result->seconds = seconds_;
  result->busy_seconds = busy_seconds_;
  result->bottleneck = Bottleneck();
}

std::vector<std::string> AgentHealth::Bottleneck() const {
  std::vector<std::string> why;
  const auto too_many = [this](uint64_t busy) {
    return busy >= kMinBusySeconds && busy * 100 > seconds_ * kMaxBusyPercent;
  };
  const auto of_seconds = [this](uint64_t busy) {
    return std::to_string(busy) + " of " + std::to_string(seconds_) + " s";
  };
  if (too_many(cpu_busy_seconds_)) {
    why.push_back("its busiest thread used over " + NumberText(kBusyCpu * 100) +
                  " % of a core in " + of_seconds(cpu_busy_seconds_));
  }
  if (too_many(lag_busy_seconds_)) {
    why.push_back("its event loop was over " + NumberText(kBusyLagMs) + " ms late (p99) in " +
                  of_seconds(lag_busy_seconds_));
  }
  if (static_cast<double>(late_starts_ * 100) > iterations_ * kMaxLatePercent) {
    why.push_back(NumberText(static_cast<double>(late_starts_)) + " of " + NumberText(iterations_) +
                  " iterations started over 10 ms late");
  }
  return why;
}

}  // namespace rampart::controller
