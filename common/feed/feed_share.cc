#include "common/feed/feed_share.h"

#include <algorithm>
#include <utility>

#include "common/plan/each_message.h"

namespace rampart {
namespace {

bool Takes(const google::protobuf::RepeatedPtrField<v1::Step>& steps, const std::string& feed) {
  bool takes = false;
  for (const v1::Step& step : steps) {
    ForEachMessage(step, [&](const google::protobuf::Message& message) {
      const auto* take = dynamic_cast<const v1::Take*>(&message);
      takes = takes || (take != nullptr && take->from() == feed);
    });
  }
  return takes;
}

}  // namespace

int64_t FeedShare::At(int64_t k) const {
  // Of the taker's own rows.
  const int64_t row =
      arrivals_ ? stripe_.At(k) : k / in_cycle_ * users_ + stripe_.At(k % in_cycle_);
  return row / users_ * cycle_ + offset_ + row % users_;
}

absl::StatusOr<std::vector<FeedShare>> FeedSharesOf(const v1::Plan& plan, const std::string& feed,
                                                    const Place& place) {
  std::vector<FeedShare> shares(kFirstScenario + static_cast<size_t>(plan.scenarios_size()));
  int64_t cycle = 0;
  const auto add = [&](FeedShare share, int64_t users) {
    share.users_ = users;
    share.offset_ = cycle;
    cycle += users;
    return share;
  };
  const auto aside = [&](const google::protobuf::RepeatedPtrField<v1::Step>& steps) {
    FeedShare share;
    if (!Takes(steps, feed)) return share;
    share.in_cycle_ = place.agent == 0 && place.thread == 0 ? 1 : 0;
    return add(std::move(share), 1);
  };
  shares[kSetupTaker] = aside(plan.setup());
  shares[kTeardownTaker] = aside(plan.teardown());
  for (int i = 0; i < plan.scenarios_size(); ++i) {
    const v1::Scenario& scenario = plan.scenarios(i);
    if (!Takes(scenario.steps(), feed)) continue;
    absl::StatusOr<Share> own = ShareOf(scenario.load(), place);
    if (!own.ok()) return own.status();
    const int64_t users = std::max<int64_t>(MostUsers(scenario.load()), 1);
    FeedShare share;
    if (IsArrivalRate(scenario.load())) {
      share.arrivals_ = true;
      share.in_cycle_ = own->arrivals.has_value() ? 1 : 0;
      if (own->arrivals) share.stripe_ = *own->arrivals;
    } else {
      share.stripe_ = own->users;
      share.in_cycle_ = own->users.empty() ? 0 : own->users.CountBefore(users);
    }
    shares[kFirstScenario + static_cast<size_t>(i)] = add(std::move(share), users);
  }
  for (FeedShare& share : shares) share.cycle_ = std::max<int64_t>(cycle, 1);
  return shares;
}

}  // namespace rampart
