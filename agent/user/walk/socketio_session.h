// SocketioSession: what a user's Socket.IO connection needs while its step runs.
#ifndef RAMPART_AGENT_USER_WALK_SOCKETIO_SESSION_H_
#define RAMPART_AGENT_USER_WALK_SOCKETIO_SESSION_H_

#include <cstdint>

#include "agent/protocol/socketio_connection.h"
#include "agent/user/compiled/socketio_step.h"
#include "agent/user/walk/websocket_session.h"

namespace rampart::agent {

// A local of the coroutine that runs the step, beside the session of its WebSocket.
struct SocketioSession {
  WebsocketSession& websocket;
  const SocketioSeries series;
  SocketioConnection connection;
  uint64_t counted_received = 0;
  uint64_t counted_dropped = 0;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_WALK_SOCKETIO_SESSION_H_
