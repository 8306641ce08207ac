// WebsocketDecoder: a server's frames, from bytes as they come to messages and control frames.
#ifndef RAMPART_AGENT_PROTOCOL_WEBSOCKET_DECODER_H_
#define RAMPART_AGENT_PROTOCOL_WEBSOCKET_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agent/engine/failure.h"
#include "agent/protocol/borrowed.h"
#include "agent/protocol/websocket_frame.h"

namespace rampart::agent {

// Pure: no clock, no socket. What it says does not depend on how the bytes are cut into pieces. It
// holds the unfinished message and nothing that the server only announced: a head that promises 16
// MiB costs nothing until they come. A text fails at the first byte with which it cannot become
// UTF-8. After kClose or kFailed it takes no more bytes.
class WebsocketDecoder {
 public:
  enum class Step : uint8_t { kMore, kMessage, kPing, kPong, kClose, kFailed };

  explicit WebsocketDecoder(size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  // Takes bytes from the front of `bytes` up to the end of the first frame that means something by
  // itself; kMore when that is not in them (and takes them all).
  Step Feed(std::string_view* bytes);

  // After kMessage, until the next Feed.
  std::string_view message() const {
    return payloads_.held() ? payloads_->message : std::string_view();
  }
  bool binary() const { return binary_; }
  // After kPing and kPong, until the next Feed.
  std::string_view control() const {
    return payloads_.held() ? payloads_->control : std::string_view();
  }
  // After kClose. The code is kCloseNoCode when the frame named none.
  uint16_t close_code() const;
  std::string_view close_reason() const;
  // After kFailed, with the code that tells the server so.
  const Failure& failure() const { return *failure_; }
  uint16_t failure_close_code() const { return failure_close_code_; }

  // Frees what was delivered: the user is done with it and may be idle for long.
  void Release();

 private:
  // Of the frame whose head has come.
  bool TakeHead(std::string_view* bytes, Step* step);
  bool CheckFirstByte();
  bool CheckSecondByte();
  bool CheckLength();
  Step EndControl();
  Step EndMessage();
  Step FailText();
  bool Fail(std::string detail);

  struct Payloads {
    static constexpr size_t kMaxKeptBytes = 64 * 1024;

    std::string message;
    std::string control;

    void Clear() {
      message.clear();
      control.clear();
      if (message.capacity() > kMaxKeptBytes) message = std::string();
    }
  };

  size_t max_message_bytes_;
  Borrowed<Payloads> payloads_;  // while something is in them
  std::unique_ptr<Failure> failure_;
  uint64_t remaining_ = 0;  // of the frame's payload
  unsigned char head_[10];  // as far as it has come
  uint8_t head_size_ = 0;
  WebsocketOpcode opcode_ = WebsocketOpcode::kText;
  uint16_t failure_close_code_ = kCloseProtocolError;
  bool fin_ = false;
  bool in_payload_ = false;
  bool fragmented_ = false;  // between the first and the last frame of a message
  bool delivered_ = false;   // the message was, the next Feed begins another
  bool binary_ = false;
  Utf8Check text_;  // of a text message, as far as it has come
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_WEBSOCKET_DECODER_H_
