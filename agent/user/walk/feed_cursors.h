// FeedCursors: which row a thread's users take next from each feed.
#ifndef RAMPART_AGENT_USER_WALK_FEED_CURSORS_H_
#define RAMPART_AGENT_USER_WALK_FEED_CURSORS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/user/compiled/take_step.h"
#include "common/feed/feed_share.h"
#include "common/feed/feeds.h"
#include "common/load/share.h"
#include "common/script/script.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::agent {

// Of one thread.
class FeedCursors {
 public:
  // `feeds` are the plan's, `place` is the thread's.
  static absl::StatusOr<std::unique_ptr<FeedCursors>> Make(const v1::Plan& plan,
                                                           std::shared_ptr<const Feeds> feeds,
                                                           const Place& place);

  // The number of the row that this step takes; nothing when the feed's order is `unique` and none
  // is left here.
  std::optional<size_t> Next(const TakeStep& step, Script& script);

  const FeedRows& rows(const TakeStep& step) const { return feeds_->rows(step.feed); }
  const v1::Feed& feed(const TakeStep& step) const { return state_[step.feed].feed; }

 private:
  struct Cursor {
    FeedShare share;
    int64_t taken = 0;
  };
  struct FeedState {
    v1::Feed feed;
    std::vector<Cursor> cursors;  // by taker
  };

  explicit FeedCursors(std::shared_ptr<const Feeds> feeds) : feeds_(std::move(feeds)) {}

  std::shared_ptr<const Feeds> feeds_;
  std::vector<FeedState> state_;  // by feed
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_WALK_FEED_CURSORS_H_
