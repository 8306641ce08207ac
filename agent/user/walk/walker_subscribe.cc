// The `subscribe` step: graphql-transport-ws over a WebSocket of its own.
#include <utility>

#include "agent/protocol/graphql.h"
#include "agent/user/walk/shown_arrival.h"
#include "agent/user/walk/walker.h"
#include "common/load/nanoseconds.h"

namespace rampart::agent {
namespace {

using Type = GraphqlMessage::Type;

constexpr std::string_view kPong = R"({"type":"pong"})";
// What both ends close with when the other says what the protocol forbids; from here on the codes
// are GraphQL's.
constexpr uint16_t kBadMessage = 4400;
constexpr uint16_t kLastGraphqlCode = 4599;

}  // namespace

Task<Flow> Walker::RunSubscribe(const SubscribeStep& step, const Step& at) {
  WebsocketSession session(step.target, step.times, at);
  Flow flow = co_await OpenWebsocket(session);
  if (flow != Flow::kNext) co_return flow;
  if (session.open()) flow = co_await InitGraphql(step, session);
  if (flow == Flow::kNext || flow == Flow::kClose) {
    const Flow recorded = Judge(step.checks, step.record, step.target.name, !user_.scope.connected);
    if (recorded != Flow::kNext) flow = recorded;
  }
  if (session.open() && flow == Flow::kNext) flow = co_await TakeResults(step, session);
  co_return co_await CloseWebsocket(session, flow);
}

// Asks to begin and waits for the acknowledgement. kClose when there is none.
Task<Flow> Walker::InitGraphql(const SubscribeStep& step, WebsocketSession& session) {
  Scope& scope = user_.scope;
  scope.connected = false;
  scope.ok = false;
  Flow flow =
      session.websocket->subprotocol() == kGraphqlSubprotocol
          ? SendGraphql(step.init, session)
          : RefuseGraphql(session, "the server does not speak " + std::string(kGraphqlSubprotocol));
  while (flow == Flow::kNext && !scope.connected) {
    switch (const Websocket::Event event =
                co_await session.websocket->Next(session.deadline_ns(), &user_.hard)) {
      case Websocket::Event::kMessage: {
        CountMessages(session);
        const GraphqlMessage message = ReadGraphqlMessage(session.websocket->message());
        if (message.type == Type::kConnectionAck) {
          scope.connected = true;
        } else if (message.type == Type::kPing) {
          flow = SayGraphql(kPong, session);
        } else if (message.type != Type::kPong) {
          flow = RefuseGraphql(session, message.type == Type::kForbidden
                                            ? message.answer.error
                                            : "a result before connection_ack");
        }
        break;
      }
      case Websocket::Event::kPong:
        break;
      case Websocket::Event::kClosed:
      case Websocket::Event::kFailed:
        flow = GraphqlEnded(session, event);
        break;
      case Websocket::Event::kInterrupted:
        flow = Flow::kInterrupted;
        break;
      case Websocket::Event::kDeadline:
        FailSession(session, FailureFromWake(Wake::kTimeout, "wait for connection_ack"));
        scope.error = ErrorKind::kTimeout;
        flow = Flow::kClose;
        break;
    }
  }
  scope.ok = scope.connected;
  scope.connecting_ms = Ms(MonotonicNow() - session.started_ns);
  co_return flow;
}

// Ends with kClose when the subscription is over, or is to be.
Task<Flow> Walker::TakeResults(const SubscribeStep& step, WebsocketSession& session) {
  const SeriesId results = session.tags().empty()
                               ? step.results
                               : context_.recorder.Find("graphql_next", session.tags());
  StartTimes(session);
  bool asked = false;
  Flow flow = SendGraphql(step.subscribe, session);
  if (flow == Flow::kNext) {
    asked = true;
    flow = co_await Run(step.on_subscribed);
  }
  while (flow == Flow::kNext) {
    const Websocket::Event event = co_await session.websocket->Next(session.NextNs(), &user_.soft);
    Unpark(session);
    switch (event) {
      case Websocket::Event::kMessage: {
        CountMessages(session);
        const GraphqlMessage message = ReadGraphqlMessage(session.websocket->message());
        const bool of_operation = message.type == Type::kNext || message.type == Type::kError ||
                                  message.type == Type::kComplete;
        if (of_operation && message.id != kGraphqlSubscription) break;
        if (message.type == Type::kNext) {
          context_.recorder.Count(results);
          flow = co_await TakeResult(step, session, message.answer);
        } else if (message.type == Type::kError) {
          asked = false;
          user_.scope.error = ErrorKind::kGraphql;
          FailSession(session, {ErrorKind::kGraphql, message.answer.error});
          flow = Flow::kClose;
        } else if (message.type == Type::kComplete) {
          asked = false;
          flow = Flow::kClose;
        } else if (message.type == Type::kPing) {
          flow = SayGraphql(kPong, session);
        } else if (message.type != Type::kPong) {
          asked = false;
          flow =
              RefuseGraphql(session, message.type == Type::kForbidden ? message.answer.error
                                                                      : "a second connection_ack");
        }
        break;
      }
      case Websocket::Event::kPong:
        break;
      case Websocket::Event::kClosed:
      case Websocket::Event::kFailed:
        asked = false;
        flow = GraphqlEnded(session, event);
        break;
      case Websocket::Event::kInterrupted:
        flow = Interrupted();
        break;
      case Websocket::Event::kDeadline:
        flow = co_await RunDue(session);
        break;
    }
  }
  if (asked) {
    SayGraphql("{\"id\":\"" + std::string(kGraphqlSubscription) + "\",\"type\":\"complete\"}",
               session);
  }
  co_return flow;
}

Task<Flow> Walker::TakeResult(const SubscribeStep& step, WebsocketSession& session,
                              const GraphqlAnswer& answer) {
  Scope& scope = user_.scope;
  scope.ok = answer.kind == GraphqlAnswer::Kind::kData;
  scope.error.reset();
  if (!scope.ok) {
    scope.error = ErrorKind::kGraphql;
    Error({ErrorKind::kGraphql, answer.error}, step.target.name, session.step.at);
  }
  if (step.on_next.empty()) co_return Flow::kNext;
  const std::string message(session.websocket->message());
  const Arrival arrival{.message = message, .is_result = true};
  const ShownArrival shown(scope, context_.names, arrival);
  co_return co_await Run(step.on_next);
}

Flow Walker::SendGraphql(const ValueTemplate& message, WebsocketSession& session) {
  See();
  std::string text;
  const absl::Status status = context_.script.RenderJson(message, user_.environment, &text);
  if (!status.ok()) return ScriptError(status, session.target.name, session.step.at);
  return SayGraphql(text, session);
}

Flow Walker::SayGraphql(std::string_view text, WebsocketSession& session) {
  if (const auto failed = session.websocket->Send(text, /*binary=*/false)) {
    if (WebsocketSession::Refused(*failed)) {
      user_.scope.error = failed->kind;
      FailSession(session, *failed);
      return Flow::kClose;
    }
    return Flow::kNext;
  }
  CountMessages(session);
  return Flow::kNext;
}

Flow Walker::RefuseGraphql(WebsocketSession& session, const std::string& why) {
  user_.scope.error = ErrorKind::kGraphql;
  FailSession(session, {ErrorKind::kGraphql, "what graphql-transport-ws forbids: " + why});
  session.close_code = kBadMessage;
  return Flow::kClose;
}

Flow Walker::GraphqlEnded(WebsocketSession& session, Websocket::Event event) {
  const Websocket& websocket = *session.websocket;
  const bool closed = event == Websocket::Event::kClosed;
  user_.scope.error = closed ? ErrorKind::kConnectionClosed : websocket.failure().kind;
  if (!closed || websocket.close_code() < kBadMessage ||
      websocket.close_code() > kLastGraphqlCode) {
    return SessionEnded(session, event);
  }
  user_.scope.error = ErrorKind::kGraphql;
  FailSession(session, {ErrorKind::kGraphql, "the server closed with code " +
                                                 std::to_string(websocket.close_code()) + " " +
                                                 std::string(websocket.close_reason())});
  return Flow::kClose;
}

}  // namespace rampart::agent
