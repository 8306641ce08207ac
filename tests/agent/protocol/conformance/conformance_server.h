// The server of the conformance cases: on a bare socket, and with eyes of its own for what the
// client sends.
#ifndef RAMPART_TESTS_AGENT_PROTOCOL_CONFORMANCE_CONFORMANCE_SERVER_H_
#define RAMPART_TESTS_AGENT_PROTOCOL_CONFORMANCE_CONFORMANCE_SERVER_H_

#include <string>
#include <string_view>
#include <vector>

#include "tests/agent/protocol/conformance/conformance_case.h"

namespace rampart::agent {

// Takes a client's frames apart as they come, one line a frame. Whatever RFC 6455 forbids a client
// is a line that begins with `forbidden:`, and the last.
class ClientFrames {
 public:
  void Take(std::string_view bytes);

  const std::vector<std::string>& lines() const { return lines_; }
  bool closed() const { return closed_; }
  // Of a frame that is not complete, or behind the Close frame.
  size_t left_bytes() const { return bytes_.size(); }

 private:
  // False when the next frame is not complete.
  bool TakeFrame();
  bool Forbidden(const std::string& why);

  std::string bytes_;
  std::vector<std::string> lines_;
  bool closed_ = false;
};

enum class Cut { kWhole, kChopped };

// Serves one connection: grants the upgrade, sends, and reads until the client ends it. Ends its
// own half when the client has said Close. Returns what it saw.
std::vector<std::string> ServeCase(const ConformanceCase& conformance_case, Cut cut,
                                   BoostTcp::socket& socket);

// Likewise, with an answer to the upgrade and nothing behind it.
void ServeHandshake(const HandshakeCase& handshake, Cut cut, BoostTcp::socket& socket);

}  // namespace rampart::agent

#endif  // RAMPART_TESTS_AGENT_PROTOCOL_CONFORMANCE_CONFORMANCE_SERVER_H_
