// WebSocket frames (RFC 6455, section 5): how a client writes them, and which texts and close codes
// may stand in them.
#ifndef RAMPART_AGENT_PROTOCOL_WEBSOCKET_FRAME_H_
#define RAMPART_AGENT_PROTOCOL_WEBSOCKET_FRAME_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rampart::agent {

enum class WebsocketOpcode : uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

inline constexpr size_t kMaxControlPayloadBytes = 125;
inline constexpr size_t kMaxFrameHeadBytes = 14;  // of a masked frame

// Close codes with a meaning here (RFC 6455, 7.4.1).
inline constexpr uint16_t kCloseNormal = 1000;
inline constexpr uint16_t kCloseProtocolError = 1002;
inline constexpr uint16_t kCloseNoCode = 1005;    // never sent: the Close frame named none
inline constexpr uint16_t kCloseAbnormal = 1006;  // never sent: there was no Close frame
inline constexpr uint16_t kCloseInvalidText = 1007;
inline constexpr uint16_t kCloseTooLarge = 1009;

// True for codes that a Close frame may carry.
bool IsSendableCloseCode(uint16_t code);

// Whether a text is UTF-8, piece by piece: no overlong forms, no surrogates, nothing over U+10FFFF.
class Utf8Check {
 public:
  // False at the first byte that no text can have behind those before it. Nothing may be taken
  // after that.
  bool Take(std::string_view piece);
  // The last character is whole.
  bool complete() const { return missing_ == 0; }

 private:
  uint8_t missing_ = 0;  // bytes of the character that has begun
  uint8_t low_ = 0;      // what the next of them may be
  uint8_t high_ = 0;
};

bool IsUtf8(std::string_view text);

using WebsocketMask = std::array<unsigned char, 4>;

// From the kernel's random numbers, fetched for many frames at once. One state a thread.
WebsocketMask RandomMask();

// Appends one whole (FIN) frame of a client: head, mask, masked payload.
void AppendFrame(WebsocketOpcode opcode, std::string_view payload, WebsocketMask mask,
                 std::string* out);

// The payload of a Close frame; empty for kCloseNoCode. A reason that does not fit is cut between
// two characters.
std::string ClosePayload(uint16_t code, std::string_view reason);

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_WEBSOCKET_FRAME_H_
