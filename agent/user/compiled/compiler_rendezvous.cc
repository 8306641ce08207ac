// The `rendezvous` step.
#include <algorithm>

#include "agent/user/compiled/compiler.h"
#include "common/load/nanoseconds.h"

namespace rampart::agent {

RendezvousStep Compiler::RendezvousStepOf(const v1::Rendezvous& proto, const v1::Position& at,
                                          const Around& around) {
  RendezvousStep step;
  step.name = proto.name();
  const auto planned = std::ranges::find(rendezvous_, proto.name(), &PlannedRendezvous::name);
  // Only a scenario's users have others to meet.
  if (planned == rendezvous_.end()) Refuse(at, "a `rendezvous` outside of a scenario");
  step.meeting = static_cast<size_t>(planned - rendezvous_.begin());
  step.users = planned == rendezvous_.end() ? 0 : planned->users;
  step.timeout_ns = NsOr(proto.has_timeout(), proto.timeout(), kDefaultTimeoutNs);
  Tags tags = around.tags.fixed;
  SetTag("name", proto.name(), &tags);
  step.wait = recorder_.Find("rendezvous_wait", tags);
  step.timeouts = recorder_.Find("rendezvous_timeouts", tags);
  return step;
}

}  // namespace rampart::agent
