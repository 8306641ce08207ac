// The rendezvous of a plan: where users wait for each other.
#ifndef RAMPART_COMMON_PLAN_RENDEZVOUS_H_
#define RAMPART_COMMON_PLAN_RENDEZVOUS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "rampart/v1/plan.pb.h"

namespace rampart {

// One name of the whole plan: all steps with it are one rendezvous, in whatever scenario they are.
struct PlannedRendezvous {
  std::string name;
  int64_t users = 0;           // that it takes, with all agents
  std::vector<int> scenarios;  // whose users come, by index
};

// In the order in which they stand in the plan, which is the same for everybody who has the plan.
std::vector<PlannedRendezvous> RendezvousOf(const v1::Plan& plan);

// The users that a step waits for: as written, or all of its scenario.
int64_t UsersOf(const v1::Rendezvous& step, const v1::Scenario& scenario);

// Calls `visit` for every rendezvous step under `message`, with the place of its step.
void ForEachRendezvous(
    const google::protobuf::Message& message,
    const std::function<void(const v1::Rendezvous&, const v1::Position& at)>& visit);

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_RENDEZVOUS_H_
