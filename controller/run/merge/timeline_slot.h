// TimelineSlot: what all agents did in one stretch of the run.
#ifndef RAMPART_CONTROLLER_RUN_MERGE_TIMELINE_SLOT_H_
#define RAMPART_CONTROLLER_RUN_MERGE_TIMELINE_SLOT_H_

#include <cstddef>
#include <vector>

#include "common/stats/histogram.h"
#include "controller/run/merge/delta_sums.h"
#include "controller/run/result.h"
#include "rampart/v1/stats.pb.h"

namespace rampart::controller {

// What an agent held at the end of its last delta in a slot.
struct Holding {
  float users = 0;  // counts: exact up to 2^24
  float ws_open = 0;
  bool known = false;
};

// Owned by a Timeline. Durations are buckets while deltas come and packed counts after that, about
// a tenth of the memory; adding to packed ones unpacks them. Either way they are all samples,
// exactly.
class TimelineSlot {
 public:
  void Add(const DeltaSums& sums);
  // Takes everything that a later slot has, which is settled.
  void Join(TimelineSlot later);
  void Pack();

  void Hold(size_t agent, Holding held);
  const std::vector<Holding>& holdings() const { return holdings_; }  // by agent
  // From here on only the sums of what agents held are known.
  void Settle(double users, double ws_open);
  bool settled() const { return settled_; }

  // With the users and connections only once it is settled.
  TimelinePoint Point(double t, double width_s) const;

  size_t MemoryBytes() const;

 private:
  void Unpack();

  double iterations_ = 0;
  double http_reqs_ = 0;
  double errors_ = 0;
  double ws_msgs_ = 0;
  double bytes_ = 0;
  Histogram http_duration_;  // empty while they are packed
  v1::TrendDelta packed_;    // empty while they are not
  std::vector<Holding> holdings_;
  bool settled_ = false;
  double users_ = 0;  // once settled
  double ws_open_ = 0;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_MERGE_TIMELINE_SLOT_H_
