// RecentRates: what one agent does a second, from its last few deltas.
#ifndef RAMPART_CONTROLLER_RUN_MERGE_RECENT_RATES_H_
#define RAMPART_CONTROLLER_RUN_MERGE_RECENT_RATES_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "controller/run/merge/delta_sums.h"

namespace rampart::controller {

// All a second.
struct Rates {
  double iterations = 0;
  double http_reqs = 0;
  double errors = 0;
  double ws_msgs = 0;
};

// For the live view. Owned by a Run, used by its thread.
class RecentRates {
 public:
  static constexpr size_t kDeltas = 3;
  // After this long without a delta nothing is known to happen any more.
  static constexpr int64_t kStaleNs = 5'000'000'000;

  void Add(const DeltaSums& sums) {
    last_[next_] = {sums.to_ns - sums.from_ns,
                    {sums.iterations, sums.http_reqs, sums.errors, sums.ws_msgs}};
    next_ = (next_ + 1) % kDeltas;
    known_until_ns_ = sums.to_ns;
  }

  Rates At(int64_t now_ns) const {
    Rates sum;
    int64_t length_ns = 0;
    for (const Interval& interval : last_) {
      length_ns += interval.length_ns;
      sum.iterations += interval.counts.iterations;
      sum.http_reqs += interval.counts.http_reqs;
      sum.errors += interval.counts.errors;
      sum.ws_msgs += interval.counts.ws_msgs;
    }
    if (length_ns == 0 || now_ns - known_until_ns_ > kStaleNs) return {};
    const double seconds = static_cast<double>(length_ns) / 1e9;
    return {sum.iterations / seconds, sum.http_reqs / seconds, sum.errors / seconds,
            sum.ws_msgs / seconds};
  }

 private:
  struct Interval {
    int64_t length_ns = 0;
    Rates counts;  // in the whole interval
  };

  std::array<Interval, kDeltas> last_;
  size_t next_ = 0;
  int64_t known_until_ns_ = 0;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_MERGE_RECENT_RATES_H_
