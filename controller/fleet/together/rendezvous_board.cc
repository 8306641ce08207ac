#include "controller/fleet/together/rendezvous_board.h"

#include <algorithm>
#include <numeric>

#include "common/load/share.h"
#include "common/load/stripe.h"
#include "common/plan/rendezvous.h"

namespace rampart::controller {

RendezvousBoard::RendezvousBoard(const v1::Plan& plan, const std::vector<uint32_t>& weights) {
  const absl::StatusOr<Stripes> stripes = Stripes::Make(weights);
  for (const PlannedRendezvous& planned : RendezvousOf(plan)) {
    Rendezvous& one = all_.emplace_back();
    one.last.rendezvous = planned.name;
    one.users = planned.users;
    one.waiting.resize(weights.size());
    one.agent_most.resize(weights.size());
    for (const int scenario : planned.scenarios) {
      const int64_t users = MostUsers(plan.scenarios(scenario).load());
      for (size_t agent = 0; stripes.ok() && agent < weights.size(); ++agent) {
        const Stripe own = stripes->Of(static_cast<int>(agent));
        if (!own.empty()) one.agent_most[agent] += own.CountBefore(users);
      }
    }
    one.most = std::accumulate(one.agent_most.begin(), one.agent_most.end(), int64_t{0});
  }
}

uint64_t RendezvousBoard::Rendezvous::Needed() const {
  const int64_t left = std::accumulate(agent_most.begin(), agent_most.end(), int64_t{0});
  if (most == 0) return static_cast<uint64_t>(users);
  const __int128 needed = (static_cast<__int128>(users) * left + most - 1) / most;
  return static_cast<uint64_t>(std::max<__int128>(needed, 1));
}

void RendezvousBoard::Add() {
  for (Rendezvous& one : all_) {
    one.agent_most.push_back(0);
    one.waiting.push_back(0);
  }
}

bool RendezvousBoard::Hear(int agent, const v1::Waiting& waiting) {
  const auto i = static_cast<size_t>(agent);
  for (Rendezvous& one : all_) {
    if (one.last.rendezvous != waiting.rendezvous()) continue;
    if (waiting.opening() == one.last.number + 1) one.waiting.at(i) = waiting.users();
    return true;
  }
  return false;
}

void RendezvousBoard::Forget(int agent) {
  for (Rendezvous& one : all_) one.waiting.at(static_cast<size_t>(agent)) = 0;
}

void RendezvousBoard::Lose(int agent) {
  Forget(agent);
  for (Rendezvous& one : all_) one.agent_most.at(static_cast<size_t>(agent)) = 0;
}

std::vector<Opening> RendezvousBoard::Open(int64_t at_ns) {
  std::vector<Opening> opened;
  for (Rendezvous& one : all_) {
    const uint64_t waiting = std::accumulate(one.waiting.begin(), one.waiting.end(), uint64_t{0});
    if (waiting < one.Needed()) continue;
    std::ranges::fill(one.waiting, 0);
    ++one.last.number;
    one.last.at_ns = at_ns;
    opened.push_back(one.last);
  }
  return opened;
}

std::vector<Opening> RendezvousBoard::Last() const {
  std::vector<Opening> last;
  for (const Rendezvous& one : all_) {
    if (one.last.number > 0) last.push_back(one.last);
  }
  return last;
}

}  // namespace rampart::controller
