// The `websocket` step and `send`.
#include <cstring>
#include <utility>

#include "agent/user/walk/shown_arrival.h"
#include "agent/user/walk/walker.h"
#include "common/load/nanoseconds.h"

namespace rampart::agent {

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
  } else if (const auto failed = session_->websocket->Send(payload, step.binary)) {
    if (WebsocketSession::Refused(*failed)) {
      Error(*failed, at.label, at.at);
      context_.recorder.Count(session_->series().errors);
    }
  } else {
    CountMessages(*session_);
  }
  context_.buffers.Return(std::move(buffers));
  return flow;
}

Task<Flow> Walker::RunWebsocket(const WebsocketStep& step, const Step& at) {
  WebsocketSession session(step.target, step.times, at);
  Flow flow = co_await OpenWebsocket(session);
  if (flow != Flow::kNext) co_return flow;
  flow = Judge(step.checks, step.record, step.target.name, !session.open());
  // Where on_open begins, its first step runs, and on_close after all: they can count up and down.
  const bool begun = session.open() && flow == Flow::kNext && !user_.soft.requested();
  if (begun) flow = co_await Converse(step, session);
  flow = co_await CloseWebsocket(session, flow);
  if (begun && !step.on_close.empty()) {
    unstoppable_ = true;
    const Flow after = co_await Run(step.on_close);
    unstoppable_ = false;
    if (flow == Flow::kNext) flow = after;
  }
  co_return flow;
}

Task<Flow> Walker::TakeMessage(const WebsocketStep& step, const Websocket& websocket) {
  const std::string message(websocket.message());  // steps inside may read others
  const Arrival arrival{.message = message};
  const ShownArrival shown(user_.scope, context_.names, arrival);
  co_return co_await Run(step.on_message);
}

// Ends with kClose when the connection is to be closed or has ended.
Task<Flow> Walker::Converse(const WebsocketStep& step, WebsocketSession& session) {
  StartTimes(session);
  Websocket& websocket = *session.websocket;
  Flow flow = co_await Run(step.on_open);
  while (flow == Flow::kNext) {
    const Websocket::Event event = co_await websocket.Next(session.NextNs(), &user_.soft);
    Unpark(session);
    switch (event) {
      case Websocket::Event::kMessage:
        CountMessages(session);
        if (!step.on_message.empty()) flow = co_await TakeMessage(step, websocket);
        break;
      case Websocket::Event::kPong:
        if (int64_t sent_ns = 0; websocket.pong_payload().size() == sizeof(sent_ns)) {
          std::memcpy(&sent_ns, websocket.pong_payload().data(), sizeof(sent_ns));
          context_.recorder.Trend(session.series().ping, Ms(MonotonicNow() - sent_ns));
        }
        break;
      case Websocket::Event::kClosed:
      case Websocket::Event::kFailed:
        flow = SessionEnded(session, event);
        break;
      case Websocket::Event::kInterrupted:
        flow = Interrupted();
        break;
      case Websocket::Event::kDeadline:
        flow = co_await RunDue(session);
        break;
    }
  }
  co_return flow;
}

}  // namespace rampart::agent
