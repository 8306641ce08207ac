// ArrivalSchedule: when each iteration of an arrival-rate scenario is due.
#ifndef RAMPART_COMMON_LOAD_ARRIVAL_SCHEDULE_H_
#define RAMPART_COMMON_LOAD_ARRIVAL_SCHEDULE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

// Times are nanoseconds since the scenario's start; iterations are numbered from 0.
//
// Iteration i is due at the first nanosecond at which the integral of the rate has reached i, so
// with a constant rate iteration i is due at ceil(i/rate), the first at 0. The integral runs on
// across stages, so a fraction of an iteration is never lost. Iterations due at or after the end
// are not in the plan.
class ArrivalSchedule {
 public:
  static constexpr int64_t kMaxPerSecond = 10'000'000;

  // For constant_arrival_rate and ramping_arrival_rate.
  static absl::StatusOr<ArrivalSchedule> Make(const v1::Load& load);

  int64_t Count() const { return count_; }
  int64_t Length() const { return length_; }
  int64_t DueAt(int64_t iteration) const;
  // How many are due before `t`.
  int64_t CountBefore(int64_t t) const;
  double RatePerSecondAt(int64_t t) const;

 private:
  struct Stage {
    int64_t begin;
    int64_t length;
    __int128 from;  // rate at the begin, in units of 1/unit_ iterations a nanosecond
    __int128 to;
    __int128 integral;  // up to the begin, in units of 1/unit_ iterations
  };
  // The integral up to `t`, in units of 1/unit_ iterations.
  __int128 IntegralAt(int64_t t) const;

  std::vector<Stage> stages_;
  int64_t length_ = 0;
  int64_t count_ = 0;
  __int128 unit_ = 1;  // units that make one iteration
};

}  // namespace rampart

#endif  // RAMPART_COMMON_LOAD_ARRIVAL_SCHEDULE_H_
