#include "tests/chat/net/websocket_frame.h"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

namespace rampart::chat {
namespace {

constexpr uint8_t kFinal = 0x80;
constexpr uint8_t kReserved = 0x70;
constexpr uint8_t kMasked = 0x80;
constexpr size_t kMaxControlBytes = 125;

bool IsControl(Opcode opcode) { return (static_cast<uint8_t>(opcode) & 0x8) != 0; }

bool IsCloseCode(unsigned code) {
  if (code >= 3000 && code < 5000) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

}  // namespace

std::string EncodeFrame(Opcode opcode, std::string_view payload) {
  std::string frame;
  frame.reserve(payload.size() + 10);
  frame.push_back(static_cast<char>(kFinal | static_cast<uint8_t>(opcode)));
  const size_t size = payload.size();
  int length_bytes = 0;
  if (size <= kMaxControlBytes) {
    frame.push_back(static_cast<char>(size));
  } else if (size <= 0xffff) {
    frame.push_back(126);
    length_bytes = 2;
  } else {
    frame.push_back(127);
    length_bytes = 8;
  }
  for (int i = length_bytes - 1; i >= 0; --i) frame.push_back(static_cast<char>(size >> (8 * i)));
  frame.append(payload);
  return frame;
}

std::string EncodeClose(uint16_t code, std::string_view reason) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  payload.append(reason.substr(0, kMaxControlBytes - 2));
  return EncodeFrame(Opcode::kClose, payload);
}

std::string AcceptKey(std::string_view key) {
  if (key.size() != 24 || !key.ends_with("==")) return "";
  std::array<unsigned char, 18> decoded;
  if (EVP_DecodeBlock(decoded.data(), reinterpret_cast<const unsigned char*>(key.data()), 24) < 0) {
    return "";
  }
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  std::array<unsigned char, 32> encoded;
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
  return std::string(reinterpret_cast<char*>(encoded.data()), static_cast<size_t>(length));
}

bool IsUtf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<uint8_t>(text[i++]);
    if (lead < 0x80) continue;
    int more = 0;
    uint32_t point = 0;
    uint32_t least = 0;
    if ((lead & 0xe0) == 0xc0) {
      more = 1, point = lead & 0x1f, least = 0x80;
    } else if ((lead & 0xf0) == 0xe0) {
      more = 2, point = lead & 0x0f, least = 0x800;
    } else if ((lead & 0xf8) == 0xf0) {
      more = 3, point = lead & 0x07, least = 0x10000;
    } else {
      return false;
    }
    for (; more > 0; --more, ++i) {
      if (i >= text.size() || (static_cast<uint8_t>(text[i]) & 0xc0) != 0x80) return false;
      point = point << 6 | (static_cast<uint8_t>(text[i]) & 0x3f);
    }
    if (point < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
  }
  return true;
}

void FrameReader::Fail(uint16_t code, std::string_view text) {
  fault_code_ = code;
  fault_ = text;
}

bool FrameReader::TakeHeader(std::string_view& input) {
  if (input.size() < 2) return false;
  const auto byte = [&input](size_t i) { return static_cast<uint8_t>(input[i]); };
  const uint8_t first = byte(0);
  const uint8_t raw = first & 0x0f;
  if ((first & kReserved) != 0) {
    Fail(kCloseProtocolError, "reserved bits are set");
    return false;
  }
  if (raw > 10 || (raw > 2 && raw < 8)) {
    Fail(kCloseProtocolError, "unknown opcode");
    return false;
  }
  if ((byte(1) & kMasked) == 0) {
    Fail(kCloseProtocolError, "a client's frame must be masked");
    return false;
  }
  uint64_t length = byte(1) & 0x7f;
  const size_t length_bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
  const size_t header_bytes = 2 + length_bytes + mask_.size();
  opcode_ = static_cast<Opcode>(raw);
  final_ = (first & kFinal) != 0;
  if (IsControl(opcode_) && (!final_ || length > kMaxControlBytes)) {
    Fail(kCloseProtocolError, "a control frame must be whole and at most 125 bytes");
    return false;
  }
  if (input.size() < header_bytes) return false;
  if (length_bytes > 0) {
    length = 0;
    for (size_t i = 0; i < length_bytes; ++i) length = length << 8 | byte(2 + i);
  }
  if (!IsControl(opcode_)) {
    const bool continues = message_opcode_ != Opcode::kContinuation;
    if (continues != (opcode_ == Opcode::kContinuation)) {
      Fail(kCloseProtocolError, "fragments are out of order");
      return false;
    }
    if (length > kMaxMessageBytes - message_.size()) {
      Fail(kCloseTooBig, "the message is over 1 MiB");
      return false;
    }
    if (!continues) message_opcode_ = opcode_;
  }
  for (size_t i = 0; i < mask_.size(); ++i) mask_[i] = byte(2 + length_bytes + i);
  input.remove_prefix(header_bytes);
  remaining_ = length;
  mask_position_ = 0;
  in_payload_ = true;
  return true;
}

FrameReader::Event FrameReader::Next(std::string_view& input) {
  for (;;) {
    if (!in_payload_ && !TakeHeader(input)) {
      return fault_.empty() ? Event::kNeedMore : Event::kFault;
    }
    std::string& target = IsControl(opcode_) ? control_ : message_;
    const size_t n = static_cast<size_t>(std::min<uint64_t>(remaining_, input.size()));
    const size_t start = target.size();
    target.append(input.substr(0, n));
    for (size_t i = start; i < target.size(); ++i) {
      target[i] = static_cast<char>(static_cast<uint8_t>(target[i]) ^ mask_[mask_position_++ % 4]);
    }
    input.remove_prefix(n);
    remaining_ -= n;
    if (remaining_ > 0) return Event::kNeedMore;
    in_payload_ = false;
    if (IsControl(opcode_) || final_) return FinishFrame();
  }
}

FrameReader::Event FrameReader::FinishFrame() {
  if (IsControl(opcode_)) {
    payload_ = std::exchange(control_, {});
    if (opcode_ == Opcode::kPing) return Event::kPing;
    if (opcode_ == Opcode::kPong) return Event::kPong;
    return CheckClose();
  }
  payload_ = std::exchange(message_, {});
  const Opcode opcode = std::exchange(message_opcode_, Opcode::kContinuation);
  if (opcode == Opcode::kBinary) return Event::kBinary;
  if (!IsUtf8(payload_)) {
    Fail(kCloseInvalidText, "a text message must be UTF-8");
    return Event::kFault;
  }
  return Event::kText;
}

FrameReader::Event FrameReader::CheckClose() {
  if (payload_.empty()) return Event::kClose;
  const unsigned code = payload_.size() < 2
                            ? 0
                            : static_cast<unsigned>(static_cast<uint8_t>(payload_[0])) << 8 |
                                  static_cast<uint8_t>(payload_[1]);
  if (!IsCloseCode(code)) {
    Fail(kCloseProtocolError, "the close code is not one that may be sent");
    return Event::kFault;
  }
  if (!IsUtf8(std::string_view(payload_).substr(2))) {
    Fail(kCloseInvalidText, "a close reason must be UTF-8");
    return Event::kFault;
  }
  payload_.resize(2);  // a reply repeats the code
  return Event::kClose;
}

std::string FrameReader::TakePayload() { return std::exchange(payload_, {}); }

}  // namespace rampart::chat
