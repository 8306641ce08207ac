// Websocket: one open WebSocket connection of a user (RFC 6455), as a client, ws or wss.
#ifndef RAMPART_AGENT_PROTOCOL_WEBSOCKET_H_
#define RAMPART_AGENT_PROTOCOL_WEBSOCKET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "agent/engine/failure.h"
#include "agent/engine/task.h"
#include "agent/engine/transport.h"
#include "agent/protocol/borrowed.h"
#include "agent/protocol/http_response.h"
#include "agent/protocol/url.h"
#include "agent/protocol/websocket_decoder.h"
#include "agent/protocol/websocket_handshake.h"

namespace rampart::agent {

// What opening took, in nanoseconds on MonotonicNow's clock.
struct WebsocketTimes {
  int64_t started_ns = 0;
  int64_t blocked_ns = 0;  // before the first packet: DNS
  int64_t connecting_ns = 0;
  int64_t tls_ns = 0;
  int64_t handshake_ns = 0;     // the upgrade: sent until answered
  uint64_t bytes_sent = 0;      // of the upgrade
  uint64_t bytes_received = 0;  // of its answer, without the frames behind it
  int64_t total_ns = 0;         // started until open or failed: ws_connecting
};

// Owned by the coroutine of its user and used by it alone, on the thread of the connector. It owns
// no read buffer: it reads into the loop's and keeps what is unfinished, or read and not delivered
// yet; what was delivered is freed when it waits. Nothing may be called while a Next, Close or Open
// is under way.
class Websocket {
 public:
  static constexpr size_t kMaxMessageBytes = 16 * 1024 * 1024;  // of one message, in and out
  // What may wait to be sent when another message or ping is added. One message that finds nothing
  // waiting is taken whatever its size.
  static constexpr size_t kMaxQueuedBytes = 1024 * 1024;
  // Reads without a wait before other users of the thread get their turn.
  static constexpr int kMaxReadsInARow = 16;
  // How long the answer to a peer's Close, or to its violation, may wait for a peer that does not
  // read.
  static constexpr int64_t kMaxReplyNs = 1'000'000'000;
  // How long Close leaves it to the server to end the TCP connection, so that TIME_WAIT is there
  // and not at our ports.
  static constexpr int64_t kMaxEndNs = 200'000'000;

  using Result = std::variant<std::unique_ptr<Websocket>, Failure>;

  // Connects and asks for the upgrade. `response` gets status and head of the answer also when it
  // refuses (kWebsocketHandshake), but no body. All that is passed must stay until the end.
  static Task<Result> Open(Connector& connector, const WebsocketRequest& request, const Url& url,
                           int64_t deadline_ns, Interrupt* interrupt, HttpResponse* response,
                           WebsocketTimes* times);

  Websocket(const Websocket&) = delete;
  Websocket& operator=(const Websocket&) = delete;

  enum class Event : uint8_t {
    kMessage,      // message(), binary(): valid until the next call of anything but an accessor
    kPong,         // pong_payload(), likewise
    kClosed,       // by the peer: close_code(), close_reason(); our reply has been sent
    kFailed,       // failure(); after a violation the peer has been told by a Close frame
    kDeadline,     // the connection goes on
    kInterrupted,  // the connection goes on
  };

  // The next thing that happens. An interrupt, then a deadline that has passed, come before what
  // has arrived. Answers pings and sends what is queued meanwhile. kClosed and kFailed are said
  // again by every later call.
  Task<Event> Next(int64_t deadline_ns, Interrupt* interrupt);

  // Never suspends: what the kernel does not take is queued, and goes out during Next and Close.
  // Text is sent as it is, also when it is not UTF-8. Failures: kMessageTooLarge and kTimeout (over
  // kMaxQueuedBytes wait: the peer does not read) leave the connection as it was; any other says
  // that it is over, and Next says how it ended.
  std::optional<Failure> Send(std::string_view payload, bool binary);
  std::optional<Failure> Ping(std::string_view payload);  // <= kMaxControlPayloadBytes

  // The closing handshake: sends what is queued and Close, reads (and counts) up to the peer's
  // Close frame. Nothing when the peer sent one, also when it did before. kCloseNoCode sends no
  // code. After it the connection is gone.
  Task<std::optional<Failure>> Close(uint16_t code, std::string_view reason, int64_t deadline_ns,
                                     Interrupt* interrupt);

  std::string_view message() const { return decoder_.message(); }
  bool binary() const { return decoder_.binary(); }
  std::string_view pong_payload() const { return decoder_.control(); }
  // After kClosed: kCloseNoCode when the peer named none, kCloseAbnormal when the connection ended
  // without a Close frame.
  uint16_t close_code() const { return close_code_; }
  std::string_view close_reason() const;
  std::string_view subprotocol() const {
    return subprotocol_ == nullptr ? std::string_view() : *subprotocol_;
  }
  Failure failure() const;

  // Whole messages, without control frames; sent ones as they are accepted.
  uint64_t messages_sent() const { return messages_sent_; }
  uint64_t messages_received() const { return messages_received_; }
  // As on the wire without TLS, after the handshake.
  uint64_t bytes_sent() const { return bytes_sent_; }
  uint64_t bytes_received() const { return bytes_received_; }

 private:
  enum class State : uint8_t { kOpen, kClosed, kFailed };

  Websocket(std::unique_ptr<Transport> transport, std::string_view subprotocol,
            std::string_view unread);

  static Task<Result> Upgrade(Connector& connector, const WebsocketRequest& request, const Url& url,
                              int64_t deadline_ns, Interrupt* interrupt, HttpResponse* response,
                              WebsocketTimes* times);

  Loop& loop() const { return transport_->loop(); }
  // What could not be sent or delivered yet.
  struct Backlog {
    static constexpr size_t kMaxKeptBytes = 64 * 1024;

    std::string queued;  // frames from queued_at on
    std::string unread;  // received and not decoded, from unread_at on
    size_t queued_at = 0;
    size_t unread_at = 0;

    void Clear() {
      queued.clear();
      unread.clear();
      queued_at = unread_at = 0;
      if (queued.capacity() > kMaxKeptBytes) queued = std::string();
      if (unread.capacity() > kMaxKeptBytes) unread = std::string();
    }
  };

  bool queued() const { return queued_bytes() > 0; }
  size_t queued_bytes() const {
    return backlog_.held() ? backlog_->queued.size() - backlog_->queued_at : 0;
  }
  bool unread() const { return backlog_.held() && !backlog_->unread.empty(); }
  void ClearQueue();
  Waiter ToHear(int64_t deadline_ns, Interrupt* interrupt) {
    return queued() ? transport_->ToReceiveOrSend(deadline_ns, interrupt)
                    : transport_->ToReceive(deadline_ns, interrupt);
  }
  // What Next does without waiting: true when it has to wait for the peer.
  bool Advance(std::optional<Event>* event);
  std::optional<Event> DecodeUnread();
  // An event for the user, from `bytes`; none when they are used up.
  std::optional<Event> Decode(std::string_view* bytes);
  // Reads once without waiting. kBlocked when there was nothing to read.
  Transport::Step Read(std::optional<Event>* event);
  // Sends or queues one frame.
  void Put(WebsocketOpcode opcode, std::string_view payload);
  void SendCloseFrame(std::string_view payload);
  void Flush();
  // Sends what it can of `bytes` and says how much that was. The first failure stays.
  size_t SendSome(std::string_view bytes);
  std::optional<Failure> Unsendable(size_t payload_bytes) const;
  // Sends the queue, within kMaxReplyNs.
  Task<> FlushReply(int64_t deadline_ns, Interrupt* interrupt);
  // Reads until the peer ends the connection, within kMaxEndNs.
  Task<> AwaitEnd(int64_t deadline_ns, Interrupt* interrupt);
  Event Fail(Failure failure);

  std::unique_ptr<Transport> transport_;  // null after Close
  WebsocketDecoder decoder_{kMaxMessageBytes};
  Borrowed<Backlog> backlog_;                 // while there is one
  std::unique_ptr<std::string> subprotocol_;  // null: none
  std::unique_ptr<Failure> failure_;
  uint64_t messages_sent_ = 0;
  uint64_t messages_received_ = 0;
  uint64_t bytes_sent_ = 0;
  uint64_t bytes_received_ = 0;
  uint16_t close_code_ = kCloseNoCode;
  State state_ = State::kOpen;
  uint8_t reads_in_a_row_ = 0;
  bool close_sent_ = false;
  bool send_broken_ = false;  // failure_ says why; what the peer sent before can still be read
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_WEBSOCKET_H_
