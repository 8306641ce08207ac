#include "common/plan/rendezvous.h"

#include <algorithm>

#include "common/load/share.h"
#include "common/plan/each_message.h"

namespace rampart {

int64_t UsersOf(const v1::Rendezvous& step, const v1::Scenario& scenario) {
  return step.users() != 0 ? step.users() : MostUsers(scenario.load());
}

void ForEachRendezvous(
    const google::protobuf::Message& message,
    const std::function<void(const v1::Rendezvous&, const v1::Position& at)>& visit) {
  ForEachMessage(message, [&visit](const google::protobuf::Message& part) {
    const auto* step = dynamic_cast<const v1::Step*>(&part);
    if (step != nullptr && step->has_rendezvous()) visit(step->rendezvous(), step->at());
  });
}

std::vector<PlannedRendezvous> RendezvousOf(const v1::Plan& plan) {
  std::vector<PlannedRendezvous> all;
  for (int i = 0; i < plan.scenarios_size(); ++i) {
    const v1::Scenario& scenario = plan.scenarios(i);
    ForEachRendezvous(scenario, [&](const v1::Rendezvous& step, const v1::Position&) {
      auto found = std::ranges::find(all, step.name(), &PlannedRendezvous::name);
      if (found == all.end()) {
        found = all.insert(all.end(), {step.name(), UsersOf(step, scenario), {}});
      }
      if (found->scenarios.empty() || found->scenarios.back() != i) found->scenarios.push_back(i);
    });
  }
  return all;
}

}  // namespace rampart
