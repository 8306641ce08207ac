// TimeOfDay: the wall clock of one look at it, and from there on evenly.
#ifndef RAMPART_COMMON_SCRIPT_TIME_OF_DAY_H_
#define RAMPART_COMMON_SCRIPT_TIME_OF_DAY_H_

#include <chrono>

namespace rampart {

// A machine's clock may be set in the middle of a run; what a plan measures with `now_ms()` must
// not jump with it. Pure.
class TimeOfDay {
 public:
  using Wall = std::chrono::system_clock::time_point;
  using Steady = std::chrono::steady_clock::time_point;

  // The same instant on both clocks.
  TimeOfDay(Wall wall, Steady steady) : wall_(wall), steady_(steady) {}

  Wall At(Steady now) const {
    return wall_ + std::chrono::duration_cast<Wall::duration>(now - steady_);
  }

 private:
  Wall wall_;
  Steady steady_;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_SCRIPT_TIME_OF_DAY_H_
