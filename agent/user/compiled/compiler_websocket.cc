// The `websocket` step.
#include <utility>

#include "agent/user/compiled/compiler.h"
#include "common/load/nanoseconds.h"

namespace rampart::agent {

std::unique_ptr<WebsocketStep> Compiler::WebsocketOf(const v1::Websocket& proto,
                                                     const Around& around) {
  auto step = std::make_unique<WebsocketStep>();
  step->name = proto.name().empty() ? proto.url() : proto.name();
  step->url = TextOf(proto.url(), proto.at(), around);
  step->headers = HeadersOf(Headers(proto.headers()), around);
  for (const std::string& protocol : proto.subprotocols()) {
    if (!step->subprotocols.empty()) step->subprotocols += ", ";
    step->subprotocols += protocol;
  }
  step->on_open = StepsOf(proto.on_open(), around);
  Around in_message = around;
  in_message.in_message = true;
  step->on_message = StepsOf(proto.on_message(), in_message);
  for (const v1::SendEvery& every : proto.send_every()) {
    WebsocketStep::Every made;
    made.interval = Range(every.interval());
    made.at = every.at();
    if (made.interval.min <= 0) Refuse(every.at(), "`send_every` needs an interval over 0");
    if (every.has_message()) {
      made.message = std::make_unique<SendStep>(SendOf(every.message(), every.at(), around));
    }
    made.steps = StepsOf(every.steps(), around);
    step->every.push_back(std::move(made));
  }
  step->holds = proto.has_hold();
  step->hold = Range(proto.hold());
  step->timeout_ns = NsOr(proto.has_timeout(), proto.timeout(), kDefaultTimeoutNs);
  step->ping_every_ns = Ns(proto.ping_every());
  step->checks = ChecksOf(proto.checks(), around);
  step->tags = around.tags;
  AddTags(proto.tags(), &step->tags);
  step->record = RecordingsOf(proto.record(), step->tags, around);
  SetTag("name", step->name, &step->tags.fixed);
  step->series = MakeWebsocketSeries(step->tags.fixed, recorder_);
  return step;
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
