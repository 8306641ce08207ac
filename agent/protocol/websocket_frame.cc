#include "agent/protocol/websocket_frame.h"

#include <sys/random.h>

#include <cstdlib>
#include <cstring>

namespace rampart::agent {
bool IsSendableCloseCode(uint16_t code) {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}

bool Utf8Check::Take(std::string_view piece) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  while (!piece.empty()) {
    uint64_t eight;
    if (missing_ == 0 && piece.size() >= sizeof(eight)) {
      std::memcpy(&eight, piece.data(), sizeof(eight));
      if ((eight & kHighBits) == 0) {
        piece.remove_prefix(sizeof(eight));
        continue;
      }
    }
    const auto byte = static_cast<unsigned char>(piece.front());
    piece.remove_prefix(1);
    if (missing_ > 0) {
      if (byte < low_ || byte > high_) return false;
      --missing_;
      low_ = 0x80;
      high_ = 0xBF;
    } else if (byte >= 0x80) {
      if (byte < 0xC2 || byte > 0xF4) return false;  // a continuation, overlong, over U+10FFFF
      missing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
      low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;   // else overlong
      high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;  // else a surrogate, over U+10FFFF
    }
  }
  return true;
}

bool IsUtf8(std::string_view text) {
  Utf8Check check;
  return check.Take(text) && check.complete();
}

WebsocketMask RandomMask() {
  constexpr size_t kMasks = 64;  // getrandom gives 256 bytes at once without interruption
  static thread_local std::array<WebsocketMask, kMasks> masks;
  static thread_local size_t next = kMasks;
  if (next == kMasks) {
    // Cannot fail for 256 bytes once the kernel has booted.
    if (getrandom(masks.data(), sizeof(masks), 0) != static_cast<ssize_t>(sizeof(masks))) {
      std::abort();
    }
    next = 0;
  }
  return masks[next++];
}

void AppendFrame(WebsocketOpcode opcode, std::string_view payload, WebsocketMask mask,
                 std::string* out) {
  constexpr unsigned char kFin = 0x80;
  constexpr unsigned char kMasked = 0x80;
  const auto put = [out](uint64_t byte) { out->push_back(static_cast<char>(byte & 0xFF)); };
  put(kFin | static_cast<unsigned char>(opcode));
  const uint64_t length = payload.size();
  if (length < 126) {
    put(kMasked | length);
  } else if (length <= 0xFFFF) {
    put(kMasked | 126);
    put(length >> 8);
    put(length);
  } else {
    put(kMasked | 127);
    for (int shift = 56; shift >= 0; shift -= 8) put(length >> shift);
  }
  out->append(reinterpret_cast<const char*>(mask.data()), mask.size());

  const size_t begin = out->size();
  out->append(payload);
  char* bytes = out->data() + begin;
  uint64_t mask_twice;
  std::memcpy(&mask_twice, mask.data(), 4);
  std::memcpy(reinterpret_cast<char*>(&mask_twice) + 4, mask.data(), 4);
  size_t i = 0;
  for (; i + 8 <= payload.size(); i += 8) {
    uint64_t eight;
    std::memcpy(&eight, bytes + i, 8);
    eight ^= mask_twice;
    std::memcpy(bytes + i, &eight, 8);
  }
  for (; i < payload.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ mask[i % 4]);
}

std::string ClosePayload(uint16_t code, std::string_view reason) {
  std::string payload;
  if (code == kCloseNoCode) return payload;
  payload.push_back(static_cast<char>(code >> 8));
  payload.push_back(static_cast<char>(code & 0xFF));
  size_t fits = kMaxControlPayloadBytes - payload.size();
  if (reason.size() > fits) {
    while (fits > 0 && (static_cast<unsigned char>(reason[fits]) & 0xC0) == 0x80) --fits;
    reason = reason.substr(0, fits);
  }
  payload.append(reason);
  return payload;
}

}  // namespace rampart::agent
