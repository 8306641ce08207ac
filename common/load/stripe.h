// Stripes: how indexes 0, 1, 2, ... (users, iterations) are shared over agents by weight.
//
// The owner of an index repeats with the period W, the sum of the weights. Within a period the
// owners come from an earliest-deadline-first schedule: the j-th index of an agent with weight w
// may lie from floor(j*W/w) to ceil((j+1)*W/w) - 1. So of every prefix of n indexes an agent owns
// n*w/W give or take less than one (Tijdeman, "The chairman assignment problem", 1980), and
// together they own each exactly once.
#ifndef RAMPART_COMMON_LOAD_STRIPE_H_
#define RAMPART_COMMON_LOAD_STRIPE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"

namespace rampart {

// One owner's share: a rising sequence of indexes. Cheap to copy.
class Stripe {
 public:
  // Every index.
  static Stripe Whole();
  // No index at all.
  static Stripe None();

  // How many own indexes are below `n`.
  int64_t CountBefore(int64_t n) const;
  // The k-th own index, k from 0. The stripe must not be empty.
  int64_t At(int64_t k) const;
  bool Contains(int64_t index) const { return CountBefore(index) < CountBefore(index + 1); }
  bool empty() const {
    return pattern_->positions.empty() || (outer_ != nullptr && outer_->empty());
  }

  // This stripe dealt in turn over `parts`: the k-th index goes to part k % parts.
  Stripe Part(int part, int parts) const;
  // Of `outer` those whose number there is an index of this: a share dealt out once more.
  Stripe Of(const Stripe& outer) const;

 private:
  friend class Stripes;

  bool whole() const {
    return outer_ == nullptr && pattern_ == Whole().pattern_ && first_ == 0 && step_ == 1;
  }

  // Own positions within one period.
  struct Pattern {
    int64_t period;
    std::vector<int64_t> positions;
  };

  explicit Stripe(std::shared_ptr<const Pattern> pattern) : pattern_(std::move(pattern)) {}

  std::shared_ptr<const Pattern> pattern_;
  // The own indexes are those of the pattern whose number is first_ + k*step_.
  int64_t first_ = 0;
  int64_t step_ = 1;
  std::shared_ptr<const Stripe> outer_;  // null: of all indexes
};

class Stripes {
 public:
  static constexpr int64_t kMaxPeriod = 65'536;

  // An agent with weight 0 owns nothing. Weights are scaled down where their sum is over
  // kMaxPeriod. Fails without agents and when all weights are 0.
  static absl::StatusOr<Stripes> Make(std::vector<uint32_t> weights);

  int agents() const { return static_cast<int>(patterns_.size()); }
  int OwnerOf(int64_t index) const;
  Stripe Of(int agent) const { return Stripe(patterns_[static_cast<size_t>(agent)]); }

 private:
  std::vector<int> owners_;  // of one period
  std::vector<std::shared_ptr<const Stripe::Pattern>> patterns_;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_LOAD_STRIPE_H_
