#include "agent/user/walk/feed_cursors.h"

#include <utility>

namespace rampart::agent {

absl::StatusOr<std::unique_ptr<FeedCursors>> FeedCursors::Make(const v1::Plan& plan,
                                                               std::shared_ptr<const Feeds> feeds,
                                                               const Place& place) {
  std::unique_ptr<FeedCursors> cursors(new FeedCursors(std::move(feeds)));
  for (const v1::Feed& feed : plan.feeds()) {
    absl::StatusOr<std::vector<FeedShare>> shares = FeedSharesOf(plan, feed.name(), place);
    if (!shares.ok()) return shares.status();
    FeedState& state = cursors->state_.emplace_back();
    state.feed = feed;
    for (FeedShare& share : *shares) state.cursors.push_back({.share = std::move(share)});
  }
  return cursors;
}

std::optional<size_t> FeedCursors::Next(const TakeStep& step, Script& script) {
  const size_t size = rows(step).size();
  const v1::FeedOrder order = feed(step).order();
  if (order == v1::RANDOM) return static_cast<size_t>(script.Draw() * static_cast<double>(size));
  Cursor& cursor = state_[step.feed].cursors[step.taker];
  const bool unique = order == v1::UNIQUE;
  // No share: a teardown on another agent than the first, which was lost.
  if (cursor.share.empty() && unique) return std::nullopt;
  const auto row =
      static_cast<size_t>(cursor.share.empty() ? cursor.taken : cursor.share.At(cursor.taken));
  if (unique && row >= size) return std::nullopt;
  ++cursor.taken;
  return row % size;
}

}  // namespace rampart::agent
