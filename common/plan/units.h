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

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_UNITS_H_
