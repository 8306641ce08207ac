// The JSON protocol on a WebSocket.
//
//   client                                                  server
//   {"type":"auth","token":T}                               {"type":"auth_ok","user_id":U}
//   {"type":"ping","timestamp":T}                           {"type":"pong","timestamp":T}
//   {"type":"join","channel_id":C}                          {"type":"joined","channel_id":C}
//   {"type":"leave","channel_id":C}                         {"type":"left","channel_id":C}
//   {"type":"message","channel_id":C,"content":S,           {"type":"message","id":..,"user_id":..,
//    "timestamp":T}                                          ...,"timestamp":T} to all in C
//   anything else, or what fails                            {"type":"error","error":S}
//
// A sender gets its own message, joined or not. Only auth and ping are for those not signed in.
#ifndef RAMPART_TESTS_CHAT_API_COMMANDS_H_
#define RAMPART_TESTS_CHAT_API_COMMANDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/chat/api/app.h"
#include "tests/chat/net/hub.h"

namespace rampart::chat {

// The socket that commands come from. On its loop's thread, but for Deliver.
class Peer : public Subscriber {
 public:
  static constexpr size_t kMaxChannels = 256;

  std::optional<User> user;
  std::vector<int64_t> channels;  // that it joined
};

// Performs one text message of `peer`. Answers go to peer.Deliver.
void PerformCommand(App& app, Peer& peer, std::string_view text);

// Out of all channels.
void LeaveAll(App& app, Peer& peer);

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_API_COMMANDS_H_
