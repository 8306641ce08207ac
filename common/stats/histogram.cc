#include "common/stats/histogram.h"

#include <algorithm>
#include <utility>

namespace rampart {
namespace {

void AppendVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

bool ReadVarint(std::string_view* bytes, uint64_t* value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (bytes->empty()) return false;
    const auto byte = static_cast<unsigned char>(bytes->front());
    bytes->remove_prefix(1);
    *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

}  // namespace

size_t Histogram::FindPage(uint32_t number) {
  const auto found =
      std::lower_bound(pages_.begin(), pages_.end(), number,
                       [](const Page& page, uint32_t wanted) { return page.number < wanted; });
  if (found != pages_.end() && found->number == number) {
    return static_cast<size_t>(found - pages_.begin());
  }
  const auto made = pages_.insert(found, {number, std::make_unique<uint64_t[]>(kPageBuckets)});
  return static_cast<size_t>(made - pages_.begin());
}

void Histogram::Merge(const Histogram& other) {
  for (const Page& page : other.pages_) {
    uint64_t* counts = nullptr;
    for (uint32_t i = 0; i < kPageBuckets; ++i) {
      if (page.counts[i] == 0) continue;
      if (counts == nullptr) counts = pages_[FindPage(page.number)].counts.get();
      counts[i] += page.counts[i];
    }
  }
  count_ += other.count_;
  sum_.Merge(other.sum_);
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

void Histogram::Clear() {
  for (Page& page : pages_) std::fill_n(page.counts.get(), kPageBuckets, 0);
  count_ = 0;
  sum_ = {};
  min_ = HUGE_VAL;
  max_ = -HUGE_VAL;
}

double Histogram::MiddleOf(uint32_t key) {
  const uint32_t top =
      (key & kSignBit) != 0 ? key & (kSignBit - 1) : kSignBit | (kSignBit - 1 - key);
  const uint64_t low = static_cast<uint64_t>(top) << kDroppedBits;
  return std::bit_cast<double>(low | uint64_t{1} << (kDroppedBits - 1));
}

double Histogram::Percentile(double p) const {
  if (count_ == 0) return 0;
  const double exact = std::ceil(p / 100 * static_cast<double>(count_));
  const uint64_t rank = exact < 1 ? 1 : std::min(static_cast<uint64_t>(exact), count_);
  // The first and the last value are known exactly.
  if (rank == 1) return min_;
  if (rank == count_) return max_;
  uint64_t below = 0;
  for (const Page& page : pages_) {
    for (uint32_t i = 0; i < kPageBuckets; ++i) {
      below += page.counts[i];
      if (below >= rank) {
        return std::clamp(MiddleOf(page.number * kPageBuckets + i), min_, max_);
      }
    }
  }
  return max_;
}

void Histogram::ToProto(v1::TrendDelta* out) const {
  out->set_count(count_);
  sum_.ToProto(out->mutable_sum());
  out->set_min(Min());
  out->set_max(Max());
  std::string* bytes = out->mutable_buckets();
  bytes->clear();
  uint32_t last = 0;
  ForEachBucket([&](uint32_t key, uint64_t count) {
    AppendVarint(key - last, bytes);
    AppendVarint(count, bytes);
    last = key;
  });
}

absl::Status Histogram::MergeProto(const v1::TrendDelta& delta) {
  const auto refuse = [](const char* why) {
    return absl::InvalidArgumentError(std::string("histogram delta: ") + why);
  };
  if (delta.count() == 0) {
    return delta.buckets().empty() ? absl::OkStatus() : refuse("buckets without a count");
  }
  if (!std::isfinite(delta.min()) || !std::isfinite(delta.max()) || delta.min() > delta.max()) {
    return refuse("min and max are not a range");
  }
  Histogram read;
  std::string_view bytes = delta.buckets();
  uint64_t key = 0;
  uint64_t total = 0;
  bool first = true;
  while (!bytes.empty()) {
    uint64_t gap = 0;
    uint64_t count = 0;
    if (!ReadVarint(&bytes, &gap) || !ReadVarint(&bytes, &count)) return refuse("cut short");
    if (gap == 0 && !first) return refuse("a bucket twice");
    if (gap >= 2 * kSignBit || key + gap >= 2 * kSignBit) return refuse("a bucket out of range");
    if (count == 0 || count > delta.count() - total) return refuse("counts do not add up");
    key += gap;
    total += count;
    *read.Slot(static_cast<uint32_t>(key)) += count;
    first = false;
  }
  if (total != delta.count()) return refuse("counts do not add up");
  read.count_ = delta.count();
  read.sum_ = ExactSum::FromProto(delta.sum());
  read.min_ = delta.min();
  read.max_ = delta.max();
  if (*read.Slot(KeyOf(read.min_)) == 0 || *read.Slot(KeyOf(read.max_)) == 0) {
    return refuse("min or max is in an empty bucket");
  }
  Merge(read);
  return absl::OkStatus();
}

bool Histogram::operator==(const Histogram& other) const {
  if (count_ != other.count_ || !(sum_ == other.sum_) || Min() != other.Min() ||
      Max() != other.Max()) {
    return false;
  }
  const auto buckets = [](const Histogram& histogram) {
    std::vector<std::pair<uint32_t, uint64_t>> all;
    histogram.ForEachBucket([&all](uint32_t key, uint64_t count) { all.emplace_back(key, count); });
    return all;
  };
  return buckets(*this) == buckets(other);
}

}  // namespace rampart
