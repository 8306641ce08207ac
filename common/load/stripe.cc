#include "common/load/stripe.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <tuple>
#include <utility>

#include "absl/status/status.h"

namespace rampart {

Stripe Stripe::Whole() {
  static const auto& pattern =
      *new std::shared_ptr<const Pattern>(new Pattern{.period = 1, .positions = {0}});
  return Stripe(pattern);
}

Stripe Stripe::None() {
  static const auto& pattern =
      *new std::shared_ptr<const Pattern>(new Pattern{.period = 1, .positions = {}});
  return Stripe(pattern);
}

int64_t Stripe::CountBefore(int64_t n) const {
  if (n <= 0 || empty()) return 0;
  if (outer_ != nullptr) n = outer_->CountBefore(n);
  const auto& positions = pattern_->positions;
  const int64_t whole = n / pattern_->period;
  const int64_t in_last =
      std::lower_bound(positions.begin(), positions.end(), n % pattern_->period) -
      positions.begin();
  const int64_t count = whole * static_cast<int64_t>(positions.size()) + in_last;
  return count <= first_ ? 0 : (count - first_ + step_ - 1) / step_;
}

int64_t Stripe::At(int64_t k) const {
  const int64_t number = first_ + k * step_;
  const auto size = static_cast<int64_t>(pattern_->positions.size());
  const int64_t index =
      number / size * pattern_->period + pattern_->positions[static_cast<size_t>(number % size)];
  return outer_ == nullptr ? index : outer_->At(index);
}

Stripe Stripe::Part(int part, int parts) const {
  Stripe dealt = *this;
  dealt.first_ = first_ + part * step_;
  dealt.step_ = step_ * parts;
  return dealt;
}

Stripe Stripe::Of(const Stripe& outer) const {
  // Nothing to look through each time that an arrival is due.
  if (outer.whole()) return *this;
  Stripe dealt = *this;
  dealt.outer_ = std::make_shared<const Stripe>(outer_ == nullptr ? outer : outer_->Of(outer));
  return dealt;
}

absl::StatusOr<Stripes> Stripes::Make(std::vector<uint32_t> weights) {
  int64_t sum = 0;
  uint32_t divisor = 0;
  for (const uint32_t weight : weights) {
    sum += weight;
    divisor = std::gcd(divisor, weight);
  }
  if (sum == 0) return absl::InvalidArgumentError("no agent has a weight over 0 to share over");
  if (static_cast<int64_t>(weights.size()) > kMaxPeriod / 2) {
    return absl::InvalidArgumentError("too many agents to share over");
  }
  std::vector<int64_t> scaled;
  int64_t period = 0;
  const bool too_fine = sum / divisor > kMaxPeriod;
  const int64_t spare = kMaxPeriod - static_cast<int64_t>(weights.size());
  for (const uint32_t weight : weights) {
    // Rounded down, but no agent with a weight is left without a share.
    scaled.push_back(weight == 0 ? 0
                     : too_fine  ? std::max<int64_t>(1, weight * spare / sum)
                                 : weight / divisor);
    period += scaled.back();
  }

  struct Job {
    int64_t deadline;
    int64_t release;
    int agent;
    int64_t number;
    bool operator>(const Job& other) const {
      return std::tie(deadline, agent) > std::tie(other.deadline, other.agent);
    }
  };
  const auto job = [&](int agent, int64_t number) {
    const int64_t weight = scaled[static_cast<size_t>(agent)];
    return Job{((number + 1) * period + weight - 1) / weight, number * period / weight, agent,
               number};
  };
  const auto later_release = [](const Job& a, const Job& b) {
    return std::tie(a.release, a.agent) > std::tie(b.release, b.agent);
  };
  std::priority_queue<Job, std::vector<Job>, decltype(later_release)> waiting(later_release);
  std::priority_queue<Job, std::vector<Job>, std::greater<>> released;
  for (int agent = 0; agent < static_cast<int>(scaled.size()); ++agent) {
    if (scaled[static_cast<size_t>(agent)] > 0) waiting.push(job(agent, 0));
  }
  Stripes stripes;
  std::vector<std::shared_ptr<Stripe::Pattern>> patterns;
  for (size_t i = 0; i < scaled.size(); ++i) {
    patterns.push_back(std::make_shared<Stripe::Pattern>(Stripe::Pattern{period, {}}));
  }
  for (int64_t position = 0; position < period; ++position) {
    while (!waiting.empty() && waiting.top().release <= position) {
      released.push(waiting.top());
      waiting.pop();
    }
    // Never empty: before `position` at most `position` jobs were due, and releases keep up with
    // them.
    const Job next = released.top();
    released.pop();
    stripes.owners_.push_back(next.agent);
    patterns[static_cast<size_t>(next.agent)]->positions.push_back(position);
    if (next.number + 1 < scaled[static_cast<size_t>(next.agent)]) {
      waiting.push(job(next.agent, next.number + 1));
    }
  }
  stripes.patterns_.assign(patterns.begin(), patterns.end());
  return stripes;
}

int Stripes::OwnerOf(int64_t index) const {
  return owners_[static_cast<size_t>(index % static_cast<int64_t>(owners_.size()))];
}

}  // namespace rampart
