// Timeline: the run second by second, from deltas.
#ifndef RAMPART_CONTROLLER_RUN_MERGE_TIMELINE_H_
#define RAMPART_CONTROLLER_RUN_MERGE_TIMELINE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/stats/histogram.h"
#include "controller/run/merge/delta_sums.h"
#include "controller/run/result.h"

namespace rampart::controller {

// Owned by a Run, used by its thread. A delta belongs to the point that holds the middle of its
// interval: agents flush every second, a few milliseconds late. Counts are never split, so their
// sum over the points is the sum over the deltas.
//
// Bounded: when the run outlasts `max_points`, or the points' histograms and users take more than
// `max_bytes`, each pair of points is joined into one and the width doubles, as often as needed.
class Timeline {
 public:
  static constexpr size_t kMaxPoints = 1'200;
  static constexpr size_t kMaxBytes = size_t{64} << 20;
  static constexpr int64_t kFirstWidthNs = 1'000'000'000;

  explicit Timeline(size_t max_points = kMaxPoints, size_t max_bytes = kMaxBytes)
      : max_points_(max_points), max_bytes_(max_bytes) {}

  // `users` and `ws_open` are what the agent held at the delta's end. The delta must end after the
  // start of the run: what is before is not in the timeline. One agent's deltas in their order.
  void Add(int agent, const DeltaSums& sums, double users, double ws_open);

  // Every point up to the last one with a delta. The last one counts with its full width, also
  // where the run ended within it.
  std::vector<TimelinePoint> Points() const;

  size_t bytes() const { return bytes_; }

 private:
  // What an agent held at the end of its last delta in a point.
  struct Holding {
    double users = 0;
    double ws_open = 0;
    bool known = false;
  };
  struct Point {
    double iterations = 0;
    double http_reqs = 0;
    double errors = 0;
    double ws_msgs = 0;
    double bytes = 0;
    Histogram http_duration;
    std::vector<Holding> holdings;  // by agent

    size_t MemoryBytes() const;
  };

  void JoinPairs();

  size_t max_points_;
  size_t max_bytes_;
  int64_t width_ns_ = kFirstWidthNs;
  std::vector<Point> points_;
  size_t bytes_ = 0;  // of all points
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_MERGE_TIMELINE_H_
