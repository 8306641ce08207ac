// The `websocket` step.
#include <utility>

#include "agent/user/compiled/compiler.h"
#include "common/load/nanoseconds.h"

namespace rampart::agent {

std::unique_ptr<WebsocketStep> Compiler::WebsocketOf(const v1::Websocket& proto,
                                                     const Around& around) {
  auto step = std::make_unique<WebsocketStep>();
  step->target = TargetOf(proto, around);
  for (const std::string& protocol : proto.subprotocols()) {
    std::string& all = step->target.subprotocols;
    if (!all.empty()) all += ", ";
    all += protocol;
  }
  step->times = TimesOf(proto, proto.send_every(), around);
  step->times.ping_every_ns = Ns(proto.ping_every());
  step->on_open = StepsOf(proto.on_open(), around);
  Around in_message = around;
  in_message.in_message = true;
  step->on_message = StepsOf(proto.on_message(), in_message);
  step->on_close = StepsOf(proto.on_close(), around);
  step->checks = ChecksOf(proto.checks(), around);
  step->record = RecordingsOf(proto.record(), step->target.tags, around);
  NameTarget(&step->target);
  return step;
}

void Compiler::NameTarget(WebsocketTarget* target) {
  SetTag("name", target->name, &target->tags.fixed);
  target->series = MakeWebsocketSeries(target->tags.fixed, recorder_);
}

SessionTimes::Every Compiler::EveryOf(const v1::SendEvery& proto, const Around& around) {
  SessionTimes::Every every;
  every.interval = Range(proto.interval());
  if (every.interval.min <= 0) Refuse(proto.at(), "an interval must be over 0");
  if (proto.has_message()) {
    every.message = std::make_unique<SendStep>(SendOf(proto.message(), proto.at(), around));
  }
  every.steps = StepsOf(proto.steps(), around);
  return every;
}

SendStep Compiler::SendOf(const v1::Send& proto, const v1::Position& at, const Around& around) {
  SendStep step;
  if (proto.has_json()) {
    step.content = ValueOf(proto.json(), at, around);
  } else {
    step.binary = proto.has_binary();
    step.content = TextOf(proto.has_binary() ? proto.binary() : proto.text(), at, around);
  }
  return step;
}

}  // namespace rampart::agent
