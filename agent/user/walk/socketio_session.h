// SocketioSession: what a user's Socket.IO connection needs while its step runs.
#ifndef RAMPART_AGENT_USER_WALK_SOCKETIO_SESSION_H_
#define RAMPART_AGENT_USER_WALK_SOCKETIO_SESSION_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "agent/protocol/socketio_connection.h"
#include "agent/user/compiled/socketio_step.h"
#include "agent/user/walk/websocket_session.h"

namespace rampart::agent {

// A local of the coroutine that runs the step, beside the session of its WebSocket.
struct SocketioSession {
  // Events without steps are only counted.
  SocketioSession(WebsocketSession& its_websocket, const SocketioStep& step,
                  const SocketioSeries& its_series, std::string space)
      : websocket(its_websocket),
        series(its_series),
        connection(*its_websocket.websocket, std::move(space),
                   [&step](std::string_view event) { return step.StepsOn(event) != nullptr; }) {}

  WebsocketSession& websocket;
  const SocketioSeries series;
  SocketioConnection connection;
  uint64_t counted_received = 0;
  uint64_t counted_dropped = 0;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_WALK_SOCKETIO_SESSION_H_
