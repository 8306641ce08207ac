// What a Fleet does for users and scenarios that need all agents: rendezvous, and scenarios that
// start after others.
#include <algorithm>

#include "controller/fleet/fleet.h"

namespace rampart::controller {

void Fleet::OnWaiting(AgentSeat& seat, const v1::Waiting& waiting) {
  if (!board_ || !seat.live()) return;
  if (!board_->Hear(seat.index, waiting)) LoseForNonsense(seat);
}

void Fleet::OnScenarioEnded(AgentSeat& seat, const v1::ScenarioEnded& ended) {
  if (!order_ || !seat.live() || ended.takes() != seat.takes) return;
  if (!order_->Ended(seat.index, ended.scenario())) LoseForNonsense(seat);
}

void Fleet::Bring() {
  const bool running = phase_ == Phase::kRunning;
  // Users that are in an iteration may still meet while the load drains.
  if ((!running && phase_ != Phase::kDraining) || paused_) return;
  const int64_t soonest_ns = std::max(now_ns_ + ahead_ns_, start_ns_);
  for (const Opening& opening : board_->Open(soonest_ns)) {
    for (const AgentSeat& seat : roster_.seats()) SendOpening(seat, opening);
  }
  // After a stop nothing begins any more.
  if (!running) return;
  const auto counts = [this](int agent) {
    const AgentSeat& seat = roster_.seats()[static_cast<size_t>(agent)];
    return seat.live() && seat.started && !seat.drained;
  };
  for (const ScenarioStart& start : order_->Start(counts, now_ns_, soonest_ns)) {
    for (const AgentSeat& seat : roster_.seats()) SendScenarioStart(seat, start);
    actions_.emplace_back(ScenarioStarted{start.scenario, start.at_ns});
  }
}

void Fleet::RemindTogether(const AgentSeat& seat) {
  for (const Opening& opening : board_->Last()) SendOpening(seat, opening);
  for (const ScenarioStart& start : order_->started()) SendScenarioStart(seat, start);
}

void Fleet::SendOpening(const AgentSeat& seat, const Opening& opening) {
  if (!seat.live() || !seat.started || seat.drained) return;
  v1::ControllerMessage message;
  v1::OpenRendezvous& open = *message.mutable_open_rendezvous();
  open.set_rendezvous(opening.rendezvous);
  open.set_opening(opening.number);
  open.set_agent_ns(seat.clock.ToAgent(opening.at_ns));
  Send(seat, std::move(message));
}

void Fleet::SendScenarioStart(const AgentSeat& seat, const ScenarioStart& start) {
  if (!seat.live() || !seat.started || seat.drained) return;
  v1::ControllerMessage message;
  message.mutable_start_scenario()->set_scenario(start.scenario);
  message.mutable_start_scenario()->set_agent_ns(seat.clock.ToAgent(start.at_ns));
  Send(seat, std::move(message));
}

}  // namespace rampart::controller
