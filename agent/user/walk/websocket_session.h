// WebsocketSession: what one open WebSocket of a user needs while its step runs.
#ifndef RAMPART_AGENT_USER_WALK_WEBSOCKET_SESSION_H_
#define RAMPART_AGENT_USER_WALK_WEBSOCKET_SESSION_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "agent/engine/loop.h"
#include "agent/protocol/websocket.h"
#include "agent/user/compiled/compiled_plan.h"

namespace rampart::agent {

// A local of the coroutine that runs the step; of one thread. Every step over a WebSocket goes the
// same way (walker_session.cc; the shortest example is walker_websocket.cc):
//
//   WebsocketSession session(step.target, step.times, at);
//   Flow flow = co_await OpenWebsocket(session);  // counts ws_*; sets status, connected, ...
//   if (flow != Flow::kNext) co_return flow;      // a text that failed, or interrupted
//   ... session.open(): what the protocol says first, within session.deadline_ns(); checks, record
//   if (session.open()) {
//     StartTimes(session);
//     flow = co_await Run(the steps that come first);
//     while (flow == Flow::kNext) {
//       event = co_await session.websocket->Next(session.NextNs(), &user_.soft);
//       Unpark(session);
//       switch (event) {
//         case kMessage:     CountMessages(session); flow = ... break;
//         case kDeadline:    flow = co_await RunDue(session); break;  // kClose: the hold is over
//         case kInterrupted: flow = Interrupted(); break;
//         case kClosed: case kFailed: flow = SessionEnded(session, event); break;
//       }
//     }
//     ... what the protocol says last
//   }
//   co_return co_await CloseWebsocket(session, flow);  // always, also when it did not open
struct WebsocketSession {
  // Why a Send failed is said by Next where the connection broke, and here and now where what was
  // to be sent was refused.
  static bool Refused(const Failure& failure) {
    return failure.kind == ErrorKind::kMessageTooLarge || failure.kind == ErrorKind::kTimeout;
  }

  WebsocketSession(const WebsocketTarget& its_target, const SessionTimes& its_times,
                   const Step& its_step)
      : target(its_target), times(its_times), step(its_step) {}

  bool open() const { return websocket != nullptr; }

  const WebsocketSeries& series() const {
    return rendered == nullptr ? target.series : rendered->series;
  }
  // That were rendered; empty: the target's fixed ones.
  const Tags& tags() const {
    static const auto& none = *new Tags;
    return rendered == nullptr ? none : rendered->tags;
  }
  // Of all of connecting.
  int64_t deadline_ns() const { return started_ns + target.timeout_ns; }

  std::span<int64_t> every_ns() const { return {every.get(), every ? times.every.size() : 0}; }
  // Pings of many users share a turn of the loop: each is up to a thousandth of its interval late,
  // and no more than this.
  static constexpr int64_t kMaxPingTickNs = 10'000'000;

  // When Next is to return for the sake of time.
  int64_t NextNs() const {
    int64_t next_ns = ping_ns;
    if (ping_ns != kNever) {
      const int64_t tick_ns = std::clamp<int64_t>(times.ping_every_ns / 1000, 1, kMaxPingTickNs);
      next_ns += tick_ns - 1 - (ping_ns - 1) % tick_ns;
    }
    if (parked) return next_ns;
    for (const int64_t due_ns : every_ns()) next_ns = std::min(next_ns, due_ns);
    return std::min(hold_until_ns, std::max(next_ns, read_until_ns));
  }

  // Everything but pings, which keep the connection.
  void Shift(int64_t by_ns) {
    if (hold_until_ns != kNever) hold_until_ns += by_ns;
    for (size_t i = 0; i < every_ns().size(); ++i) every[i] += by_ns;
  }

  struct Rendered {
    Tags tags;
    WebsocketSeries series;
  };

  const WebsocketTarget& target;
  const SessionTimes& times;
  const Step& step;
  std::unique_ptr<Rendered> rendered;  // where tags are

  std::unique_ptr<Websocket> websocket;  // null: did not open, and that was counted
  int64_t started_ns = 0;
  int64_t opened_ns = 0;
  uint64_t counted_sent = 0;
  uint64_t counted_received = 0;

  int64_t hold_until_ns = kNever;
  int64_t ping_ns = kNever;
  int64_t read_until_ns = 0;         // what has arrived has its turn until then
  int64_t paused_ns = 0;             // Pause's total that the times are after
  bool parked = false;               // the load is paused, and something was due
  std::unique_ptr<int64_t[]> every;  // when each of times.every is due

  // What a `close` step asked for.
  std::unique_ptr<std::string> close_reason;  // null: none
  uint16_t close_code = 1000;
  bool failure_counted = false;  // the connection's end was, no need to say it again
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_WALK_WEBSOCKET_SESSION_H_
