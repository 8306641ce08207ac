// ExactSum: a sum of doubles that does not depend on the order of adding.
#ifndef RAMPART_COMMON_STATS_EXACT_SUM_H_
#define RAMPART_COMMON_STATS_EXACT_SUM_H_

#include <cmath>
#include <cstdint>

#include "rampart/v1/stats.pb.h"

namespace rampart {

// Fixed point: 128 bits, two's complement, in units of 2^-40. A value is rounded to the nearest
// unit once, when it is added, so it is off by at most 2^-41; from there on everything is integer
// addition. Values beyond +-2^64 count as +-2^64, which leaves room for 2^23 of those.
class ExactSum {
 public:
  // `value` is finite.
  void Add(double value) {
    constexpr double kFast = 4'194'304;  // 2^22: the product fits 63 bits
    if (value > -kFast && value < kFast) {
      const double scaled = value * kUnitsPerOne;  // exact: a power of two
      const auto whole = static_cast<int64_t>(scaled);
      const double rest = scaled - static_cast<double>(whole);  // exact, and 0 from 2^52 on
      units_ += static_cast<Units>(whole + static_cast<int>(rest >= 0.5) -
                                   static_cast<int>(rest <= -0.5));
    } else {
      AddLarge(value);
    }
  }
  void Merge(const ExactSum& other) { units_ += other.units_; }
  // Takes away what was merged before.
  void Unmerge(const ExactSum& other) { units_ -= other.units_; }
  // As if each of its values had been added `times` times.
  ExactSum Times(uint64_t times) const {
    ExactSum sum;
    sum.units_ = units_ * times;
    return sum;
  }
  double Value() const { return static_cast<double>(static_cast<__int128>(units_)) / kUnitsPerOne; }

  void ToProto(v1::ExactSum* out) const {
    out->set_high(static_cast<int64_t>(units_ >> 64));
    out->set_low(static_cast<uint64_t>(units_));
  }
  static ExactSum FromProto(const v1::ExactSum& proto) {
    ExactSum sum;
    sum.units_ = static_cast<Units>(static_cast<uint64_t>(proto.high())) << 64 | proto.low();
    return sum;
  }

  bool operator==(const ExactSum&) const = default;

 private:
  // Unsigned, so that a hostile sum wraps around and is no undefined behaviour.
  using Units = unsigned __int128;
  static constexpr double kUnitsPerOne = 1'099'511'627'776;  // 2^40

  void AddLarge(double value) {
    constexpr double kMost = 18'446'744'073'709'551'616.0;  // 2^64
    units_ += static_cast<Units>(
        static_cast<__int128>(std::fmin(std::fmax(value, -kMost), kMost) * kUnitsPerOne));
  }

  Units units_ = 0;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_STATS_EXACT_SUM_H_
