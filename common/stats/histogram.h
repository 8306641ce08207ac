// Histogram: counts of values in log-linear buckets; merging adds counts and loses nothing.
#ifndef RAMPART_COMMON_STATS_HISTOGRAM_H_
#define RAMPART_COMMON_STATS_HISTOGRAM_H_

#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "common/stats/exact_sum.h"
#include "rampart/v1/stats.pb.h"

namespace rampart {

// A bucket is the sign, the exponent and the top 9 bits of the mantissa of an IEEE-754 double: 512
// buckets an octave, over the whole range. The middle of a bucket is within 2^-10 (0.1 %) of every
// value in it. Count, sum, min and max are exact. Memory: a page of 128 buckets (1 KiB) for each
// quarter octave in use.
class Histogram {
 public:
  Histogram() = default;
  Histogram(Histogram&&) = default;
  Histogram& operator=(Histogram&&) = default;
  Histogram(const Histogram& other) { Merge(other); }
  Histogram& operator=(const Histogram& other) {
    if (this != &other) {
      Clear();
      Merge(other);
    }
    return *this;
  }

  // False, and nothing recorded, for NaN and infinities.
  bool Record(double value) {
    if (!std::isfinite(value)) return false;
    ++*Slot(KeyOf(value));
    ++count_;
    sum_.Add(value);
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
    return true;
  }

  void Merge(const Histogram& other);
  // Empties it; pages stay for the next values.
  void Clear();

  uint64_t count() const { return count_; }
  // 0 when empty, like the following.
  double Sum() const { return sum_.Value(); }
  double Min() const { return count_ == 0 ? 0 : min_; }
  double Max() const { return count_ == 0 ? 0 : max_; }
  double Mean() const { return count_ == 0 ? 0 : Sum() / static_cast<double>(count_); }
  // Nearest rank: the value whose rank is ceil(p/100 * count), at least 1; the middle of its
  // bucket, within [Min(), Max()]. `p` from 0 to 100.
  double Percentile(double p) const;

  // Calls f(key, count) for every bucket in use, in ascending order of value.
  template <typename F>
  void ForEachBucket(F f) const {
    for (const Page& page : pages_) {
      for (uint32_t i = 0; i < kPageBuckets; ++i) {
        if (page.counts[i] != 0) f(page.number * kPageBuckets + i, page.counts[i]);
      }
    }
  }

  // Keys ascend with the values: 2^21 of them.
  static uint32_t KeyOf(double value) {
    const auto bits = std::bit_cast<uint64_t>(value + 0.0);  // -0 is 0
    const auto top = static_cast<uint32_t>(bits >> kDroppedBits);
    return (top & kSignBit) != 0 ? kSignBit - 1 - (top & (kSignBit - 1)) : top | kSignBit;
  }
  static double MiddleOf(uint32_t key);

  void ToProto(v1::TrendDelta* out) const;
  // Adds a delta to this. All or nothing: a delta that contradicts itself is refused.
  absl::Status MergeProto(const v1::TrendDelta& delta);

  // Equal in every bucket and in count, sum, min and max.
  bool operator==(const Histogram& other) const;

 private:
  static constexpr int kDroppedBits = 43;  // of 52 mantissa bits 9 stay
  static constexpr uint32_t kSignBit = 1u << 20;
  static constexpr uint32_t kPageBuckets = 128;

  struct Page {
    uint32_t number;
    std::unique_ptr<uint64_t[]> counts;
  };

  uint64_t* Slot(uint32_t key) {
    const uint32_t number = key / kPageBuckets;
    if (last_ >= pages_.size() || pages_[last_].number != number) last_ = FindPage(number);
    return &pages_[last_].counts[key % kPageBuckets];
  }
  size_t FindPage(uint32_t number);

  std::vector<Page> pages_;  // by number
  size_t last_ = 0;          // the page of the last value: values come in clusters
  uint64_t count_ = 0;
  ExactSum sum_;
  double min_ = HUGE_VAL;
  double max_ = -HUGE_VAL;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_STATS_HISTOGRAM_H_
