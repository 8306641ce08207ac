// Engine.IO v4, the layer under Socket.IO, over WebSocket only: a text message is one packet, a
// binary message an attachment without a head. Pure.
#ifndef RAMPART_AGENT_PROTOCOL_ENGINEIO_H_
#define RAMPART_AGENT_PROTOCOL_ENGINEIO_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rampart::agent {

enum class EngineioType : char {
  kOpen = '0',
  kClose = '1',
  kPing = '2',
  kPong = '3',
  kMessage = '4',
  kUpgrade = '5',
  kNoop = '6',
};

struct EngineioPacket {
  EngineioType type = EngineioType::kNoop;
  std::string_view data;  // in the text that was parsed
};

// What a server says first.
struct EngineioOpen {
  int64_t ping_interval_ns = 0;
  int64_t ping_timeout_ns = 0;
  uint64_t max_payload_bytes = 0;  // of what it takes; 0: it does not say
};

absl::StatusOr<EngineioPacket> ParseEngineio(std::string_view text);

// `json`: of an open packet.
absl::StatusOr<EngineioOpen> ParseEngineioOpen(std::string_view json);

// The WebSocket to open for `url`, which may be http, https, ws or wss: its path or, when it has
// none, /socket.io/, with EIO=4 and transport=websocket behind its own query.
absl::StatusOr<std::string> SocketioAddress(std::string_view url);

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_ENGINEIO_H_
