#include "agent/protocol/websocket.h"

#include <algorithm>
#include <utility>

namespace rampart::agent {
namespace {

int64_t Within(int64_t limit_ns, int64_t deadline_ns) {
  return std::min(deadline_ns, MonotonicNow() + limit_ns);
}

}  // namespace

Websocket::Websocket(std::unique_ptr<Transport> transport, std::string_view subprotocol,
                     std::string_view unread)
    : transport_(std::move(transport)), bytes_received_(unread.size()) {
  if (!unread.empty()) backlog_.Take().unread = unread;
  if (!subprotocol.empty()) subprotocol_ = std::make_unique<std::string>(subprotocol);
}

std::string_view Websocket::close_reason() const {
  return state_ == State::kClosed && close_code_ != kCloseAbnormal ? decoder_.close_reason()
                                                                   : std::string_view();
}

Failure Websocket::failure() const {
  return failure_ != nullptr ? *failure_ : Failure{ErrorKind::kSystem, ""};
}

Websocket::Event Websocket::Fail(Failure failure) {
  failure_ = std::make_unique<Failure>(std::move(failure));
  state_ = State::kFailed;
  return Event::kFailed;
}

size_t Websocket::SendSome(std::string_view bytes) {
  size_t sent = 0;
  while (!send_broken_ && sent < bytes.size()) {
    const Transport::Moved moved = transport_->Send(bytes.substr(sent));
    if (moved.step == Transport::Step::kBlocked) break;
    if (moved.step == Transport::Step::kDone) {
      sent += moved.bytes;
      continue;
    }
    send_broken_ = true;
    failure_ = std::make_unique<Failure>(
        moved.step == Transport::Step::kFailed
            ? transport_->failure()
            : Failure{ErrorKind::kConnectionClosed, "send: the peer has closed"});
  }
  bytes_sent_ += sent;
  return sent;
}

void Websocket::Flush() {
  if (!queued()) return;
  Backlog& backlog = backlog_.Take();
  backlog.queued_at += SendSome(std::string_view(backlog.queued).substr(backlog.queued_at));
  if (!queued() || send_broken_) ClearQueue();
}

void Websocket::ClearQueue() {
  if (!backlog_.held()) return;
  backlog_->queued.clear();
  backlog_->queued_at = 0;
  if (!unread()) backlog_.GiveBack();
}

void Websocket::Put(WebsocketOpcode opcode, std::string_view payload) {
  Flush();
  if (send_broken_) return;
  if (queued()) {
    // The part that is sent already must not pile up.
    Backlog& backlog = backlog_.Take();
    if (backlog.queued_at > backlog.queued.size() / 2) {
      backlog.queued.erase(0, backlog.queued_at);
      backlog.queued_at = 0;
    }
    AppendFrame(opcode, payload, RandomMask(), &backlog.queued);
    return;
  }
  // Written into the thread's scratch and sent at once; what the kernel does not take is copied.
  constexpr size_t kKeptScratchBytes = 256 * 1024;
  static thread_local std::string scratch;
  scratch.clear();
  scratch.reserve(payload.size() + kMaxFrameHeadBytes);
  AppendFrame(opcode, payload, RandomMask(), &scratch);
  const size_t sent = SendSome(scratch);
  if (!send_broken_ && sent < scratch.size()) backlog_.Take().queued.assign(scratch, sent);
  if (scratch.capacity() > kKeptScratchBytes) scratch = std::string();
}

void Websocket::SendCloseFrame(std::string_view payload) {
  if (close_sent_) return;
  Put(WebsocketOpcode::kClose, payload);
  close_sent_ = true;
}

std::optional<Failure> Websocket::Unsendable(size_t payload_bytes) const {
  if (state_ == State::kFailed || send_broken_) return failure();
  if (state_ == State::kClosed || close_sent_) {
    return Failure{ErrorKind::kConnectionClosed, "send: the connection is closed"};
  }
  if (payload_bytes > kMaxMessageBytes) {
    return Failure{ErrorKind::kMessageTooLarge,
                   "send: a message of " + std::to_string(payload_bytes) + " bytes, over the " +
                       std::to_string(kMaxMessageBytes) + " that are allowed"};
  }
  const size_t waiting = queued_bytes();
  if (waiting > 0 && waiting + payload_bytes + kMaxFrameHeadBytes > kMaxQueuedBytes) {
    return Failure{ErrorKind::kTimeout, "send: the server does not read, " +
                                            std::to_string(waiting) + " bytes wait for it already"};
  }
  return std::nullopt;
}

std::optional<Failure> Websocket::Send(std::string_view payload, bool binary) {
  if (std::optional<Failure> failure = Unsendable(payload.size())) return failure;
  Put(binary ? WebsocketOpcode::kBinary : WebsocketOpcode::kText, payload);
  if (send_broken_) return failure();
  ++messages_sent_;
  return std::nullopt;
}

std::optional<Failure> Websocket::Ping(std::string_view payload) {
  if (payload.size() > kMaxControlPayloadBytes) {
    return Failure{ErrorKind::kBadRequest, "a ping of " + std::to_string(payload.size()) +
                                               " bytes: at most " +
                                               std::to_string(kMaxControlPayloadBytes)};
  }
  if (std::optional<Failure> failure = Unsendable(payload.size())) return failure;
  Put(WebsocketOpcode::kPing, payload);
  if (send_broken_) return failure();
  return std::nullopt;
}

std::optional<Websocket::Event> Websocket::Decode(std::string_view* bytes) {
  for (;;) {
    switch (decoder_.Feed(bytes)) {
      case WebsocketDecoder::Step::kMore:
        return std::nullopt;
      case WebsocketDecoder::Step::kMessage:
        ++messages_received_;
        return Event::kMessage;
      case WebsocketDecoder::Step::kPing:
        // A peer that asks without reading the answers gets no more of them (RFC 6455, 5.5.3).
        if (!close_sent_ && queued_bytes() < kMaxQueuedBytes) {
          Put(WebsocketOpcode::kPong, decoder_.control());
        }
        break;
      case WebsocketDecoder::Step::kPong:
        return Event::kPong;
      case WebsocketDecoder::Step::kClose:
        close_code_ = decoder_.close_code();
        SendCloseFrame(ClosePayload(close_code_, {}));
        state_ = State::kClosed;
        return Event::kClosed;
      case WebsocketDecoder::Step::kFailed:
        SendCloseFrame(ClosePayload(decoder_.failure_close_code(), {}));
        return Fail(decoder_.failure());
    }
  }
}

Transport::Step Websocket::Read(std::optional<Event>* event) {
  // Of what a broken one still holds the loop may not have heard yet.
  if (!send_broken_ && !transport_->MayReceive()) return Transport::Step::kBlocked;
  const Transport::Moved moved = transport_->Receive(loop().read_buffer(), Loop::kReadBufferBytes);
  switch (moved.step) {
    case Transport::Step::kDone: {
      bytes_received_ += moved.bytes;
      std::string_view bytes(loop().read_buffer(), moved.bytes);
      *event = Decode(&bytes);
      // The buffer is the next reader's; what is left is ours to keep.
      if (state_ == State::kOpen && !bytes.empty()) backlog_.Take().unread.assign(bytes);
      break;
    }
    case Transport::Step::kClosed:
      if (send_broken_) {
        *event = Fail(failure());
      } else {
        close_code_ = kCloseAbnormal;
        state_ = State::kClosed;
        *event = Event::kClosed;
      }
      break;
    case Transport::Step::kFailed:
      *event = Fail(transport_->failure());
      break;
    case Transport::Step::kBlocked:
      break;
  }
  return moved.step;
}

std::optional<Websocket::Event> Websocket::DecodeUnread() {
  Backlog& backlog = backlog_.Take();
  std::string_view bytes = std::string_view(backlog.unread).substr(backlog.unread_at);
  const std::optional<Event> event = Decode(&bytes);
  backlog.unread_at = backlog.unread.size() - bytes.size();
  if (bytes.empty()) {
    backlog.unread.clear();
    backlog.unread_at = 0;
    if (!queued()) backlog_.GiveBack();
  }
  return event;
}

bool Websocket::Advance(std::optional<Event>* event) {
  if (unread()) {
    *event = DecodeUnread();
    return false;
  }
  Flush();
  if (Read(event) != Transport::Step::kBlocked) return false;
  if (send_broken_) {
    *event = Fail(failure());
    return false;
  }
  decoder_.Release();
  reads_in_a_row_ = 0;
  return true;
}

Task<Websocket::Event> Websocket::Next(int64_t deadline_ns, Interrupt* interrupt) {
  for (;;) {
    if (state_ == State::kClosed) co_return Event::kClosed;
    if (state_ == State::kFailed) co_return Event::kFailed;
    if (interrupt != nullptr && interrupt->requested()) co_return Event::kInterrupted;
    const bool late = deadline_ns != kNever && MonotonicNow() >= deadline_ns;
    if (late || (!unread() && ++reads_in_a_row_ > kMaxReadsInARow)) {
      // Who asks again and again with deadlines that are over lets the others go on meanwhile, and
      // so does who has much to read.
      reads_in_a_row_ = 0;
      co_await loop().Yield();
      if (late) co_return Event::kDeadline;
      continue;
    }
    std::optional<Event> event;
    if (Advance(&event)) {
      const Wake wake = co_await ToHear(deadline_ns, interrupt);
      if (wake == Wake::kTimeout) co_return Event::kDeadline;
      if (wake == Wake::kInterrupted) co_return Event::kInterrupted;
      continue;
    }
    const bool over = event == Event::kClosed || event == Event::kFailed;
    if (over && queued()) co_await FlushReply(deadline_ns, interrupt);
    if (event) co_return *event;
  }
}

Task<> Websocket::FlushReply(int64_t deadline_ns, Interrupt* interrupt) {
  deadline_ns = Within(kMaxReplyNs, deadline_ns);
  for (Flush(); queued(); Flush()) {
    // Not inside of the `if`: g++ 12 then puts a variable of its own in front of the frame's head,
    // and who resumes the frame jumps into nowhere.
    const Wake wake = co_await transport_->ToSend(deadline_ns, interrupt);
    if (wake != Wake::kReady) co_return;
  }
}

Task<> Websocket::AwaitEnd(int64_t deadline_ns, Interrupt* interrupt) {
  deadline_ns = Within(kMaxEndNs, deadline_ns);
  for (;;) {
    const auto [step, bytes] = transport_->Receive(loop().read_buffer(), Loop::kReadBufferBytes);
    if (step == Transport::Step::kClosed || step == Transport::Step::kFailed) co_return;
    if (step == Transport::Step::kDone) {
      co_await loop().Yield();
      if (MonotonicNow() >= deadline_ns) co_return;
    } else {
      const Wake wake = co_await transport_->ToReceive(deadline_ns, interrupt);
      if (wake != Wake::kReady) co_return;
    }
  }
}

Task<std::optional<Failure>> Websocket::Close(uint16_t code, std::string_view reason,
                                              int64_t deadline_ns, Interrupt* interrupt) {
  if (state_ == State::kOpen) {
    if (code == kCloseNoCode || IsSendableCloseCode(code)) {
      SendCloseFrame(ClosePayload(code, reason));
    } else {
      Fail({ErrorKind::kBadRequest,
            "close: no Close frame may carry the code " + std::to_string(code)});
    }
  }
  Event event;
  do {
    event = co_await Next(deadline_ns, interrupt);
  } while (event == Event::kMessage || event == Event::kPong);
  if (event == Event::kDeadline) {
    Fail(FailureFromWake(Wake::kTimeout, "wait for the server's Close frame"));
  } else if (event == Event::kInterrupted) {
    Fail(FailureFromWake(Wake::kInterrupted, "wait for the server's Close frame"));
  }
  std::optional<Failure> failed;
  if (state_ == State::kFailed) {
    failed = failure();
  } else if (close_code_ == kCloseAbnormal) {
    failed = Failure{ErrorKind::kConnectionClosed,
                     "the server ended the connection without a Close frame"};
  } else if (transport_ != nullptr) {
    co_await AwaitEnd(deadline_ns, interrupt);
  }
  transport_.reset();
  ClearQueue();
  co_return failed;
}

}  // namespace rampart::agent
