// FeedShare: which rows of a feed are those of one engine thread of one agent.
#ifndef RAMPART_COMMON_FEED_FEED_SHARE_H_
#define RAMPART_COMMON_FEED_FEED_SHARE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/load/share.h"
#include "common/load/stripe.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

// Who takes rows: setup, teardown, or a scenario (kFirstScenario and its number in the plan).
inline constexpr size_t kSetupTaker = 0;
inline constexpr size_t kTeardownTaker = 1;
inline constexpr size_t kFirstScenario = 2;

// Rows are dealt to the takers in cycles of one row a user (setup and teardown are one user), so in
// proportion to their most users. Within a scenario row j goes to where user j % users is, or, of
// an arrival rate, to where arrival j is: where users take a row an iteration, rows and iterations
// come out even. Taken over all places and takers every index 0, 1, 2, ... is there exactly once,
// and no row is lost to a place without users.
class FeedShare {
 public:
  // The place has none.
  FeedShare() = default;

  bool empty() const { return in_cycle_ == 0; }
  // The index of the k-th own row, k from 0; rises with k, has no end. Must not be empty.
  int64_t At(int64_t k) const;

 private:
  friend absl::StatusOr<std::vector<FeedShare>> FeedSharesOf(const v1::Plan& plan,
                                                             const std::string& feed,
                                                             const Place& place);

  Stripe stripe_ = Stripe::Whole();
  int64_t in_cycle_ = 0;  // own users in a cycle; of an arrival rate 1
  int64_t users_ = 1;     // of the taker
  bool arrivals_ = false;
  int64_t offset_ = 0;  // of the taker's rows in a cycle
  int64_t cycle_ = 1;   // users of all takers
};

// By taker; empty for those that do not take from this feed.
absl::StatusOr<std::vector<FeedShare>> FeedSharesOf(const v1::Plan& plan, const std::string& feed,
                                                    const Place& place);

}  // namespace rampart

#endif  // RAMPART_COMMON_FEED_FEED_SHARE_H_
