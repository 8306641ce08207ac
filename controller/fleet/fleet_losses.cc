// How a Fleet goes on without an agent, and with one that comes back.
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/fleet/fleet.h"

namespace rampart::controller {
void Fleet::Survive(AgentSeat& seat, int64_t out_ns, const std::string& why) {
  const auto left = static_cast<int>(Heirs().size());
  if (left == 0) return FailRun(absl::StrCat(why, ", and no agent is left"));
  if (left < options_.least_agents) {
    return FailRun(absl::StrCat(why, ", and ", left, " are left, fewer than the ",
                                options_.least_agents, " that have to be"));
  }
  if (options_.loss_policy == LossPolicy::kRebalance) {
    DealOut(TakeAway(seat), Heirs(), out_ns);
  } else if (board_) {
    board_->Lose(seat.index);
  }
  if (phase_ == Phase::kRunning) Release(seat, seat.takes, out_ns);
}

std::vector<AgentSeat*> Fleet::Heirs() {
  std::vector<AgentSeat*> heirs;
  for (AgentSeat& seat : roster_.seats()) {
    if (seat.live() && seat.started) heirs.push_back(&seat);
  }
  return heirs;
}

std::vector<v1::Assignment> Fleet::TakeAway(AgentSeat& from) {
  std::vector<v1::Assignment> shares;
  for (HeldShare& holding : std::exchange(from.holds, {})) {
    shares.push_back(std::move(holding.share));
  }
  return shares;
}

void Fleet::DealOut(const std::vector<v1::Assignment>& shares, const std::vector<AgentSeat*>& heirs,
                    int64_t at_ns) {
  at_ns = std::max({now_ns_ + options_.take_ahead_ns, at_ns, start_ns_});
  std::vector<uint32_t> weights;
  for (const AgentSeat* heir : heirs) weights.push_back(weights_[static_cast<size_t>(heir->index)]);
  for (const v1::Assignment& dealt : shares) {
    if (heirs.size() == 1) {
      Hold(*heirs[0], dealt, at_ns);
      continue;
    }
    if (dealt.again_size() >= kMaxDealings) {
      return FailRun(
          absl::StrCat("agents were lost so often that a share of the load was dealt out ",
                       kMaxDealings, " times"));
    }
    for (size_t i = 0; i < heirs.size(); ++i) {
      v1::Assignment share = dealt;
      v1::Hand& hand = *share.add_again();
      hand.set_agent(static_cast<uint32_t>(i));
      hand.mutable_weights()->Add(weights.begin(), weights.end());
      Hold(*heirs[i], std::move(share), at_ns);
    }
  }
}

void Fleet::Hold(AgentSeat& seat, v1::Assignment share, int64_t at_ns) {
  seat.drained = false;
  if (order_) order_->GoesOn(seat.index);
  seat.holds.push_back({share, ++seat.takes, at_ns, options_.take_spread_ns, share});
  SendTake(seat, seat.holds.back());
  SetState(seat, PhaseName(phase_));
}

void Fleet::SendTake(const AgentSeat& seat, const HeldShare& holding) {
  v1::ControllerMessage message;
  v1::TakeShare& take = *message.mutable_take();
  take.set_number(holding.number);
  *take.mutable_assignment() = holding.told;
  take.set_agent_ns(seat.clock.ToAgent(holding.at_ns));
  take.set_spread_ns(holding.spread_ns);
  Send(seat, std::move(message));
}

void Fleet::OnReturn(AgentSeat& seat, const v1::Hello& hello) {
  if (board_) board_->Forget(seat.index);
  if (seat.lost) {
    seat.lost = false;
    seat.why.clear();
    actions_.emplace_back(AgentReturned{seat.index});
  }
  if (hello.parked()) {
    // What it had it has no more, and of what it was told later it has not heard: what is still its
    // own it is told to take again.
    seat.takes = hello.takes();
    const std::vector<HeldShare> before = std::exchange(seat.holds, {});
    seat.drained = false;  // until it says so: what was cut may still be ending
    if (phase_ == Phase::kRunning) {
      for (const HeldShare& holding : before) {
        Hold(seat, holding.share, std::max(now_ns_ + options_.take_ahead_ns, holding.at_ns));
      }
      // It may still be ending what it cut.
      Release(seat, std::numeric_limits<uint64_t>::max(), now_ns_ + options_.cut_ns);
      if (before.empty()) ShareWith(seat);
    }
  }
  SetState(seat, seat.drained ? "drained" : PhaseName(phase_));
  Remind(seat);
}

}  // namespace rampart::controller
