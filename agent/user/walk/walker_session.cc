// What all steps over a WebSocket share: it is opened, held by the clock, closed and counted.
#include <cstring>
#include <utility>

#include "agent/protocol/url.h"
#include "agent/user/walk/walker.h"
#include "common/load/nanoseconds.h"

namespace rampart::agent {
namespace {

// How long the peer has to answer our Close.
constexpr int64_t kCloseTimeoutNs = 5'000'000'000;
constexpr uint16_t kNormalClosure = 1000;
constexpr uint16_t kGoingAway = 1001;
// How long what has arrived has its turn when timed steps took so long that the next are due.
constexpr int64_t kReadTurnNs = 1'000'000;

// The interval's next point; one that has passed is not caught up with.
int64_t NextPoint(int64_t due_ns, int64_t interval_ns, int64_t now_ns) {
  return due_ns + interval_ns > now_ns ? due_ns + interval_ns : now_ns + interval_ns;
}

// Why a WebSocket that the server closed did not end well. `own_code` is what we asked to close
// with: servers answer with the same.
std::optional<Failure> FailureOfClose(const Websocket& websocket, uint16_t own_code) {
  const uint16_t code = websocket.close_code();
  if (code == kNormalClosure || code == kGoingAway || code == kCloseNoCode || code == own_code) {
    return std::nullopt;
  }
  return Failure{ErrorKind::kConnectionClosed,
                 "the server closed the WebSocket with code " + std::to_string(code) +
                     (code == kCloseAbnormal ? " (the connection ended without a Close frame)"
                                             : " " + std::string(websocket.close_reason()))};
}

}  // namespace

Task<Flow> Walker::OpenWebsocket(WebsocketSession& session) {
  See();
  Scope& scope = user_.scope;
  const WebsocketTarget& target = session.target;
  std::unique_ptr<ExchangeBuffers> buffers = context_.buffers.Take();
  buffers->url.clear();
  buffers->headers.clear();
  buffers->response.Clear();
  absl::Status status = context_.script.Render(target.url, user_.environment, &buffers->url);
  if (status.ok()) {
    status = context_.script.Render(target.headers.lines, user_.environment, &buffers->headers);
  }
  if (status.ok() && !target.tags.rendered.empty()) {
    session.rendered = std::make_unique<WebsocketSession::Rendered>();
    status = RenderTags(target.tags, &session.rendered->tags);
    if (status.ok()) {
      session.rendered->series = MakeWebsocketSeries(session.tags(), context_.recorder);
    }
  }
  if (!status.ok()) {
    context_.buffers.Return(std::move(buffers));
    co_return ScriptError(status, target.name, session.step.at);
  }
  if (target.address != nullptr) {
    absl::StatusOr<std::string> address = target.address(buffers->url);
    if (address.ok()) buffers->url = *std::move(address);  // else Parse says what is wrong
  }
  const absl::StatusOr<Url> url = Url::Parse(buffers->url);
  WebsocketTimes times;
  times.started_ns = MonotonicNow();
  Begun(times.started_ns);
  session.started_ns = times.started_ns;
  std::optional<Failure> failed;
  if (!url.ok() || !url->websocket) {
    failed = Failure{ErrorKind::kBadUrl, url.ok() ? "a WebSocket needs a ws:// or wss:// URL"
                                                  : std::string(url.status().message())};
  } else {
    failed = FaultOfHeaders(buffers->headers, target.headers.count);
  }
  if (!failed) {
    const WebsocketRequest request{
        .headers = buffers->headers,
        .subprotocols = target.subprotocols,
        .cookies = user_.http == nullptr ? nullptr : &user_.http->cookies()};
    Websocket::Result opened =
        co_await Websocket::Open(context_.connector, request, *url, session.deadline_ns(),
                                 &user_.hard, &buffers->response, &times);
    if (auto* failure = std::get_if<Failure>(&opened)) {
      failed = std::move(*failure);
    } else {
      session.websocket = std::move(std::get<std::unique_ptr<Websocket>>(opened));
    }
    KeepCookies(buffers->response, *url);
  }
  scope.status = buffers->response.status;
  context_.buffers.Return(std::move(buffers));
  const ScenarioSeries& counts = user_.scenario.series;
  context_.recorder.Count(counts.data_sent, static_cast<double>(times.bytes_sent));
  context_.recorder.Count(counts.data_received, static_cast<double>(times.bytes_received));
  if (failed && failed->kind == ErrorKind::kInterrupted) co_return Flow::kInterrupted;
  scope.connected = session.open();
  scope.connecting_ms = Ms(times.total_ns);
  scope.ok = scope.connected;
  scope.error.reset();
  if (failed) scope.error = failed->kind;

  context_.recorder.Count(session.series().errors, 0);  // none is data, too
  if (failed) {
    FailSession(session, *failed);
    co_return Flow::kNext;
  }
  context_.recorder.Count(session.series().sessions);
  context_.recorder.Trend(session.series().connecting, scope.connecting_ms);
  context_.recorder.GaugeAdd(session.series().open, 1, context_.clock.Now());
  session.opened_ns = MonotonicNow();
  session_ = &session;
  co_return Flow::kNext;
}

Task<Flow> Walker::CloseWebsocket(WebsocketSession& session, Flow flow) {
  if (!session.open()) co_return flow;
  // Whatever ended it, the handshake of closing makes both ends agree on what was exchanged.
  if (flow == Flow::kInterrupted) session.close_code = kGoingAway;
  Websocket& websocket = *session.websocket;
  // Not within the co_await: GCC 12 evaluates both sides of a `?:` there.
  std::string_view reason;
  if (session.close_reason != nullptr) reason = *session.close_reason;
  std::optional<Failure> failed = co_await websocket.Close(
      session.close_code, reason, MonotonicNow() + kCloseTimeoutNs, &user_.hard);
  if (!failed) failed = FailureOfClose(websocket, session.close_code);
  if (failed && failed->kind != ErrorKind::kInterrupted && flow != Flow::kEnd) {
    FailSession(session, *failed);
  }
  session_ = nullptr;
  CountMessages(session);
  const ScenarioSeries& counts = user_.scenario.series;
  context_.recorder.Count(counts.data_sent, static_cast<double>(websocket.bytes_sent()));
  context_.recorder.Count(counts.data_received, static_cast<double>(websocket.bytes_received()));
  context_.recorder.GaugeAdd(session.series().open, -1, context_.clock.Now());
  context_.recorder.Trend(session.series().duration, Ms(MonotonicNow() - session.opened_ns));
  session.websocket.reset();
  co_return flow == Flow::kClose ? Flow::kNext : flow;
}

void Walker::StartTimes(WebsocketSession& session) {
  const int64_t now_ns = MonotonicNow();
  const SessionTimes& times = session.times;
  session.paused_ns = context_.pause.total_ns();
  if (times.holds) session.hold_until_ns = now_ns + Draw(times.hold);
  if (times.ping_every_ns > 0) session.ping_ns = now_ns + times.ping_every_ns;
  if (times.every.empty()) return;
  session.every = std::make_unique<int64_t[]>(times.every.size());
  for (size_t i = 0; i < times.every.size(); ++i) {
    session.every[i] = now_ns + Draw(times.every[i].interval);
  }
}

Task<Flow> Walker::RunDue(WebsocketSession& session) {
  const SessionTimes& times = session.times;
  const int64_t now_ns = MonotonicNow();
  if (session.paused_ns != context_.pause.total_ns()) {
    session.Shift(context_.pause.total_ns() - session.paused_ns);
    session.paused_ns = context_.pause.total_ns();
  }
  if (context_.pause.on() && !session.parked) {
    session.parked = true;
    context_.pause.Remember(user_.soft);
  }
  if (!session.parked && now_ns >= session.hold_until_ns) co_return Flow::kClose;
  if (now_ns >= session.ping_ns) {
    char payload[sizeof(now_ns)];
    std::memcpy(payload, &now_ns, sizeof(now_ns));
    session.websocket->Ping({payload, sizeof(payload)});
    session.ping_ns = NextPoint(session.ping_ns, times.ping_every_ns, now_ns);
  }
  if (session.parked) co_return Flow::kNext;
  Flow flow = Flow::kNext;
  for (size_t i = 0; i < times.every.size() && flow == Flow::kNext; ++i) {
    int64_t& due_ns = session.every[i];
    if (now_ns < due_ns) continue;
    const SessionTimes::Every& every = times.every[i];
    due_ns = NextPoint(due_ns, Draw(every.interval), now_ns);
    if (every.message != nullptr) {
      flow = Send(*every.message, session.step);
    } else {
      flow = co_await Run(every.steps);
    }
  }
  // Points that passed meanwhile would come before everything that is there to be read.
  const int64_t ended_ns = MonotonicNow();
  bool overdue = session.ping_ns <= ended_ns;
  for (const int64_t due_ns : session.every_ns()) overdue = overdue || due_ns <= ended_ns;
  if (overdue) session.read_until_ns = ended_ns + kReadTurnNs;
  co_return flow;
}

void Walker::Unpark(WebsocketSession& session) {
  if (!session.parked) return;
  session.parked = false;
  context_.pause.Forget(user_.soft);
}

Flow Walker::SessionEnded(WebsocketSession& session, Websocket::Event event) {
  if (event == Websocket::Event::kFailed) {
    FailSession(session, session.websocket->failure());
  } else if (const auto failed = FailureOfClose(*session.websocket, kNormalClosure)) {
    FailSession(session, *failed);
  }
  return Flow::kClose;
}

void Walker::CountMessages(WebsocketSession& session) {
  const uint64_t sent = session.websocket->messages_sent();
  const uint64_t received = session.websocket->messages_received();
  if (sent > session.counted_sent) {
    context_.recorder.Count(session.series().sent,
                            static_cast<double>(sent - session.counted_sent));
    session.counted_sent = sent;
  }
  if (received > session.counted_received) {
    context_.recorder.Count(session.series().received,
                            static_cast<double>(received - session.counted_received));
    session.counted_received = received;
  }
}

void Walker::FailSession(WebsocketSession& session, const Failure& failure) {
  if (session.failure_counted) return;
  session.failure_counted = true;
  context_.recorder.Count(session.series().errors);
  Error(failure, session.target.name, session.step.at);
}

Flow Walker::BeginClose(const CloseStep& step, const Step& at) {
  if (session_ == nullptr) return Flow::kClose;  // an event stream just ends
  See();
  session_->close_reason = std::make_unique<std::string>();
  const absl::Status status =
      context_.script.Render(step.reason, user_.environment, session_->close_reason.get());
  if (!status.ok()) return ScriptError(status, at.label, at.at);
  session_->close_code = step.code;
  return Flow::kClose;
}

}  // namespace rampart::agent
