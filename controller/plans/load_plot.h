// LoadPlot: a scenario's planned load over time, drawn with characters.
#ifndef RAMPART_CONTROLLER_PLANS_LOAD_PLOT_H_
#define RAMPART_CONTROLLER_PLANS_LOAD_PLOT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

// Users, or iterations due a second, as the agents will plan them. Times are nanoseconds since the
// scenario's start.
struct LoadCurve {
  std::function<double(int64_t)> at;
  int64_t start_ns = 0;  // of the scenario, since the run's
  int64_t length_ns = 0;
  std::vector<int64_t> corners;  // where a stage begins or ends
  double peak = 0;
  bool arrivals = false;        // iterations a second, else users
  bool may_end_sooner = false;  // once its iterations are done
  bool flat = false;            // the same from its start to its end
};

// Fails for a load that no agent would run either.
absl::StatusOr<LoadCurve> CurveOf(const v1::Scenario& scenario);

struct PlotSize {
  int columns = 60;  // of the drawing itself, over the whole of `run_ns`
  int rows = 8;
  int label_width = 1;  // of the numbers at its side
  int64_t run_ns = 0;   // > 0
  bool unicode = true;
};

// The drawing with its two axes: `rows` lines, the line of the time axis, and that of its labels.
// A column shows the most of its span, so that no peak is too short to be seen. `scale` times the
// curve's numbers are shown.
std::vector<std::string> PlotLines(const LoadCurve& curve, const PlotSize& size, double scale);

// The numbers at the side, the highest first: of the top and, where it is even, the middle.
std::vector<std::string> PlotLabels(const LoadCurve& curve, double scale);

// As plans write them, rounded for people: `1h35m`, `90s` as `1m30s`, `0`.
std::string PlanDuration(int64_t ns);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_PLANS_LOAD_PLOT_H_
