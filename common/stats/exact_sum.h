// ExactSum: a sum of doubles that does not depend on the order of adding.
#ifndef RAMPART_COMMON_STATS_EXACT_SUM_H_
#define RAMPART_COMMON_STATS_EXACT_SUM_H_

#include <cmath>

#include "rampart/v1/stats.pb.h"

namespace rampart {

// Fixed point: 128 bits in units of 2^-40. Each value is rounded to a unit once, when it is added;
// from there on everything is integer addition. Values beyond +-2^80 count as +-2^80.
class ExactSum {
 public:
  void Add(double value) {
    constexpr double kFast = 4'194'304;  // 2^22: the product fits 63 bits
    if (value > -kFast && value < kFast) {
      units_ += std::llrint(value * kUnitsPerOne);
    } else {
      AddLarge(value);
    }
  }
  void Merge(const ExactSum& other) { units_ += other.units_; }
  double Value() const { return static_cast<double>(units_) / kUnitsPerOne; }

  void ToProto(v1::ExactSum* out) const {
    out->set_high(static_cast<int64_t>(units_ >> 64));
    out->set_low(static_cast<uint64_t>(units_));
  }
  static ExactSum FromProto(const v1::ExactSum& proto) {
    ExactSum sum;
    sum.units_ =
        static_cast<__int128>(static_cast<unsigned __int128>(proto.high()) << 64 | proto.low());
    return sum;
  }

  bool operator==(const ExactSum&) const = default;

 private:
  static constexpr double kUnitsPerOne = 1'099'511'627'776;  // 2^40

  void AddLarge(double value) {
    constexpr double kMost = 1208925819614629174706176.0;  // 2^80
    units_ += static_cast<__int128>(std::fmin(std::fmax(value, -kMost), kMost) * kUnitsPerOne);
  }

  __int128 units_ = 0;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_STATS_EXACT_SUM_H_
