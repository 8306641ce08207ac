// Rates in numbers.
#ifndef RAMPART_COMMON_LOAD_RATE_H_
#define RAMPART_COMMON_LOAD_RATE_H_

#include "rampart/v1/plan.pb.h"

namespace rampart {

// Without a period it is a second, as schedules read it.
inline double PerSecondOf(const v1::Rate& rate) {
  const double per_ns = rate.per_ns() > 0 ? static_cast<double>(rate.per_ns()) : 1e9;
  return static_cast<double>(rate.count()) * 1e9 / per_ns;
}

}  // namespace rampart

#endif  // RAMPART_COMMON_LOAD_RATE_H_
