#include "agent/protocol/websocket_decoder.h"

#include <algorithm>
#include <utility>

namespace rampart::agent {
namespace {

constexpr unsigned char kFinBit = 0x80;
constexpr unsigned char kReservedBits = 0x70;
constexpr unsigned char kOpcodeBits = 0x0F;
constexpr unsigned char kMaskBit = 0x80;
constexpr unsigned char kLengthBits = 0x7F;
constexpr unsigned char kLengthIn2Bytes = 126;
constexpr unsigned char kLengthIn8Bytes = 127;

bool IsControl(WebsocketOpcode opcode) { return (static_cast<unsigned>(opcode) & 0x8) != 0; }

std::string_view Name(WebsocketOpcode opcode) {
  switch (opcode) {
    case WebsocketOpcode::kContinuation:
      return "continuation";
    case WebsocketOpcode::kText:
      return "text";
    case WebsocketOpcode::kBinary:
      return "binary";
    case WebsocketOpcode::kClose:
      return "close";
    case WebsocketOpcode::kPing:
      return "ping";
    case WebsocketOpcode::kPong:
      return "pong";
  }
  return "unknown";
}

}  // namespace

bool WebsocketDecoder::Fail(std::string detail) {
  failure_ = std::make_unique<Failure>(
      Failure{ErrorKind::kWebsocketProtocol, "the server sent " + std::move(detail)});
  return false;
}

bool WebsocketDecoder::CheckFirstByte() {
  const unsigned char first = head_[0];
  if ((first & kReservedBits) != 0) {
    return Fail("a frame with reserved bits, though no extension was agreed on");
  }
  fin_ = (first & kFinBit) != 0;
  const unsigned opcode = first & kOpcodeBits;
  opcode_ = static_cast<WebsocketOpcode>(opcode);
  switch (opcode_) {
    case WebsocketOpcode::kContinuation:
      if (!fragmented_) return Fail("a continuation frame of no message");
      return true;
    case WebsocketOpcode::kText:
    case WebsocketOpcode::kBinary:
      if (fragmented_) {
        return Fail("a new " + std::string(Name(opcode_)) +
                    " frame in the middle of a fragmented message");
      }
      binary_ = opcode_ == WebsocketOpcode::kBinary;
      text_ = {};
      return true;
    case WebsocketOpcode::kClose:
    case WebsocketOpcode::kPing:
    case WebsocketOpcode::kPong:
      if (!fin_) return Fail("a fragmented " + std::string(Name(opcode_)) + " frame");
      return true;
  }
  return Fail("a frame with the unknown opcode " + std::to_string(opcode));
}

bool WebsocketDecoder::CheckSecondByte() {
  if ((head_[1] & kMaskBit) != 0) return Fail("a masked frame: only clients mask");
  if (IsControl(opcode_) && (head_[1] & kLengthBits) > kMaxControlPayloadBytes) {
    return Fail("a " + std::string(Name(opcode_)) + " frame of over " +
                std::to_string(kMaxControlPayloadBytes) + " bytes");
  }
  return true;
}

bool WebsocketDecoder::CheckLength() {
  uint64_t length = 0;
  if (head_size_ == 2) {
    length = head_[1] & kLengthBits;
  } else {
    for (size_t i = 2; i < head_size_; ++i) length = length << 8 | head_[i];
    if (length <= (head_size_ == 4 ? 125u : 0xFFFFu)) {
      return Fail("the length " + std::to_string(length) + " in more bytes than it needs");
    }
    if (length >> 63 != 0) return Fail("a length with its highest bit set");
  }
  if (!IsControl(opcode_) && length > max_message_bytes_ - message().size()) {
    failure_close_code_ = kCloseTooLarge;
    failure_ = std::make_unique<Failure>(Failure{
        ErrorKind::kMessageTooLarge,
        "the server sent a message of over " + std::to_string(max_message_bytes_) + " bytes"});
    return false;
  }
  remaining_ = length;
  return true;
}

bool WebsocketDecoder::TakeHead(std::string_view* bytes, Step* step) {
  size_t wanted = 2;
  for (;;) {
    if (head_size_ >= 2) {
      const unsigned char length = head_[1] & kLengthBits;
      wanted = length == kLengthIn2Bytes ? 4 : length == kLengthIn8Bytes ? 10 : 2;
      if (head_size_ == wanted) break;
    }
    if (bytes->empty()) {
      *step = Step::kMore;
      return false;
    }
    head_[head_size_++] = static_cast<unsigned char>(bytes->front());
    bytes->remove_prefix(1);
    // Byte by byte, so that a violation is seen at the same point however the bytes are cut.
    if ((head_size_ == 1 && !CheckFirstByte()) || (head_size_ == 2 && !CheckSecondByte())) {
      *step = Step::kFailed;
      return false;
    }
  }
  *step = Step::kFailed;
  return CheckLength();
}

WebsocketDecoder::Step WebsocketDecoder::Feed(std::string_view* bytes) {
  if (failure_ != nullptr) return Step::kFailed;
  if (delivered_) {
    payloads_->message.clear();
    delivered_ = false;
  }
  if (bytes->empty()) return Step::kMore;
  Payloads& payloads = payloads_.Take();
  for (;;) {
    if (!in_payload_) {
      Step step;
      if (!TakeHead(bytes, &step)) return step;
      in_payload_ = true;
      if (IsControl(opcode_)) payloads.control.clear();
    }
    const std::string_view piece = bytes->substr(0, remaining_);
    (IsControl(opcode_) ? payloads.control : payloads.message).append(piece);
    if (!IsControl(opcode_) && !binary_ && !text_.Take(piece)) return FailText();
    bytes->remove_prefix(piece.size());
    remaining_ -= piece.size();
    if (remaining_ > 0) return Step::kMore;
    in_payload_ = false;
    head_size_ = 0;
    if (IsControl(opcode_)) return EndControl();
    fragmented_ = !fin_;
    if (fin_) return EndMessage();
  }
}

WebsocketDecoder::Step WebsocketDecoder::EndControl() {
  if (opcode_ == WebsocketOpcode::kPing) return Step::kPing;
  if (opcode_ == WebsocketOpcode::kPong) return Step::kPong;
  if (control().size() == 1) {
    Fail("a close frame of one byte");
    return Step::kFailed;
  }
  if (!control().empty() && !IsSendableCloseCode(close_code())) {
    Fail("the close code " + std::to_string(close_code()) + ", which no frame may carry");
    return Step::kFailed;
  }
  if (!IsUtf8(close_reason())) {
    failure_close_code_ = kCloseInvalidText;
    Fail("a close reason that is not UTF-8");
    return Step::kFailed;
  }
  return Step::kClose;
}

WebsocketDecoder::Step WebsocketDecoder::FailText() {
  failure_close_code_ = kCloseInvalidText;
  Fail("a text message that is not UTF-8");
  return Step::kFailed;
}

WebsocketDecoder::Step WebsocketDecoder::EndMessage() {
  if (!binary_ && !text_.complete()) return FailText();
  delivered_ = true;
  return Step::kMessage;
}

uint16_t WebsocketDecoder::close_code() const {
  if (control().size() < 2) return kCloseNoCode;
  const auto byte = [this](size_t i) { return static_cast<unsigned char>(control()[i]); };
  return static_cast<uint16_t>(byte(0) << 8 | byte(1));
}

std::string_view WebsocketDecoder::close_reason() const {
  return control().substr(std::min<size_t>(2, control().size()));
}

void WebsocketDecoder::Release() {
  const bool control_unfinished = in_payload_ && IsControl(opcode_);
  if (delivered_) {
    payloads_->message.clear();
    delivered_ = false;
  }
  if (!control_unfinished && message().empty()) payloads_.GiveBack();
}

}  // namespace rampart::agent
