// The `sse` step.
#include <utility>

#include "agent/protocol/event_stream.h"
#include "agent/protocol/url.h"
#include "agent/user/walk/shown_arrival.h"
#include "agent/user/walk/walker.h"
#include "common/load/nanoseconds.h"

namespace rampart::agent {

Task<Flow> Walker::RunSse(const SseStep& step, const Step& at) {
  See();
  Scope& scope = user_.scope;
  Recorder& recorder = context_.recorder;
  const ScenarioSeries& counts = user_.scenario.series;
  SseSeries series = step.series;
  EventStream stream(context_.connector);
  std::optional<Failure> failed;
  {
    std::unique_ptr<ExchangeBuffers> buffers = context_.buffers.Take();
    buffers->url.clear();
    buffers->headers.clear();
    absl::Status status = RenderUrl(step.url, &buffers->url);
    if (status.ok()) {
      status = context_.script.Render(step.headers.lines, user_.environment, &buffers->headers);
    }
    if (status.ok() && !step.tags.rendered.empty()) {
      Tags tags;
      status = RenderTags(step.tags, &tags);
      if (status.ok()) series = MakeSseSeries(tags, recorder);
    }
    if (!status.ok()) {
      context_.buffers.Return(std::move(buffers));
      co_return ScriptError(status, step.name, at.at);
    }
    const int64_t begin_ns = MonotonicNow();
    Begun(begin_ns);
    const absl::StatusOr<Url> url = Url::Parse(buffers->url);
    if (!url.ok() || url->websocket) {
      failed = Failure{ErrorKind::kBadUrl, url.ok() ? "a WebSocket URL in an `sse` step"
                                                    : std::string(url.status().message())};
    } else {
      failed = FaultOfHeaders(buffers->headers, step.headers.count);
    }
    if (!failed) {
      failed = co_await stream.Open(*url, buffers->headers, user_.Http().cookies(),
                                    begin_ns + step.timeout_ns, &user_.hard);
      KeepCookies(stream.response(), *url);
    }
    context_.buffers.Return(std::move(buffers));
    recorder.Count(counts.data_sent, static_cast<double>(stream.bytes_sent()));
    recorder.Count(counts.data_received, static_cast<double>(stream.bytes_received()));
    if (failed && failed->kind == ErrorKind::kInterrupted) co_return Flow::kInterrupted;
    scope.status = stream.response().status;
    scope.connected = !failed.has_value();
    scope.connecting_ms = Ms(MonotonicNow() - begin_ns);
    scope.ok = scope.connected;
    scope.error.reset();
    if (failed) scope.error = failed->kind;
  }

  recorder.Count(series.errors, failed ? 1 : 0);  // none is data, too
  if (failed) {
    Error(*failed, step.name, at.at);
  } else {
    recorder.Count(series.sessions);
    recorder.Trend(series.connecting, scope.connecting_ms);
  }
  Flow flow = Judge(step.checks, step.record, step.name, failed.has_value());
  if (failed) co_return Flow::kNext;

  recorder.GaugeAdd(series.open, 1, context_.clock.Now());
  const uint64_t received_with_head = stream.bytes_received();
  if (flow == Flow::kNext) flow = co_await TakeEvents(step, at, series, stream);
  recorder.GaugeAdd(series.open, -1, context_.clock.Now());
  recorder.Count(counts.data_received,
                 static_cast<double>(stream.bytes_received() - received_with_head));
  co_return flow == Flow::kClose ? Flow::kNext : flow;
}

// Ends with kClose when the stream is to be closed or has ended.
Task<Flow> Walker::TakeEvents(const SseStep& step, const Step& at, const SseSeries& series,
                              EventStream& stream) {
  const int64_t hold_until_ns = step.holds ? MonotonicNow() + Draw(step.hold) : kNever;
  Flow flow = Flow::kNext;
  while (flow == Flow::kNext) {
    switch (co_await stream.Next(hold_until_ns, &user_.soft)) {
      case EventStream::Event::kEvent: {
        context_.recorder.Count(series.events);
        if (step.on_event.empty()) break;
        const Arrival arrival{.message = stream.event().data(),
                              .event = stream.event().event(),
                              .event_id = stream.event().id()};
        const ShownArrival shown(user_.scope, context_.names, arrival);
        flow = co_await Run(step.on_event);
        break;
      }
      case EventStream::Event::kFailed:
        context_.recorder.Count(series.errors);
        Error(stream.failure(), step.name, at.at);
        flow = Flow::kClose;
        break;
      case EventStream::Event::kInterrupted:
        flow = Flow::kInterrupted;
        break;
      case EventStream::Event::kEnded:
      case EventStream::Event::kDeadline:
        flow = Flow::kClose;
        break;
    }
  }
  co_return flow;
}

}  // namespace rampart::agent
