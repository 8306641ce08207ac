#include "common/plan/rendezvous.h"

#include <algorithm>

#include "common/load/share.h"
#include "google/protobuf/descriptor.h"

namespace rampart {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

int64_t UsersOf(const v1::Rendezvous& step, const v1::Scenario& scenario) {
  return step.users() != 0 ? step.users() : MostUsers(scenario.load());
}

void ForEachRendezvous(
    const Message& message,
    const std::function<void(const v1::Rendezvous&, const v1::Position& at)>& visit) {
  if (const auto* step = dynamic_cast<const v1::Step*>(&message); step != nullptr) {
    if (step->has_rendezvous()) visit(step->rendezvous(), step->at());
  }
  // Steps hold steps in many fields, and new kinds of steps bring more.
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      ForEachRendezvous(reflection->GetMessage(message, field), visit);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      ForEachRendezvous(reflection->GetRepeatedMessage(message, field, i), visit);
    }
  }
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
