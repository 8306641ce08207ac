// How a Fleet takes in an agent while the load runs, and how what the others load comes to it.
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/fleet/fleet.h"

namespace rampart::controller {

absl::Status Fleet::MayJoinLate() const {
  for (const v1::Feed& feed : options_.plan.feeds()) {
    if (feed.order() != v1::UNIQUE) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("the load runs, and the rows of the feed ", feed.name(),
                     ", each of which is used once, are dealt to the agents it began with"));
  }
  return absl::OkStatus();
}

void Fleet::JoinLate(AgentSeat& seat) {
  seat.late = true;
  weights_.push_back(WeightOf(seat));
  board_->Add();
  order_->Add();
  actions_.emplace_back(AgentJoined{seat.index, seat.hello, 0, true});
  SetState(seat, "preparing");
  RemindLate(seat);
}

void Fleet::RemindLate(AgentSeat& seat) {
  v1::ControllerMessage message;
  if (!seat.ready) {
    message = PrepareOf(seat);
  } else if (!seat.armed) {
    message.mutable_arm()->set_setup_data(setup_data_);
  } else {
    return SendPing(seat);
  }
  Send(seat, std::move(message));
}

void Fleet::StartLate(AgentSeat& seat) {
  seat.started = true;
  SetState(seat, "running");
  Remind(seat);
  ShareWith(seat);
}

void Fleet::ShareWith(AgentSeat& seat) {
  bool orphans = false;
  for (AgentSeat& lost : roster_.seats()) {
    if (lost.live() || lost.holds.empty()) continue;
    orphans = true;
    DealOut(TakeAway(lost), {&seat}, lost.out_ns);
  }
  if (orphans) return;

  const uint32_t own = weights_[static_cast<size_t>(seat.index)];
  uint64_t all = 0;
  for (const AgentSeat* heir : Heirs()) all += weights_[static_cast<size_t>(heir->index)];
  for (AgentSeat* from : Heirs()) {
    const bool crumbs = std::ranges::any_of(from->holds, [](const HeldShare& holding) {
      return holding.share.again_size() >= kMaxDealings;
    });
    if (from == &seat || from->drained || from->holds.empty() || crumbs) continue;
    GivenShare& give = from->gives.emplace_back();
    give.number = ++from->takes;
    give.to = seat.index;
    give.keep.set_agent(0);
    give.keep.add_weights(
        static_cast<uint32_t>(std::min<uint64_t>(all - own, std::numeric_limits<uint32_t>::max())));
    give.keep.add_weights(own);
    for (HeldShare& holding : from->holds) {
      *give.shares.emplace_back(holding.share).add_again() = give.keep;
      give.shares.back().mutable_again()->rbegin()->set_agent(1);
      *holding.share.add_again() = give.keep;
    }
    SendGive(*from, give);
  }
}

void Fleet::SendGive(const AgentSeat& seat, const GivenShare& give) {
  v1::ControllerMessage message;
  message.mutable_give()->set_number(give.number);
  *message.mutable_give()->mutable_keep() = give.keep;
  Send(seat, std::move(message));
}

void Fleet::OnGiven(AgentSeat& seat, const v1::Given& given) {
  if (phase_ == Phase::kRunning && seat.live()) Release(seat, given.number(), now_ns_);
}

void Fleet::Release(AgentSeat& from, uint64_t number, int64_t at_ns) {
  std::vector<GivenShare> ended;
  std::erase_if(from.gives, [&](GivenShare& give) {
    if (give.number > number) return false;
    ended.push_back(std::move(give));
    return true;
  });
  for (const GivenShare& give : ended) {
    AgentSeat& to = roster_.seats()[static_cast<size_t>(give.to)];
    if (to.live()) {
      DealOut(give.shares, {&to}, at_ns);
    } else if (options_.loss_policy == LossPolicy::kRebalance) {
      DealOut(give.shares, Heirs(), at_ns);
    } else {
      for (const v1::Assignment& share : give.shares) to.holds.push_back({share, 0, at_ns, 0});
    }
  }
}

void Fleet::RemindShares(const AgentSeat& seat) {
  size_t give = 0;
  const auto give_before = [&](uint64_t number) {
    for (; give < seat.gives.size() && seat.gives[give].number < number; ++give) {
      SendGive(seat, seat.gives[give]);
    }
  };
  for (const HeldShare& holding : seat.holds) {
    if (holding.number == 0) continue;
    give_before(holding.number);
    SendTake(seat, holding);
  }
  give_before(std::numeric_limits<uint64_t>::max());
}

}  // namespace rampart::controller
