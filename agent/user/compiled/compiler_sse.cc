// The `sse` step.
#include "agent/user/compiled/compiler.h"

namespace rampart::agent {

std::unique_ptr<SseStep> Compiler::SseOf(const v1::Sse& proto, const Around& around) {
  auto step = std::make_unique<SseStep>();
  step->name = proto.name().empty() ? proto.url() : proto.name();
  step->url = UrlOf(proto.url(), proto.at(), around);
  step->headers = HeadersOf(Headers(proto.headers()), around);
  Around in_event = around;
  in_event.in_message = true;
  step->on_event = StepsOf(proto.on_event(), in_event);
  step->holds = proto.has_hold();
  step->hold = Range(proto.hold());
  step->timeout_ns = NsOr(proto.has_timeout(), proto.timeout(), DefaultTimeout());
  step->checks = ChecksOf(proto.checks(), around);
  step->tags = around.tags;
  AddTags(proto.tags(), &step->tags);
  step->record = RecordingsOf(proto.record(), step->tags, around);
  SetTag("name", step->name, &step->tags.fixed);
  step->series = MakeSseSeries(step->tags.fixed, recorder_);
  return step;
}

}  // namespace rampart::agent
