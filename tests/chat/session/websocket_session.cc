#include "tests/chat/session/websocket_session.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "tests/chat/net/loop.h"

namespace rampart::chat {
namespace {

constexpr std::chrono::seconds kCloseTimeout{10};  // to read what is queued, and to reply Close
constexpr size_t kKeptCapacity = 8;                // of an idle queue

}  // namespace

WebSocketSession::WebSocketSession(App& app, std::unique_ptr<Connection> connection,
                                   std::string input, std::optional<User> from_header,
                                   std::unique_ptr<SocketLedger::Socket> watched)
    : app_(app),
      connection_(std::move(connection)),
      watched_(std::move(watched)),
      input_(std::move(input)) {
  user = std::move(from_header);
  connection_->SetShutdownListener(this);
  connection_->NeverExpire();  // TCP's keep-alive finds peers that are gone
}

WebSocketSession::~WebSocketSession() { Drop(); }

void WebSocketSession::Start() {
  asio::co_spawn(connection_->loop().context(), Run(shared_from_this()), asio::detached);
}

Awaitable<void> WebSocketSession::Run(std::shared_ptr<WebSocketSession> self) {
  if (self->connection_->loop().stopping()) self->OnShutdown();
  for (;;) {
    if (!self->input_.empty()) {
      if (!self->HandleInput()) co_return;
      if (self->input_.empty()) std::string().swap(self->input_);
    }
    const error_code error = co_await self->connection_->Fill(self->input_);
    if (error) break;
  }
  self->Drop();
}

bool WebSocketSession::HandleInput() {
  using Event = FrameReader::Event;
  std::string_view rest = input_;
  for (;;) {
    switch (reader_.Next(rest)) {
      case Event::kNeedMore:
        input_.erase(0, input_.size() - rest.size());
        return true;
      case Event::kText:
        CountReceived();
        PerformCommand(app_, *this, reader_.TakePayload());
        break;
      case Event::kBinary:
        CountReceived();
        PerformCommand(app_, *this, "");  // answered with what a message must be
        reader_.TakePayload();
        break;
      case Event::kPing:
        Queue(
            std::make_shared<const std::string>(EncodeFrame(Opcode::kPong, reader_.TakePayload())),
            /*is_message=*/false);
        break;
      case Event::kPong:
        break;
      case Event::kClose:
        HandleClose(reader_.TakePayload());
        return false;
      case Event::kFault:
        Fail(reader_.fault_code(), reader_.fault());
        return false;
    }
  }
}

void WebSocketSession::HandleClose(std::string_view payload) {
  LeaveAll(app_, *this);
  if (!close_queued_) QueueClose(EncodeFrame(Opcode::kClose, payload));
  FinishWhenWritten();
}

void WebSocketSession::Fail(uint16_t code, std::string_view reason) {
  LeaveAll(app_, *this);
  if (!close_queued_) QueueClose(EncodeClose(code, reason));
  FinishWhenWritten();
}

void WebSocketSession::OnShutdown() {
  LeaveAll(app_, *this);
  connection_->ExpireAfter(kCloseTimeout);
  if (!close_queued_) QueueClose(EncodeClose(kCloseGoingAway, "the server ends"));
}

void WebSocketSession::Deliver(const Frame& frame) {
  if (connection_->loop().context().get_executor().running_in_this_thread()) {
    return Queue(frame, /*is_message=*/true);
  }
  // Without a shared owner the session is being destroyed on its thread: nobody to deliver to.
  std::shared_ptr<WebSocketSession> self = weak_from_this().lock();
  if (self == nullptr) return;
  asio::post(connection_->loop().context(),
             // Moved: the last owner must be on the session's thread.
             [self = std::move(self), frame] { self->Queue(frame, /*is_message=*/true); });
}

void WebSocketSession::Queue(const Frame& frame, bool is_message) {
  if (close_queued_) return;
  if (queue_.size() >= kMaxQueuedFrames || queued_bytes_ + frame->size() > kMaxQueuedBytes) {
    ++app_.counters.ws_sockets_overflowed;
    close_queued_ = true;
    connection_->Close();  // the reading coroutine ends, and drops the rest
    return;
  }
  queued_bytes_ += frame->size();
  queue_.push_back({frame, is_message});
  if (in_flight_.empty()) WriteQueued();
}

void WebSocketSession::QueueClose(std::string frame) {
  close_queued_ = true;
  queue_.push_back({std::make_shared<const std::string>(std::move(frame)), /*is_message=*/false});
  if (in_flight_.empty()) WriteQueued();
}

void WebSocketSession::FinishWhenWritten() {
  connection_->ExpireAfter(kCloseTimeout);
  finish_when_written_ = true;
  if (in_flight_.empty()) {
    asio::co_spawn(connection_->loop().context(), Finish(shared_from_this()), asio::detached);
  }
}

void WebSocketSession::WriteQueued() {
  in_flight_.swap(queue_);
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(in_flight_.size());
  size_t messages = 0;
  for (const Outgoing& outgoing : in_flight_) {
    buffers.push_back(asio::buffer(*outgoing.frame));
    if (outgoing.is_message) ++messages;
  }
  // Before the write: a client that has read a message must find it counted.
  app_.counters.ws_messages_sent += messages;
  if (close_queued_) CountClosed();
  connection_->Write(buffers, [self = shared_from_this()](error_code error, size_t bytes) {
    self->OnWritten(error, bytes);
  });
}

void WebSocketSession::OnWritten(error_code error, size_t bytes) {
  connection_->CountSent(bytes);
  size_t end = 0;
  for (const Outgoing& outgoing : in_flight_) {
    end += outgoing.frame->size();
    if (outgoing.is_message && end > bytes) --app_.counters.ws_messages_sent;
  }
  queued_bytes_ -= std::min(queued_bytes_, end);
  in_flight_.clear();
  if (in_flight_.capacity() > kKeptCapacity) std::vector<Outgoing>().swap(in_flight_);
  if (error) return Drop();
  if (!queue_.empty()) return WriteQueued();
  if (finish_when_written_) {
    asio::co_spawn(connection_->loop().context(), Finish(shared_from_this()), asio::detached);
  }
}

Awaitable<void> WebSocketSession::Finish(std::shared_ptr<WebSocketSession> self) {
  co_await self->connection_->Finish();
  self->Drop();
}

void WebSocketSession::CountReceived() {
  ++app_.counters.ws_messages_received;
  if (watched_ != nullptr) watched_->Received();
}

void WebSocketSession::CountClosed() {
  if (counted_closed_) return;
  counted_closed_ = true;
  watched_.reset();
  --app_.counters.ws_connections_open;
}

void WebSocketSession::Drop() {
  close_queued_ = true;
  queue_.clear();
  LeaveAll(app_, *this);
  CountClosed();
  connection_->Close();
}

}  // namespace rampart::chat
