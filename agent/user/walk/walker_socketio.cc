// The `socketio` step and `emit`.
#include <optional>
#include <utility>

#include "agent/user/walk/shown_arrival.h"
#include "agent/user/walk/walker.h"
#include "common/load/nanoseconds.h"

namespace rampart::agent {

Task<Flow> Walker::RunSocketio(const SocketioStep& step, const Step& at) {
  See();
  Scope& scope = user_.scope;
  std::string space;
  std::string auth;
  absl::Status status = context_.script.Render(step.space, user_.environment, &space);
  if (status.ok() && step.auth) {
    status = context_.script.RenderJson(*step.auth, user_.environment, &auth);
  }
  if (!status.ok()) co_return ScriptError(status, step.target.name, at.at);
  if (!space.starts_with('/')) space.insert(0, "/");

  WebsocketSession websocket(step.target, step.times, at);
  Flow flow = co_await OpenWebsocket(websocket);
  if (flow != Flow::kNext) co_return flow;
  const SocketioSeries series = websocket.tags().empty()
                                    ? step.series
                                    : MakeSocketioSeries(websocket.tags(), context_.recorder);
  context_.recorder.Count(series.errors, websocket.open() ? 0 : 1);
  if (!websocket.open()) co_return Judge(step.checks, step.record, step.target.name, true);

  SocketioSession session(websocket, step, series, std::move(space));
  const std::optional<Failure> failed =
      co_await session.connection.Connect(auth, websocket.deadline_ns(), &user_.hard);
  if (failed && failed->kind == ErrorKind::kInterrupted) {
    co_return co_await CloseWebsocket(websocket, Flow::kInterrupted);
  }
  scope.connected = !failed;
  scope.ok = scope.connected;
  scope.connecting_ms = Ms(MonotonicNow() - websocket.started_ns);
  if (failed) {
    scope.error = failed->kind;
    FailSocketio(session, *failed);
  } else {
    context_.recorder.Trend(series.connecting, scope.connecting_ms);
  }
  flow = Judge(step.checks, step.record, step.target.name, failed.has_value());
  if (!failed && flow == Flow::kNext) {
    socketio_ = &session;
    flow = co_await ConverseSocketio(step, session);
    socketio_ = nullptr;
  }
  if (!failed) session.connection.Disconnect();
  CountEvents(session);
  co_return co_await CloseWebsocket(websocket, flow);
}

// Ends with kClose when the connection is to be closed or has ended.
Task<Flow> Walker::ConverseSocketio(const SocketioStep& step, SocketioSession& session) {
  using Event = SocketioConnection::Event;
  StartTimes(session.websocket);
  Flow flow = co_await Run(step.on_connect);
  while (flow == Flow::kNext) {
    const Event event = co_await session.connection.Next(session.websocket.NextNs(), &user_.soft);
    Unpark(session.websocket);
    CountEvents(session);
    switch (event) {
      case Event::kEvent:
        flow = co_await HandleEvent(step, session);
        break;
      case Event::kDeadline:
        flow = co_await RunDue(session.websocket);
        break;
      case Event::kInterrupted:
        flow = Interrupted();
        break;
      default:
        flow = SocketioEnded(session, event);
        break;
    }
  }
  co_return flow;
}

Task<Flow> Walker::HandleEvent(const SocketioStep& step, SocketioSession& session) {
  const SocketioEvent event = session.connection.event();  // steps inside read others
  const Steps* steps = step.StepsOn(event.name);
  if (steps == nullptr) co_return Flow::kNext;
  const Arrival arrival{.event = event.name, .args = event.args};
  const ShownArrival shown(user_.scope, context_.names, arrival, /*has_message=*/false);
  co_return co_await Run(*steps);
}

Task<Flow> Walker::Emit(const EmitStep& step, const Step& at) {
  using Event = SocketioConnection::Event;
  See();
  SocketioSession& session = *socketio_;
  std::string args;
  std::string event;
  const absl::Status status = RenderEvent(step, &event, &args);
  if (!status.ok()) co_return ScriptError(status, at.label, at.at);
  const int64_t sent_ns = MonotonicNow();
  uint64_t id = 0;
  std::optional<Failure> failed = session.connection.Emit(event, args, step.ack ? &id : nullptr);
  const bool refused = failed && WebsocketSession::Refused(*failed);
  CountMessages(session.websocket);
  if (!failed) context_.recorder.Count(session.series.sent);
  if (refused) {
    context_.recorder.Count(session.series.errors);
    Error(*failed, at.label, at.at);
  }
  if (!step.ack) co_return Flow::kNext;

  Flow flow = Flow::kNext;
  if (!refused) {
    const Event how = co_await session.connection.Await(id, sent_ns + step.timeout_ns, &user_.hard);
    CountEvents(session);
    if (how == Event::kInterrupted) co_return Flow::kInterrupted;
    if (how == Event::kDeadline) {
      failed = Failure{ErrorKind::kTimeout, "no acknowledgement of `" + event + "`"};
      context_.recorder.Count(session.series.errors);
      Error(*failed, at.label, at.at);
    } else if (how != Event::kAck) {
      flow = SocketioEnded(session, how);
      failed = Failure{ErrorKind::kConnectionClosed, "the connection ended"};
    }
  }
  Scope& scope = user_.scope;
  scope.duration_ms = Ms(MonotonicNow() - sent_ns);
  scope.ok = !failed;
  scope.error.reset();
  if (failed) {
    scope.error = failed->kind;
  } else {
    context_.recorder.Trend(session.series.ack, scope.duration_ms);
  }
  // The event that is handled comes back afterwards.
  const Arrival* outer = scope.arrival;
  Arrival answered = outer == nullptr ? Arrival{} : *outer;
  answered.args.reset();
  if (!failed) answered.args = args = session.connection.args();
  scope.arrival = &answered;
  scope.version = context_.names.NextVersion();
  const Flow after = AfterEmit(step, at);
  scope.arrival = outer;
  scope.version = context_.names.NextVersion();
  co_return after == Flow::kNext ? flow : after;
}

Flow Walker::AfterEmit(const EmitStep& step, const Step& at) {
  const Flow flow = Judge(step.checks, step.record, at.label, !user_.scope.ok);
  if (flow != Flow::kNext || lenient_) return flow;
  return Keep(step.save, &Script::Store, at.label);
}

absl::Status Walker::RenderEvent(const EmitStep& step, std::string* event, std::string* args) {
  const absl::Status status = context_.script.Render(step.event, user_.environment, event);
  if (!status.ok()) return status;
  if (!step.args) {
    *args = "[]";
    return status;
  }
  std::string value;
  const absl::Status rendered = context_.script.RenderJson(*step.args, user_.environment, &value);
  *args = value.starts_with('[') ? std::move(value) : "[" + value + "]";
  return rendered;
}

Task<Flow> Walker::SleepInSocketio(int64_t until_ns) {
  using Event = SocketioConnection::Event;
  SocketioSession& session = *socketio_;
  const Event how = co_await session.connection.Await(std::nullopt, until_ns, &user_.soft);
  CountEvents(session);
  if (how == Event::kDeadline) co_return Flow::kNext;
  co_return how == Event::kInterrupted ? Flow::kInterrupted : SocketioEnded(session, how);
}

Flow Walker::SocketioEnded(SocketioSession& session, SocketioConnection::Event event) {
  WebsocketSession& websocket = session.websocket;
  if (event == SocketioConnection::Event::kFailed) {
    FailSocketio(session, session.connection.failure());
  } else if (!websocket.failure_counted) {
    SessionEnded(websocket, Websocket::Event::kClosed);
    if (websocket.failure_counted) context_.recorder.Count(session.series.errors);
  }
  return Flow::kClose;
}

void Walker::CountEvents(SocketioSession& session) {
  CountMessages(session.websocket);
  const SocketioConnection& connection = session.connection;
  if (const uint64_t received = connection.events_received(); received > session.counted_received) {
    context_.recorder.Count(session.series.received,
                            static_cast<double>(received - session.counted_received));
    session.counted_received = received;
  }
  for (; session.counted_dropped < connection.events_dropped(); ++session.counted_dropped) {
    context_.recorder.Count(session.series.errors);
    Error({ErrorKind::kSocketio,
           "an event was dropped: more than 1 MiB of them came while a step waited"},
          session.websocket.target.name, session.websocket.step.at);
  }
}

// An error of the WebSocket is one of its own counter, too.
void Walker::FailSocketio(SocketioSession& session, const Failure& failure) {
  WebsocketSession& websocket = session.websocket;
  if (websocket.failure_counted) return;
  context_.recorder.Count(session.series.errors);
  if (failure.kind != ErrorKind::kSocketio) return FailSession(websocket, failure);
  websocket.failure_counted = true;
  Error(failure, websocket.target.name, websocket.step.at);
}

}  // namespace rampart::agent
