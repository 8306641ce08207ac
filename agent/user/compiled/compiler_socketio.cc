// The `socketio` and `emit` steps.
#include <utility>

#include "agent/protocol/engineio.h"
#include "agent/user/compiled/compiler.h"

namespace rampart::agent {
namespace {

constexpr int64_t kDefaultAckTimeoutNs = 10'000'000'000;

}  // namespace

std::unique_ptr<SocketioStep> Compiler::SocketioOf(const v1::Socketio& proto,
                                                   const Around& around) {
  auto step = std::make_unique<SocketioStep>();
  step->target = TargetOf(proto, around);
  step->target.address = &SocketioAddress;
  step->times = TimesOf(proto, proto.every(), around);
  step->space = TextOf(proto.namespace_(), proto.at(), around);
  if (proto.has_auth()) step->auth = ValueOf(proto.auth(), proto.at(), around);
  step->on_connect = StepsOf(proto.on_connect(), around);
  for (const v1::EventSteps& on : proto.on()) {
    step->on.emplace_back(on.event(), StepsOf(on.steps(), around));
  }
  step->checks = ChecksOf(proto.checks(), around);
  step->record = RecordingsOf(proto.record(), step->target.tags, around);
  NameTarget(&step->target);
  step->series = MakeSocketioSeries(step->target.tags.fixed, recorder_);
  return step;
}

std::unique_ptr<EmitStep> Compiler::EmitOf(const v1::Emit& proto, const Around& around) {
  auto step = std::make_unique<EmitStep>();
  step->event = TextOf(proto.event(), proto.at(), around);
  if (proto.has_args()) step->args = ValueOf(proto.args(), proto.at(), around);
  step->ack = proto.ack();
  step->timeout_ns = NsOr(proto.has_timeout(), proto.timeout(), kDefaultAckTimeoutNs);
  step->checks = ChecksOf(proto.checks(), around);
  step->record = RecordingsOf(proto.record(), around.tags, around);
  step->save = Named(proto.save(), around);
  return step;
}

}  // namespace rampart::agent
