// Durations as whole nanoseconds, and nanoseconds as the milliseconds of samples.
#ifndef RAMPART_COMMON_LOAD_NANOSECONDS_H_
#define RAMPART_COMMON_LOAD_NANOSECONDS_H_

#include <cstdint>

#include "google/protobuf/duration.pb.h"

namespace rampart {

// 0 for a field that is not set. Plans hold at most 7 days, so it fits.
inline int64_t Ns(const google::protobuf::Duration& duration) {
  return duration.seconds() * 1'000'000'000 + duration.nanos();
}

inline double Ms(int64_t ns) { return static_cast<double>(ns) / 1e6; }

}  // namespace rampart

#endif  // RAMPART_COMMON_LOAD_NANOSECONDS_H_
