#include "common/stats/histogram.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
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

// Reads the packed counts of a delta, bucket by bucket.
class BucketReader {
 public:
  explicit BucketReader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  bool done() const { return at_ == end_; }
  // False when it is cut short or no number.
  bool Next(uint64_t* gap, uint64_t* count) {
    // Nearly all are a byte each.
    if (end_ - at_ >= 2 && ((at_[0] | at_[1]) & 0x80) == 0) {
      *gap = static_cast<unsigned char>(at_[0]);
      *count = static_cast<unsigned char>(at_[1]);
      at_ += 2;
      return true;
    }
    return Varint(gap) && Varint(count);
  }

 private:
  bool Varint(uint64_t* value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) return false;
      const auto byte = static_cast<unsigned char>(*at_++);
      if (shift == 63 && byte > 1) return false;  // over 64 bits
      *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return true;
    }
    return false;
  }

  const char* at_;
  const char* const end_;
};

}  // namespace

Histogram::Histogram(Histogram&& other) noexcept { *this = std::move(other); }

Histogram& Histogram::operator=(Histogram&& other) noexcept {
  if (this == &other) return *this;
  pages_ = std::move(other.pages_);
  first_page_ = other.first_page_;
  zeros_ = other.zeros_;
  count_ = other.count_;
  sum_ = other.sum_;
  min_ = other.min_;
  max_ = other.max_;
  other.pages_.clear();
  other.Clear();
  return *this;
}

void Histogram::Page::Carry(uint32_t bucket, uint64_t carry) {
  if (high == nullptr) high = std::make_unique<uint32_t[]>(kPageBuckets);
  high[bucket] += static_cast<uint32_t>(carry);
}

Histogram::Page* Histogram::MakePage(uint32_t number) {
  if (pages_.empty()) {
    first_page_ = number;
    pages_.resize(1);
  } else if (number < first_page_) {
    std::vector<std::unique_ptr<Page>> pages(first_page_ - number);
    std::move(pages_.begin(), pages_.end(), std::back_inserter(pages));
    pages_ = std::move(pages);
    first_page_ = number;
  } else if (number - first_page_ >= pages_.size()) {
    pages_.resize(number - first_page_ + 1);
  }
  std::unique_ptr<Page>& page = pages_[number - first_page_];
  if (page == nullptr) page = std::make_unique<Page>();
  return page.get();
}

void Histogram::Merge(const Histogram& other) {
  for (size_t i = 0; i < other.pages_.size(); ++i) {
    const Page* from = other.pages_[i].get();
    if (from == nullptr || from->used == 0) continue;
    Page* to = MakePage(other.first_page_ + static_cast<uint32_t>(i));
    for (uint64_t used = from->used; used != 0; used &= used - 1) {
      const auto bucket = static_cast<uint32_t>(std::countr_zero(used));
      to->Add(bucket, from->Count(bucket));
    }
  }
  zeros_ += other.zeros_;
  count_ += other.count_;
  sum_.Merge(other.sum_);
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

void Histogram::Clear() {
  for (const std::unique_ptr<Page>& page : pages_) {
    if (page == nullptr) continue;
    for (uint64_t used = page->used; used != 0; used &= used - 1) {
      page->low[std::countr_zero(used)] = 0;
    }
    page->used = 0;
    page->high.reset();
  }
  zeros_ = 0;
  count_ = 0;
  sum_ = {};
  min_ = HUGE_VAL;
  max_ = -HUGE_VAL;
}

size_t Histogram::MemoryBytes() const {
  size_t bytes = pages_.capacity() * sizeof(pages_[0]);
  for (const std::unique_ptr<Page>& page : pages_) {
    if (page == nullptr) continue;
    bytes += sizeof(Page) + (page->high == nullptr ? 0 : sizeof(page->low));
  }
  return bytes;
}

double Histogram::MiddleOf(uint32_t key) {
  if (key == kZeroKey) return 0;
  const uint32_t top =
      (key & kSignBit) != 0 ? key & (kSignBit - 1) : kSignBit | (kSignBit - 1 - key);
  const uint64_t low = static_cast<uint64_t>(top) << kDroppedBits;
  return std::bit_cast<double>(low | uint64_t{1} << (kDroppedBits - 1));
}

uint64_t Histogram::RankOf(double p, uint64_t count) {
  // In integers: 0.55 * 100 is more than 55 in doubles, and its ceiling the wrong rank.
  constexpr uint64_t kWhole = 100'000'000;  // 100 %, in millionths of a percent
  const auto share = static_cast<uint64_t>(std::llround(std::clamp(p, 0.0, 100.0) * 1e6));
  const auto exact = (static_cast<unsigned __int128>(share) * count + kWhole - 1) / kWhole;
  return std::max<uint64_t>(1, static_cast<uint64_t>(exact));
}

double Histogram::AtRank(uint64_t rank) const {
  // The first and the last value are known exactly.
  if (rank == 1) return min_;
  if (rank == count_) return max_;
  uint64_t below = 0;
  uint32_t found = 0;
  bool done = false;
  ForEachBucket([&](uint32_t key, uint64_t count) {
    if (done) return;
    below += count;
    found = key;
    done = below >= rank;
  });
  return std::clamp(MiddleOf(found), min_, max_);
}

double Histogram::Percentile(double p) const { return count_ == 0 ? 0 : AtRank(RankOf(p, count_)); }

std::pair<double, double> Histogram::PercentileWithin(double p, uint64_t missing) const {
  const uint64_t rank = RankOf(p, count_ + missing);
  // All that is missing may be below it, or above.
  return {rank > missing ? AtRank(rank - missing) : -HUGE_VAL,
          rank <= count_ ? AtRank(rank) : HUGE_VAL};
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

absl::Status Histogram::Check(const v1::TrendDelta& delta) {
  const auto refuse = [](const char* why) {
    return absl::InvalidArgumentError(std::string("histogram delta: ") + why);
  };
  if (delta.count() == 0) {
    return delta.buckets().empty() ? absl::OkStatus() : refuse("buckets without a count");
  }
  if (delta.count() > kMaxDeltaCount) return refuse("more values than anybody can have measured");
  if (!std::isfinite(delta.min()) || !std::isfinite(delta.max()) || delta.min() > delta.max()) {
    return refuse("min and max are not a range");
  }
  BucketReader bytes(delta.buckets());
  uint64_t key = 0;
  uint64_t total = 0;
  uint64_t lowest = 0;
  while (!bytes.done()) {
    uint64_t gap = 0;
    uint64_t count = 0;
    if (!bytes.Next(&gap, &count)) return refuse("cut short");
    if (gap == 0 && total != 0) return refuse("a bucket twice");
    if (gap >= kKeys || key + gap >= kKeys) return refuse("a bucket out of range");
    if (count == 0 || count > delta.count() - total) return refuse("counts do not add up");
    key += gap;
    if (total == 0) lowest = key;
    total += count;
  }
  if (total != delta.count()) return refuse("counts do not add up");
  // Also keeps the keys that only NaN and infinities have away: they would be the outermost.
  if (lowest != KeyOf(delta.min()) || key != KeyOf(delta.max())) {
    return refuse("min or max is not in the outermost bucket");
  }
  return absl::OkStatus();
}

void Histogram::Add(const v1::TrendDelta& delta) {
  if (delta.count() == 0) return;
  BucketReader bytes(delta.buckets());
  uint64_t key = 0;
  uint64_t gap = 0;
  uint64_t times = 0;
  uint64_t number = UINT64_MAX;  // of the page
  Page* page = nullptr;
  while (!bytes.done() && bytes.Next(&gap, &times)) {
    key += gap;
    if (key == kZeroKey) {
      zeros_ += times;
      continue;
    }
    // Keys ascend: several in a row are of one page.
    if (key / kPageBuckets != number) {
      number = key / kPageBuckets;
      page = PageOf(static_cast<uint32_t>(number));
    }
    page->Add(static_cast<uint32_t>(key % kPageBuckets), times);
  }
  count_ += delta.count();
  sum_.Merge(ExactSum::FromProto(delta.sum()));
  min_ = std::min(min_, delta.min());
  max_ = std::max(max_, delta.max());
}

absl::Status Histogram::MergeProto(const v1::TrendDelta& delta) {
  if (count_ > UINT64_MAX - kMaxDeltaCount) {
    return absl::InvalidArgumentError("histogram: there is no room for more values");
  }
  if (absl::Status status = Check(delta); !status.ok()) return status;
  Add(delta);
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
