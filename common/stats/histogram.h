// Histogram: counts of values in log-linear buckets; merging adds counts and loses nothing.
#ifndef RAMPART_COMMON_STATS_HISTOGRAM_H_
#define RAMPART_COMMON_STATS_HISTOGRAM_H_

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/stats/exact_sum.h"
#include "rampart/v1/stats.pb.h"

namespace rampart {

// A bucket is the sign, the exponent and the top 9 bits of the mantissa of an IEEE-754 double: 512
// buckets an octave, over the whole range. The middle of a bucket is within 2^-10 (0.1 %) of every
// value in it (below 2.3e-308, where doubles lose their own precision, within 2^-1031). Count, min
// and max are exact, the sum as ExactSum has it. Memory: a page of 64 buckets (272 bytes, and 256
// more once a bucket of it has 2^32 values) for each eighth of an octave in use, and 8 bytes for
// each eighth between the lowest and the highest; none for zeros. Refuses NaN and infinities.
class Histogram {
 public:
  Histogram() = default;
  Histogram(Histogram&& other) noexcept;
  Histogram& operator=(Histogram&& other) noexcept;
  Histogram(const Histogram& other) { Merge(other); }
  Histogram& operator=(const Histogram& other) {
    if (this != &other) {
      Clear();
      Merge(other);
    }
    return *this;
  }

  // False, and nothing recorded, for NaN and infinities. A few nanoseconds, and no memory once the
  // value's page exists.
  bool Record(double value) {
    if (!std::isfinite(value)) return false;
    AddToBucket(KeyOf(value), 1);
    ++count_;
    sum_.Add(value);
    Widen(value);
    return true;
  }
  bool Record(double value, uint64_t times) {
    if (!std::isfinite(value)) return false;
    if (times == 0) return true;
    AddToBucket(KeyOf(value), times);
    count_ += times;
    ExactSum one;
    one.Add(value);
    sum_.Merge(one.Times(times));
    Widen(value);
    return true;
  }

  void Merge(const Histogram& other);
  // Empties it; pages stay for the next values.
  void Clear();

  uint64_t count() const { return count_; }
  const ExactSum& sum() const { return sum_; }
  // 0 when empty, like the following.
  double Sum() const { return sum_.Value(); }
  double Min() const { return count_ == 0 ? 0 : min_; }
  double Max() const { return count_ == 0 ? 0 : max_; }
  double Mean() const { return count_ == 0 ? 0 : Sum() / static_cast<double>(count_); }
  // Nearest rank: the value whose rank is ceil(p/100 * count), at least 1. The first and the last
  // rank are Min() and Max(), the others the middle of their bucket, within [Min(), Max()].
  // `p` from 0 to 100, read to a millionth.
  double Percentile(double p) const;
  // Where the percentile of all lies when up to `missing` more values were measured and are not
  // known: between two known ranks, or beyond the known values (infinite).
  std::pair<double, double> PercentileWithin(double p, uint64_t missing) const;

  // Calls f(key, count) for every bucket in use, in ascending order of value.
  template <typename F>
  void ForEachBucket(F f) const {
    bool zeros_due = zeros_ != 0;
    for (size_t i = 0; i < pages_.size(); ++i) {
      if (pages_[i] == nullptr) continue;
      const uint32_t begin = (first_page_ + static_cast<uint32_t>(i)) * kPageBuckets;
      for (uint64_t used = pages_[i]->used; used != 0; used &= used - 1) {
        const auto bucket = static_cast<uint32_t>(std::countr_zero(used));
        if (zeros_due && begin + bucket > kZeroKey) {
          f(kZeroKey, zeros_);
          zeros_due = false;
        }
        f(begin + bucket, pages_[i]->Count(bucket));
      }
    }
    if (zeros_due) f(kZeroKey, zeros_);
  }

  // Keys ascend with the values: there are 2^21. For a finite value.
  static uint32_t KeyOf(double value) {
    const auto bits = std::bit_cast<uint64_t>(value + 0.0);  // -0 is 0
    const auto top = static_cast<uint32_t>(bits >> kDroppedBits);
    return (top & kSignBit) != 0 ? kSignBit - 1 - (top & (kSignBit - 1)) : top | kSignBit;
  }
  // The middle of a bucket; 0 for the bucket of 0.
  static double MiddleOf(uint32_t key);

  // What the buckets take, in bytes.
  size_t MemoryBytes() const;

  // More than any agent measures in a flush; keeps counts far from their end.
  static constexpr uint64_t kMaxDeltaCount = uint64_t{1} << 40;

  void ToProto(v1::TrendDelta* out) const;
  // Adds a delta to this. All or nothing: a delta that contradicts itself is refused.
  absl::Status MergeProto(const v1::TrendDelta& delta);
  // The two halves of it: Add takes only what Check found right, and reads it straight into the
  // buckets.
  static absl::Status Check(const v1::TrendDelta& delta);
  void Add(const v1::TrendDelta& delta);

  // Equal in every bucket and in count, sum, min and max.
  bool operator==(const Histogram& other) const;

 private:
  static constexpr int kDroppedBits = 43;  // of 52 mantissa bits 9 stay
  static constexpr uint32_t kSignBit = 1u << 20;
  static constexpr uint32_t kKeys = 2 * kSignBit;
  static constexpr uint32_t kZeroKey = kSignBit;
  static constexpr uint32_t kPageBuckets = 64;

  // Counts in two halves: the upper ones are hardly ever there, and the lower ones of all
  // histograms of a run have to fit into a processor's cache.
  struct Page {
    uint64_t used = 0;  // a bit for each bucket that is not 0
    uint32_t low[kPageBuckets] = {};
    std::unique_ptr<uint32_t[]> high;  // null: all are 0

    uint64_t Count(uint32_t bucket) const {
      return low[bucket] | (high == nullptr ? 0 : uint64_t{high[bucket]} << 32);
    }
    void Add(uint32_t bucket, uint64_t times) {
      used |= uint64_t{1} << bucket;
      const uint64_t sum = low[bucket] + (times & UINT32_MAX);
      low[bucket] = static_cast<uint32_t>(sum);
      const uint64_t carry = (times >> 32) + (sum >> 32);
      if (carry != 0) Carry(bucket, carry);
    }
    void Carry(uint32_t bucket, uint64_t carry);
  };

  void AddToBucket(uint32_t key, uint64_t times) {
    // Zeros are common (a kept connection connects in no time) and far from everything else.
    if (key == kZeroKey) {
      zeros_ += times;
      return;
    }
    Page* page = PageOf(key / kPageBuckets);
    page->Add(key % kPageBuckets, times);
  }
  Page* PageOf(uint32_t number) {
    const uint32_t at = number - first_page_;  // wraps around below first_page_
    Page* page = at < pages_.size() ? pages_[at].get() : nullptr;
    return page != nullptr ? page : MakePage(number);
  }
  Page* MakePage(uint32_t number);
  static uint64_t RankOf(double p, uint64_t count);
  double AtRank(uint64_t rank) const;  // 1 to count_
  void Widen(double value) {
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
  }

  std::vector<std::unique_ptr<Page>> pages_;  // from first_page_ on; null where nothing was
  uint32_t first_page_ = 0;
  uint64_t zeros_ = 0;
  uint64_t count_ = 0;
  ExactSum sum_;
  double min_ = HUGE_VAL;
  double max_ = -HUGE_VAL;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_STATS_HISTOGRAM_H_
