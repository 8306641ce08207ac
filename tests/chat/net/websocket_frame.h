// The frames of RFC 6455 on the server's side: bytes in, messages out, and the reverse.
#ifndef RAMPART_TESTS_CHAT_NET_WEBSOCKET_FRAME_H_
#define RAMPART_TESTS_CHAT_NET_WEBSOCKET_FRAME_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace rampart::chat {

enum class Opcode : uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

enum CloseCode : uint16_t {
  kCloseNormal = 1000,
  kCloseGoingAway = 1001,
  kCloseProtocolError = 1002,
  kCloseInvalidText = 1007,
  kCloseTooBig = 1009,
};

// An unmasked, final frame, as a server sends it.
std::string EncodeFrame(Opcode opcode, std::string_view payload);
std::string EncodeClose(uint16_t code, std::string_view reason);

// The value of Sec-WebSocket-Accept; empty when `key` is not 16 bytes in base64.
std::string AcceptKey(std::string_view key);

bool IsUtf8(std::string_view text);

// Reads a client's frames: unmasks, joins fragments, checks. Owned by one session. Pure: no I/O.
// Invariant: holds the bytes of the message under way and nothing else; at most kMaxMessageBytes.
// Why not Beast's stream: it answers a Close as soon as it reads it, ahead of the messages that are
// queued, and keeps 1.5 kB of buffer for every idle socket.
class FrameReader {
 public:
  static constexpr size_t kMaxMessageBytes = 1 << 20;

  enum class Event { kNeedMore, kText, kBinary, kPing, kPong, kClose, kFault };

  // Takes bytes off the front of `input` up to the next event. After kFault: no further calls.
  Event Next(std::string_view& input);

  // Of kText, kBinary, kPing, kPong: the payload. Of kClose: the payload of the Close to reply.
  std::string TakePayload();

  // Of kFault.
  uint16_t fault_code() const { return fault_code_; }
  std::string_view fault() const { return fault_; }

 private:
  bool TakeHeader(std::string_view& input);
  Event FinishFrame();
  Event CheckClose();
  void Fail(uint16_t code, std::string_view text);

  Opcode opcode_ = Opcode::kContinuation;          // of the frame under way
  Opcode message_opcode_ = Opcode::kContinuation;  // of the message under way; that: none
  bool in_payload_ = false;
  bool final_ = false;
  uint16_t fault_code_ = 0;
  std::array<uint8_t, 4> mask_{};
  uint64_t remaining_ = 0;
  size_t mask_position_ = 0;
  std::string message_;
  std::string control_;
  std::string payload_;
  std::string_view fault_;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_NET_WEBSOCKET_FRAME_H_
