// AgentHealth: how one load generator fared over the run, and whether it was the bottleneck.
#ifndef RAMPART_CONTROLLER_RUN_MERGE_AGENT_HEALTH_H_
#define RAMPART_CONTROLLER_RUN_MERGE_AGENT_HEALTH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "controller/run/merge/delta_sums.h"
#include "controller/run/result.h"
#include "rampart/v1/stats.pb.h"

namespace rampart::controller {

// A second over one of these is a busy one: what was measured in it may be the agent's own delay.
inline constexpr double kBusyCpu = 0.9;     // share of a core of the busiest engine thread
inline constexpr double kBusyLagMs = 20.0;  // p99 of the event loop's lag
// An agent was the bottleneck when more than this share of its seconds, and at least so many, were
// busy for one of the two reasons, or more than this share of its iterations started late.
inline constexpr uint64_t kMaxBusyPercent = 10;
inline constexpr uint64_t kMinBusySeconds = 3;
inline constexpr uint64_t kMaxLatePercent = 1;

// Owned by a Run, used by its thread. Seconds of the load are those between the start and the
// planned end: an agent that idles before or after does not look better for it.
class AgentHealth {
 public:
  // `load_ns` is the planned length of the run's load.
  void Add(const v1::AgentHealth& health, const DeltaSums& sums, int64_t load_ns);

  // Writes what was measured of the agent into its result, and why it was a bottleneck, if it was.
  void Report(AgentResult* result) const;

  // Of the last delta.
  double last_busiest_cpu() const { return last_busiest_cpu_; }
  double last_loop_lag_p99_ms() const { return last_loop_lag_p99_ms_; }
  bool busy() const { return last_busiest_cpu_ > kBusyCpu || last_loop_lag_p99_ms_ > kBusyLagMs; }

  double iterations() const { return iterations_; }  // started: completed and interrupted
  uint64_t other_samples() const { return other_samples_; }

 private:
  std::vector<std::string> Bottleneck() const;

  double cpu_seconds_ = 0;
  double busiest_cpu_seconds_ = 0;  // busiest_thread_cpu summed over the load's seconds
  double peak_busiest_cpu_ = 0;
  double loop_lag_p99_ms_ = 0;
  double loop_lag_max_ms_ = 0;
  double late_start_max_ms_ = 0;
  uint64_t late_starts_ = 0;
  uint64_t resident_peak_bytes_ = 0;
  double iterations_ = 0;
  uint64_t samples_ = 0;
  uint64_t other_samples_ = 0;
  uint64_t seconds_ = 0;  // of the load
  uint64_t cpu_busy_seconds_ = 0;
  uint64_t lag_busy_seconds_ = 0;
  uint64_t busy_seconds_ = 0;
  double last_busiest_cpu_ = 0;
  double last_loop_lag_p99_ms_ = 0;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_MERGE_AGENT_HEALTH_H_
