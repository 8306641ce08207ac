// The `websocket` step and the steps inside of it.
#include <algorithm>
#include <bit>
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

Flow Walker::Send(const SendStep& step, const Step& at) {
  See();
  std::unique_ptr<ExchangeBuffers> buffers = context_.buffers.Take();
  std::string& payload = buffers->body;
  payload.clear();
  absl::Status status;
  if (const auto* json = std::get_if<ValueTemplate>(&step.content)) {
    status = context_.script.RenderJson(*json, user_.environment, &payload);
  } else {
    status = context_.script.Render(std::get<Template>(step.content), user_.environment, &payload);
  }
  Flow flow = Flow::kNext;
  if (!status.ok()) {
    flow = ScriptError(status, at.label, at.at);
  } else if (const auto failed = user_.websocket->Send(payload, step.binary)) {
    // Next says how a broken connection ended; what was refused is said here.
    if (failed->kind == ErrorKind::kMessageTooLarge || failed->kind == ErrorKind::kTimeout) {
      Error(*failed, at.label, at.at);
      context_.recorder.Count(websocket_series_->errors);
    }
  } else {
    context_.recorder.Count(websocket_series_->sent);
  }
  context_.buffers.Return(std::move(buffers));
  return flow;
}

Flow Walker::BeginClose(const CloseStep& step, const Step& at) {
  See();
  close_reason_.clear();
  const absl::Status status =
      context_.script.Render(step.reason, user_.environment, &close_reason_);
  if (!status.ok()) return ScriptError(status, at.label, at.at);
  close_code_ = step.code;
  return Flow::kClose;
}

Task<Flow> Walker::RunWebsocket(const WebsocketStep& step, const Step& at) {
  See();
  Scope& scope = user_.scope;
  WebsocketSeries series = step.series;
  std::unique_ptr<Websocket> websocket;
  std::optional<Failure> failed;
  {
    std::unique_ptr<ExchangeBuffers> buffers = context_.buffers.Take();
    buffers->url.clear();
    buffers->headers.clear();
    buffers->response.Clear();
    absl::Status status = context_.script.Render(step.url, user_.environment, &buffers->url);
    if (status.ok()) {
      status = context_.script.Render(step.headers.lines, user_.environment, &buffers->headers);
    }
    if (status.ok() && !step.tags.rendered.empty()) {
      Tags tags;
      status = RenderTags(step.tags, &tags);
      if (status.ok()) series = MakeWebsocketSeries(tags, context_.recorder);
    }
    if (!status.ok()) {
      context_.buffers.Return(std::move(buffers));
      co_return ScriptError(status, step.name, at.at);
    }
    const absl::StatusOr<Url> url = Url::Parse(buffers->url);
    WebsocketTimes times;
    times.started_ns = MonotonicNow();
    if (!url.ok() || !url->websocket) {
      failed = Failure{ErrorKind::kBadUrl, url.ok() ? "`websocket` needs a ws:// or wss:// URL"
                                                    : std::string(url.status().message())};
    } else {
      failed = CheckHeaders(buffers->headers, step.headers.count);
    }
    if (!failed) {
      const WebsocketRequest request{.headers = buffers->headers,
                                     .subprotocols = step.subprotocols,
                                     .cookies = &user_.http.cookies()};
      Websocket::Result opened = co_await Websocket::Open(context_.connector, request, *url,
                                                          times.started_ns + step.timeout_ns,
                                                          &user_.hard, &buffers->response, &times);
      if (auto* failure = std::get_if<Failure>(&opened)) {
        failed = std::move(*failure);
      } else {
        websocket = std::move(std::get<std::unique_ptr<Websocket>>(opened));
      }
      user_.http.cookies().SetAll(buffers->response.head, url->host, url->target);
    }
    scope.status = buffers->response.status;
    context_.buffers.Return(std::move(buffers));
    const ScenarioSeries& counts = user_.scenario.series;
    context_.recorder.Count(counts.data_sent, static_cast<double>(times.bytes_sent));
    context_.recorder.Count(counts.data_received, static_cast<double>(times.bytes_received));
    if (failed && failed->kind == ErrorKind::kInterrupted) co_return Flow::kInterrupted;
    scope.connected = websocket != nullptr;
    scope.connecting_ms = Ms(times.total_ns);
    scope.ok = scope.connected;
    scope.error.reset();
    if (failed) scope.error = failed->kind;
  }

  context_.recorder.Count(series.errors, failed ? 1 : 0);  // none is data, too
  if (failed) {
    Error(*failed, step.name, at.at);
  } else {
    context_.recorder.Count(series.sessions);
    context_.recorder.Trend(series.connecting, scope.connecting_ms);
  }
  See();
  lenient_ = failed.has_value();
  Checks(step.checks, step.name);
  if (failed) {
    Record(step.record, step.name);
    co_return Flow::kNext;
  }

  const int64_t opened_ns = MonotonicNow();
  context_.recorder.GaugeAdd(series.open, 1, context_.clock.Now());
  user_.websocket = websocket.get();
  websocket_series_ = &series;
  close_code_ = kNormalClosure;
  close_reason_.clear();
  Flow flow = Record(step.record, step.name);
  uint64_t handled = 0;
  if (flow == Flow::kNext) flow = co_await Session(step, at, series, *websocket, &handled);
  scope.has_message = false;
  scope.message = {};

  // Whatever ended it, the handshake of closing makes both ends agree on what was exchanged.
  if (flow == Flow::kInterrupted) close_code_ = kGoingAway;
  failed = co_await websocket->Close(close_code_, close_reason_, MonotonicNow() + kCloseTimeoutNs,
                                     &user_.hard);
  if (!failed) failed = FailureOfClose(*websocket, close_code_);
  if (failed && failed->kind != ErrorKind::kInterrupted && flow != Flow::kEnd && !session_failed_) {
    context_.recorder.Count(series.errors);
    Error(*failed, step.name, at.at);
  }
  user_.websocket = nullptr;
  websocket_series_ = nullptr;
  const uint64_t unhandled = websocket->messages_received() - handled;
  if (unhandled > 0) context_.recorder.Count(series.received, static_cast<double>(unhandled));
  const ScenarioSeries& counts = user_.scenario.series;
  context_.recorder.Count(counts.data_sent, static_cast<double>(websocket->bytes_sent()));
  context_.recorder.Count(counts.data_received, static_cast<double>(websocket->bytes_received()));
  context_.recorder.GaugeAdd(series.open, -1, context_.clock.Now());
  context_.recorder.Trend(series.duration, Ms(MonotonicNow() - opened_ns));
  co_return flow == Flow::kClose ? Flow::kNext : flow;
}

// Ends with kClose when the connection is to be closed or has ended.
Task<Flow> Walker::Session(const WebsocketStep& step, const Step& at, const WebsocketSeries& series,
                           Websocket& websocket, uint64_t* handled) {
  session_failed_ = false;
  const int64_t opened_ns = MonotonicNow();
  const int64_t hold_until_ns = step.holds ? opened_ns + Draw(step.hold) : kNever;
  int64_t ping_ns = step.ping_every_ns > 0 ? opened_ns + step.ping_every_ns : kNever;
  std::vector<int64_t> send_ns;
  for (const WebsocketStep::Every& every : step.every) {
    send_ns.push_back(opened_ns + Draw(every.interval));
  }
  Scope& scope = user_.scope;
  std::string message;
  int64_t read_until_ns = 0;

  Flow flow = co_await Run(step.on_open);
  while (flow == Flow::kNext) {
    int64_t deadline_ns = ping_ns;
    for (const int64_t due_ns : send_ns) deadline_ns = std::min(deadline_ns, due_ns);
    deadline_ns = std::min(hold_until_ns, std::max(deadline_ns, read_until_ns));
    switch (co_await websocket.Next(deadline_ns, &user_.soft)) {
      case Websocket::Event::kMessage:
        ++*handled;
        context_.recorder.Count(series.received);
        if (step.on_message.empty()) break;
        message.assign(websocket.message());
        scope.has_message = true;
        scope.message = message;
        scope.version = context_.names.NextVersion();
        flow = co_await Run(step.on_message);
        scope.has_message = false;
        scope.message = {};
        scope.version = context_.names.NextVersion();
        break;
      case Websocket::Event::kPong:
        if (int64_t sent_ns = 0; websocket.pong_payload().size() == sizeof(sent_ns)) {
          std::memcpy(&sent_ns, websocket.pong_payload().data(), sizeof(sent_ns));
          context_.recorder.Trend(series.ping, Ms(MonotonicNow() - sent_ns));
        }
        break;
      case Websocket::Event::kClosed:
        flow = Flow::kClose;
        if (const auto failed = FailureOfClose(websocket, kNormalClosure)) {
          session_failed_ = true;
          context_.recorder.Count(series.errors);
          Error(*failed, step.name, at.at);
        }
        break;
      case Websocket::Event::kFailed:
        flow = Flow::kClose;
        session_failed_ = true;
        context_.recorder.Count(series.errors);
        Error(websocket.failure(), step.name, at.at);
        break;
      case Websocket::Event::kInterrupted:
        flow = Flow::kInterrupted;
        break;
      case Websocket::Event::kDeadline: {
        const int64_t now_ns = MonotonicNow();
        if (now_ns >= hold_until_ns) {
          flow = Flow::kClose;
          break;
        }
        if (now_ns >= ping_ns) {
          char payload[sizeof(now_ns)];
          std::memcpy(payload, &now_ns, sizeof(now_ns));
          websocket.Ping({payload, sizeof(payload)});
          ping_ns = NextPoint(ping_ns, step.ping_every_ns, now_ns);
        }
        for (size_t i = 0; i < send_ns.size() && flow == Flow::kNext; ++i) {
          if (now_ns < send_ns[i]) continue;
          const WebsocketStep::Every& every = step.every[i];
          send_ns[i] = NextPoint(send_ns[i], Draw(every.interval), now_ns);
          flow = every.message != nullptr ? Send(*every.message, at) : co_await Run(every.steps);
        }
        // Points that passed meanwhile would come before everything that is there to be read.
        const int64_t ended_ns = MonotonicNow();
        bool overdue = ping_ns <= ended_ns;
        for (const int64_t due_ns : send_ns) overdue = overdue || due_ns <= ended_ns;
        if (overdue) read_until_ns = ended_ns + kReadTurnNs;
        break;
      }
    }
  }
  co_return flow;
}

}  // namespace rampart::agent
