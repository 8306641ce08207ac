// The packets of Socket.IO v5, each the data of an Engine.IO message:
//
//   TYPE [ATTACHMENTS -] [/NAMESPACE ,] [ID] [JSON]
//
// Binary arguments come as attachments behind the packet; in its JSON stands
// {"_placeholder":true,"num":N} in their place. Pure.
#ifndef RAMPART_AGENT_PROTOCOL_SOCKETIO_PACKET_H_
#define RAMPART_AGENT_PROTOCOL_SOCKETIO_PACKET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rampart::agent {

enum class SocketioType : char {
  kConnect = '0',
  kDisconnect = '1',
  kEvent = '2',
  kAck = '3',
  kConnectError = '4',
  kBinaryEvent = '5',
  kBinaryAck = '6',
};

struct SocketioPacket {
  // Their content is skipped, so this bounds only how long nothing else may come.
  static constexpr uint32_t kMaxAttachments = 1000;

  SocketioType type = SocketioType::kEvent;
  uint32_t attachments = 0;
  std::string_view space = "/";  // the namespace
  std::optional<uint64_t> id;    // of an acknowledgement, asked for or given
  std::string_view json;         // may be empty; the rest of the packet, not looked at
};

struct SocketioEvent {
  std::string name;
  std::string args;  // a JSON list
};

// The views are in `text`.
absl::StatusOr<SocketioPacket> ParseSocketio(std::string_view text);

// Appends an Engine.IO message with the packet.
void AppendSocketio(const SocketioPacket& packet, std::string* out);

// The JSON of an event: a list that begins with the event's name.
absl::StatusOr<SocketioEvent> ParseSocketioEvent(std::string_view json);
// The other way; `args` is a JSON list.
void AppendSocketioEvent(std::string_view name, std::string_view args, std::string* json);

// That the JSON of an acknowledgement is a list.
absl::Status CheckSocketioList(std::string_view json);

// Why a namespace refused: the message in the JSON of a connect error.
std::string SocketioRefusal(std::string_view json);

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_SOCKETIO_PACKET_H_
