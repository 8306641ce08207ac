// The cases of WebSocket conformance (RFC 6455): what a server sends, and what a client has to make
// of it. Our client answers every message with the same message.
#ifndef RAMPART_TESTS_AGENT_PROTOCOL_CONFORMANCE_CONFORMANCE_CASE_H_
#define RAMPART_TESTS_AGENT_PROTOCOL_CONFORMANCE_CONFORMANCE_CASE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/agent/protocol/loopback.h"

namespace rampart::agent {

// A case runs twice: its bytes sent at once, and chopped, byte by byte where that does not take
// long.
struct ConformanceCase {
  std::string number;
  std::string name;
  std::string sent;  // by the server, behind the upgrade
  // What the client's user learns: `text hello`, `binary ...`, `pong ...`, and at last `closed
  // 1000`, with the reason if there is one, or `failed` and the class of the failure.
  std::vector<std::string> events;
  // The frames that the server gets, in order: `text hello`, `pong ...`, `close 1000`.
  std::vector<std::string> seen;
};

// What a payload looks like in the words above: a long one of equal bytes as `126 x *`.
std::string Shown(std::string_view payload);

// First bytes of frames: FIN, reserved bits, opcode.
inline constexpr unsigned char kFin = 0x80;
inline constexpr unsigned char kContinuation = 0x0;
inline constexpr unsigned char kText = 0x1;
inline constexpr unsigned char kBinary = 0x2;
inline constexpr unsigned char kClose = 0x8;
inline constexpr unsigned char kPing = 0x9;
inline constexpr unsigned char kPong = 0xA;

inline std::string WholeText(const std::string& payload) {
  return ServerFrame(kFin | kText, payload);
}
// With the two bytes of a code.
inline std::string CloseFrame(int code, const std::string& reason = "") {
  std::string payload(1, static_cast<char>(code >> 8));
  payload.push_back(static_cast<char>(code & 0xFF));
  return ServerFrame(kFin | kClose, payload + reason);
}

// The server sends `frames` and closes with 1000; all of it is right. `events`: before the closing.
// `seen` is what they are answered with, the same by itself.
ConformanceCase Right(std::string number, std::string name, const std::string& frames,
                      std::vector<std::string> events, std::vector<std::string> seen);
inline ConformanceCase Right(std::string number, std::string name, const std::string& frames,
                             const std::vector<std::string>& events) {
  return Right(std::move(number), std::move(name), frames, events, events);
}

// The client has to fail the connection when it has `bytes`, without waiting for more, after
// `before`, which it answers. It tells the server why by `code`.
ConformanceCase Wrong(std::string number, std::string name, std::string bytes, int code,
                      std::vector<std::string> before = {});

// What a server answers to the upgrade.
struct HandshakeCase {
  std::string number;
  std::string name;
  std::string answer;    // `{accept}` stands for what answers the client's key
  std::string comes_to;  // `open SUBPROTOCOL`, or the class of the failure and a part of its words
};

std::vector<ConformanceCase> FramingCases();   // 1
std::vector<ConformanceCase> ControlCases();   // 2
std::vector<ConformanceCase> ReservedCases();  // 3 and 4
std::vector<ConformanceCase> FragmentCases();  // 5
std::vector<ConformanceCase> TextCases();      // 6
std::vector<ConformanceCase> CloseCases();     // 7
std::vector<ConformanceCase> MaskCases();      // 8
std::vector<ConformanceCase> LimitCases();     // 9
std::vector<HandshakeCase> HandshakeCases();   // 10

}  // namespace rampart::agent

#endif  // RAMPART_TESTS_AGENT_PROTOCOL_CONFORMANCE_CONFORMANCE_CASE_H_
