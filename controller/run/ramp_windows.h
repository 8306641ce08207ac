// RampWindows: the ramp of the profile `breakpoint`, window by window.
#ifndef RAMPART_CONTROLLER_RUN_RAMP_WINDOWS_H_
#define RAMPART_CONTROLLER_RUN_RAMP_WINDOWS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/stats/delta.h"
#include "common/stats/metric.h"
#include "common/stats/series.h"
#include "common/stats/series_names.h"
#include "common/stats/threshold.h"
#include "controller/run/planned_threshold.h"
#include "controller/run/result.h"
#include "rampart/v1/plan.pb.h"
#include "rampart/v1/stats.pb.h"

namespace rampart::controller {

// Owned by whoever conducts the ramp, used by one thread. No clock: times come in, on the run's
// clock.
//
// The ramp is cut into windows of equal length, each with what agents measured in it: a delta
// belongs to the window of its middle. A window breaks when a threshold fails on it, when too many
// of its iterations were dropped, or when the generator was busy for most of it. It holds when
// every threshold that has data anywhere on the ramp has some in it and none fails.
class RampWindows {
 public:
  static constexpr int64_t kMaxWindows = 40;
  static constexpr int64_t kShortestNs = 2'000'000'000;
  // So many broken windows one after another: there is no need to go on.
  static constexpr int kClearlyBroken = 3;
  // A window is judged this long after its end: agents send every second.
  static constexpr int64_t kSettleNs = 2'500'000'000;

  // `ramp` is a plan with that profile. Fails for one that has no answer: without thresholds, or
  // with scenarios whose ramps are not at the same time.
  static absl::StatusOr<RampWindows> Make(const v1::Plan& ramp);

  int64_t ramp_ns() const { return ramp_ns_; }

  // A delta that was merged into the run, each agent's in order; again does nothing.
  void Add(int agent, const v1::Delta& delta);

  // Words when the ramp has clearly broken.
  std::optional<std::string> ClearlyBroken(int64_t now_ns) const;

  // The windows that were over at `until_ns`.
  std::vector<BreakpointProbe> Probes(int64_t until_ns) const;

 private:
  struct Window {
    double rate = 0;  // due, a second
    SeriesStore sums;
    std::vector<SeriesStore> gauges;  // by agent
    int deltas = 0;
    int busy = 0;  // of them
  };

  RampWindows() : catalog_(v1::Plan()) {}
  std::optional<SeriesValue> Read(const Window& window, const Selector& selector) const;
  BreakpointProbe Judge(const Window& window, const std::vector<bool>& has_data) const;
  double CountOf(const Window& window, const char* metric) const;

  MetricCatalog catalog_;
  std::vector<PlannedThreshold> thresholds_;
  double dropped_limit_ = 0;
  int64_t ramp_ns_ = 0;
  int64_t width_ns_ = 0;
  std::vector<Window> windows_;
  std::shared_ptr<SeriesNames> names_ = std::make_shared<SeriesNames>();
  std::vector<DeltaReader> readers_;  // by agent
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_RAMP_WINDOWS_H_
