// One WebSocket: frames in, commands performed, messages out in order.
#ifndef RAMPART_TESTS_CHAT_SESSION_WEBSOCKET_SESSION_H_
#define RAMPART_TESTS_CHAT_SESSION_WEBSOCKET_SESSION_H_

#include <boost/asio/buffer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/chat/api/app.h"
#include "tests/chat/api/commands.h"
#include "tests/chat/net/connection.h"
#include "tests/chat/net/hub.h"
#include "tests/chat/net/websocket_frame.h"

namespace rampart::chat {

// A socket after its upgrade. Owned by its reading coroutine and its pending write; on the thread
// of its connection's loop, but for Deliver. When the client's Close arrives, what is queued is
// written, then the Close reply, then nothing. Invariant: idle, it holds no buffer. A client that
// reads too slowly, so that the queue fills, is disconnected.
class WebSocketSession final : public Peer,
                               public ShutdownListener,
                               public std::enable_shared_from_this<WebSocketSession> {
 public:
  static constexpr size_t kMaxQueuedFrames = 4096;
  static constexpr size_t kMaxQueuedBytes = 4 << 20;

  // `input`: what was read behind the upgrade. `from_header`: signed in by the upgrade's header.
  // `watched`: null without a ledger.
  WebSocketSession(App& app, std::unique_ptr<Connection> connection, std::string input,
                   std::optional<User> from_header, std::unique_ptr<SocketLedger::Socket> watched);
  ~WebSocketSession() override;

  void Start();

  // A text message. From any thread.
  void Deliver(const Frame& frame) override;
  void OnShutdown() override;

 private:
  struct Outgoing {
    Frame frame;
    bool is_message;  // counted, other than Close and Pong
  };

  static Awaitable<void> Run(std::shared_ptr<WebSocketSession> self);
  static Awaitable<void> Finish(std::shared_ptr<WebSocketSession> self);

  // False: no more is to be read.
  bool HandleInput();
  void HandleClose(std::string_view payload);
  void Fail(uint16_t code, std::string_view reason);
  void Queue(const Frame& frame, bool is_message);
  // The last frame: what is queued later is dropped.
  void QueueClose(std::string frame);
  void FinishWhenWritten();
  void WriteQueued();
  void OnWritten(error_code error, size_t bytes);
  // At once, without ceremony. Repeating it does nothing.
  void Drop();
  void CountReceived();
  void CountClosed();

  App& app_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<SocketLedger::Socket> watched_;  // until it counts as closed
  std::string input_;
  FrameReader reader_;
  std::vector<Outgoing> queue_;
  std::vector<Outgoing> in_flight_;  // not empty: a write is pending
  size_t queued_bytes_ = 0;          // of queue_ and in_flight_
  bool close_queued_ = false;
  bool finish_when_written_ = false;
  bool counted_closed_ = false;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_SESSION_WEBSOCKET_SESSION_H_
