// Timeline: the run second by second, from deltas; what is long ago in longer steps.
#ifndef RAMPART_CONTROLLER_RUN_MERGE_TIMELINE_H_
#define RAMPART_CONTROLLER_RUN_MERGE_TIMELINE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "controller/run/merge/delta_sums.h"
#include "controller/run/merge/timeline_slot.h"
#include "controller/run/result.h"

namespace rampart::controller {

// How many slots of each width are kept before the oldest are folded into the next width.
struct TimelineLimits {
  size_t seconds = 1'200;      // 20 minutes
  size_t ten_seconds = 1'440;  // and 4 hours
  size_t minutes = 10'200;     // and 7 days; then pairs are joined
  size_t bytes = size_t{64} << 20;
};

// Owned by a Run, used by its thread. A delta belongs to the slot that holds the middle of its
// interval: agents flush every second, a few milliseconds late. Counts are never split, so their
// sum over the points is the sum over the deltas, and a point's percentiles are those of all
// samples in it, however often it was folded.
//
// Bounded by TimelineLimits: over the bytes, pairs of the oldest slots are joined, as often as
// needed; a minute's slot of any run is a few kB.
//
// What agents held is known for each agent while a slot is one second, and as a sum after that: a
// delta that comes later than 20 minutes counts, but its users do not. An agent that was silent for
// so long is lost.
class Timeline {
 public:
  explicit Timeline(TimelineLimits limits = {}) : limits_(limits) {}

  // `users` and `ws_open` are what the agent held at the delta's end. The delta must end after the
  // start of the run: what is before is not in the timeline. One agent's deltas in their order.
  void Add(int agent, const DeltaSums& sums, double users, double ws_open);

  // Every point up to the last one with a delta. The last one counts with its full width, also
  // where the run ended within it.
  std::vector<TimelinePoint> Points() const;

  // What the slots take.
  size_t bytes() const { return bytes_; }

 private:
  // Slots of one width, from a multiple of it on, without gaps.
  struct Tier {
    int64_t width_ns;
    int64_t begin_ns = 0;
    std::deque<TimelineSlot> slots = {};

    int64_t end_ns() const { return begin_ns + width_ns * static_cast<int64_t>(slots.size()); }
  };

  // The newest seconds, which most deltas come for, are not packed.
  static constexpr int64_t kOpenSeconds = 8;
  // Of seconds and tens, however many bytes they take.
  static constexpr size_t kFewestSlots = 60;
  static constexpr int64_t kSecondNs = 1'000'000'000;

  TimelineSlot& SlotAt(int64_t ns);
  void Extend(int64_t to_ns);
  void KeepLimits();
  // The oldest of `from` up to the next boundary of `into`.
  void Fold(Tier* from, Tier* into);
  void JoinPairs();
  // What agents hold in the oldest second becomes a sum.
  void Settle();
  void HeldIn(const TimelineSlot& slot, int64_t begin_ns, std::vector<Holding>* held) const;
  // A change of a slot, with its memory counted.
  template <typename F>
  void Change(TimelineSlot* slot, F change);

  Tier& minutes() { return tiers_[0]; }
  Tier& tens() { return tiers_[1]; }
  Tier& seconds() { return tiers_[2]; }

  TimelineLimits limits_;
  // From the oldest to the newest: each begins where the one before ends.
  std::array<Tier, 3> tiers_ = {Tier{60 * kSecondNs}, Tier{10 * kSecondNs}, Tier{kSecondNs}};
  std::vector<Holding> held_;         // by agent: at the end of the last second that was settled
  std::vector<int64_t> last_middle_;  // by agent: of its last delta
  size_t bytes_ = 0;                  // of all slots
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_MERGE_TIMELINE_H_
