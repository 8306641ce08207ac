#include "common/load/arrival_schedule.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/status/status.h"
#include "common/load/nanoseconds.h"

namespace rampart {
namespace {

// Denominators over this would let the 128-bit integral overflow within 7 days at kMaxPerSecond.
constexpr int64_t kMaxCommonPeriodNs = 3'600'000'000'000'000;

}  // namespace

absl::StatusOr<ArrivalSchedule> ArrivalSchedule::Make(const v1::Load& load) {
  struct Part {
    v1::Rate from;
    v1::Rate to;
    int64_t length;
  };
  std::vector<Part> parts;
  if (load.has_constant_arrival_rate()) {
    const auto& model = load.constant_arrival_rate();
    parts.push_back({model.rate(), model.rate(), Ns(model.duration())});
  } else if (load.has_ramping_arrival_rate()) {
    v1::Rate rate = load.ramping_arrival_rate().start_rate();
    for (const auto& stage : load.ramping_arrival_rate().stages()) {
      parts.push_back({rate, stage.target(), Ns(stage.duration())});
      rate = stage.target();
    }
  } else {
    return absl::InvalidArgumentError("this load model plans users, not arrivals");
  }

  // All rates over one denominator: the least common multiple of their periods.
  int64_t common = 1;
  for (Part& part : parts) {
    for (v1::Rate* rate : {&part.from, &part.to}) {
      if (rate->per_ns() <= 0) rate->set_per_ns(1'000'000'000);
      if (static_cast<__int128>(rate->count()) * 1'000'000'000 >
          static_cast<__int128>(kMaxPerSecond) * rate->per_ns()) {
        return absl::InvalidArgumentError("a rate is over 10,000,000 a second");
      }
      common = std::lcm(common, rate->per_ns());
      if (common > kMaxCommonPeriodNs || common <= 0) {
        return absl::InvalidArgumentError(
            "the rates' periods have no common multiple under 1,000 hours: use the same unit");
      }
    }
  }
  ArrivalSchedule schedule;
  // An iteration is 2*common units: the factor 2 keeps the half of a ramp's triangle whole.
  schedule.unit_ = 2 * static_cast<__int128>(common);
  __int128 integral = 0;
  for (const Part& part : parts) {
    const auto units = [&](const v1::Rate& rate) {
      return 2 * static_cast<__int128>(rate.count()) * (common / rate.per_ns());
    };
    const Stage stage{schedule.length_, part.length, units(part.from), units(part.to), integral};
    schedule.stages_.push_back(stage);
    integral += (stage.from + stage.to) / 2 * stage.length;
    schedule.length_ += part.length;
  }
  schedule.count_ = schedule.CountBefore(schedule.length_);
  return schedule;
}

__int128 ArrivalSchedule::IntegralAt(int64_t t) const {
  t = std::clamp<int64_t>(t, 0, length_);
  const Stage* stage = nullptr;
  for (const Stage& candidate : stages_) {
    if (candidate.begin <= t) stage = &candidate;
  }
  if (stage == nullptr) return 0;
  const int64_t passed = t - stage->begin;
  __int128 integral = stage->integral + stage->from * passed;
  if (stage->to != stage->from) {
    // (to-from) * passed^2 / (2*length), in two steps so that nothing overflows; rounded down.
    const __int128 slope = (stage->to - stage->from) / 2;
    const __int128 first = slope * passed;
    const __int128 whole = first / stage->length;
    const __int128 rest = first % stage->length;
    integral += whole * passed;
    const __int128 tail = rest * passed;
    integral += tail / stage->length - (tail % stage->length < 0 ? 1 : 0);
  }
  return integral;
}

int64_t ArrivalSchedule::CountBefore(int64_t t) const {
  if (t <= 0 || length_ == 0) return 0;
  // Iterations whose integral is reached by t-1, the last nanosecond before t; iteration 0 needs
  // none.
  const __int128 integral = IntegralAt(std::min(t, length_) - 1);
  return static_cast<int64_t>(integral / unit_) + 1;
}

int64_t ArrivalSchedule::DueAt(int64_t iteration) const {
  const __int128 wanted = unit_ * iteration;
  // The last stage that begins before the integral has got there.
  const Stage* stage = nullptr;
  for (const Stage& candidate : stages_) {
    if (candidate.integral < wanted) stage = &candidate;
  }
  if (stage == nullptr) return 0;
  const __int128 rest = wanted - stage->integral;
  int64_t low = stage->begin;
  int64_t high = stage->begin + stage->length;
  if (stage->from == stage->to) {
    const __int128 passed = stage->from == 0 ? stage->length : (rest - 1) / stage->from + 1;
    return passed < stage->length ? low + static_cast<int64_t>(passed) : high;
  }
  // Where real numbers reach it, give or take a few nanoseconds; then exactly.
  const auto from = static_cast<long double>(stage->from);
  const long double slope =
      static_cast<long double>(stage->to - stage->from) / static_cast<long double>(stage->length);
  const auto units = static_cast<long double>(rest);
  const long double root = std::sqrt(std::max(from * from + 2 * slope * units, 0.0L));
  const long double passed =
      std::min(2 * units / (from + root), static_cast<long double>(stage->length));
  const int64_t guess = low + static_cast<int64_t>(passed);
  for (int64_t reach = 2;; reach *= 8) {
    const int64_t before = std::max(guess - reach, low);
    const int64_t after = std::min(guess + reach, high);
    const bool found = (before == low || IntegralAt(before) < wanted) &&
                       (after == high || IntegralAt(after) >= wanted);
    if (!found) continue;
    low = before;
    high = after;
    break;
  }
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (IntegralAt(middle) >= wanted) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

double ArrivalSchedule::RatePerSecondAt(int64_t t) const {
  for (const Stage& stage : stages_) {
    if (t < stage.begin || t >= stage.begin + stage.length) continue;
    const double share = static_cast<double>(t - stage.begin) / static_cast<double>(stage.length);
    const double units =
        static_cast<double>(stage.from) + static_cast<double>(stage.to - stage.from) * share;
    return units / static_cast<double>(unit_) * 1e9;
  }
  return 0;
}

}  // namespace rampart
