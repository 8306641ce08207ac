// Durations and rates as plans write them.
#ifndef RAMPART_COMMON_PLAN_UNITS_H_
#define RAMPART_COMMON_PLAN_UNITS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

// `1h30m`, `500ms`, `1.5s`, `0`: nanoseconds, 0 to 7 days.
absl::StatusOr<int64_t> ParseDuration(std::string_view text);

// `1000/s`, `0.5/s`, `100/m`, `1/h`, `3/10s`, exactly.
absl::StatusOr<v1::Rate> ParseRate(std::string_view text);

// The most that a part of a body may generate.
inline constexpr int64_t kMaxContentBytes = int64_t{1} << 30;

// `100KB`, `1.5MB`, `64KiB`, `2000`: bytes, 0 to kMaxContentBytes. KB and MB are powers of 1000,
// KiB and MiB of 1024.
absl::StatusOr<int64_t> ParseSize(std::string_view text);

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_UNITS_H_
