#include "agent/protocol/socketio_connection.h"

#include <algorithm>
#include <utility>

namespace rampart::agent {
namespace {

// After a time in which nobody read, what has arrived is looked at before a ping counts as missing.
constexpr int64_t kReadTurnNs = 500'000;

size_t Bytes(const SocketioEvent& event) {
  return sizeof(event) + event.name.size() + event.args.size();
}

}  // namespace

Task<std::optional<Failure>> SocketioConnection::Connect(std::string_view auth, int64_t deadline_ns,
                                                         Interrupt* interrupt) {
  auth_ = auth;
  std::optional<Failure> failed;
  Did did = Did::kNothing;
  while (did != Did::kConnected && !failed) {
    did = co_await Read(deadline_ns, interrupt);
    if (did == Did::kEvent) Keep();
    failed = WhyNotConnected(did);
  }
  co_return failed;
}

std::optional<Failure> SocketioConnection::WhyNotConnected(Did did) const {
  if (did == Did::kInterrupted) return Failure{ErrorKind::kInterrupted, "connecting"};
  if (did == Did::kDeadline) {
    if (!open_) return Failure{ErrorKind::kTimeout, "no Engine.IO open packet came"};
    return Failure{ErrorKind::kTimeout,
                   "the server did not connect the namespace `" + space_ + "`"};
  }
  if (did != Did::kEnded) return std::nullopt;
  if (ended_ == Event::kFailed) return failure_;
  return Failure{ErrorKind::kConnectionClosed, "the server closed before the namespace `" + space_ +
                                                   "` was connected, with code " +
                                                   std::to_string(websocket_.close_code())};
}

Task<SocketioConnection::Event> SocketioConnection::Next(int64_t deadline_ns,
                                                         Interrupt* interrupt) {
  if (!kept_.empty()) {
    if (interrupt != nullptr && interrupt->requested()) co_return Event::kInterrupted;
    if (MonotonicNow() >= deadline_ns) co_return Event::kDeadline;
    event_ = std::move(kept_.front());
    kept_.pop_front();
    kept_bytes_ -= Bytes(event_);
    co_return Event::kEvent;
  }
  for (;;) {
    const Did did = co_await Read(deadline_ns, interrupt);
    if (did == Did::kEvent) co_return Event::kEvent;
    // An acknowledgement that nobody waits for any more is let go.
    if (const std::optional<Event> end = EndOf(did)) co_return *end;
  }
}

Task<SocketioConnection::Event> SocketioConnection::Await(std::optional<uint64_t> id,
                                                          int64_t deadline_ns,
                                                          Interrupt* interrupt) {
  for (;;) {
    const Did did = co_await Read(deadline_ns, interrupt);
    if (did == Did::kEvent) Keep();
    if (did == Did::kAck && id == ack_id_) co_return Event::kAck;
    if (const std::optional<Event> end = EndOf(did)) co_return *end;
  }
}

std::optional<SocketioConnection::Event> SocketioConnection::EndOf(Did did) const {
  if (did == Did::kEnded) return ended_;
  if (did == Did::kDeadline) return Event::kDeadline;
  if (did == Did::kInterrupted) return Event::kInterrupted;
  return std::nullopt;
}

std::optional<Failure> SocketioConnection::Emit(std::string_view event, std::string_view args,
                                                uint64_t* id) {
  std::string json;
  AppendSocketioEvent(event, args, &json);
  SocketioPacket packet{.type = SocketioType::kEvent, .space = space_, .id = {}, .json = json};
  if (id != nullptr) packet.id = *id = ++last_id_;
  std::string message;
  AppendSocketio(packet, &message);
  if (open_ && open_->max_payload_bytes > 0 && message.size() > open_->max_payload_bytes) {
    return Failure{ErrorKind::kMessageTooLarge,
                   "emit: " + std::to_string(message.size()) + " bytes, over the " +
                       std::to_string(open_->max_payload_bytes) + " that the server takes"};
  }
  return websocket_.Send(message, false);
}

void SocketioConnection::Disconnect() {
  if (!ended_) SendPacket(SocketioType::kDisconnect, std::nullopt, "");
}

Task<SocketioConnection::Did> SocketioConnection::Read(int64_t deadline_ns, Interrupt* interrupt) {
  Did did = ended_ ? Did::kEnded : Did::kNothing;
  while (did == Did::kNothing) {
    const int64_t ping_ns = std::max(ping_due_ns_, MonotonicNow() + kReadTurnNs);
    const int64_t until_ns = std::min(deadline_ns, ping_ns);
    const Websocket::Event event = co_await websocket_.Next(until_ns, interrupt);
    did = Take(event, deadline_ns <= ping_ns);
  }
  co_return did;
}

SocketioConnection::Did SocketioConnection::Take(Websocket::Event event, bool callers_deadline) {
  switch (event) {
    case Websocket::Event::kMessage:
      return TakeMessage();
    case Websocket::Event::kPong:
      return Did::kNothing;
    case Websocket::Event::kClosed:
      return End(Event::kClosed);
    case Websocket::Event::kFailed:
      return Fail(websocket_.failure());
    case Websocket::Event::kInterrupted:
      return Did::kInterrupted;
    case Websocket::Event::kDeadline:
      if (callers_deadline) return Did::kDeadline;
      return Violation(
          "the server sent no ping for " +
          std::to_string((open_->ping_interval_ns + open_->ping_timeout_ns) / 1000000) +
          " ms, its pingInterval and pingTimeout");
  }
  return Did::kNothing;
}

SocketioConnection::Did SocketioConnection::TakeMessage() {
  if (websocket_.binary()) {
    if (attachments_ == 0) return Violation("a binary message that no packet has announced");
    return --attachments_ == 0 ? Whole() : Did::kNothing;
  }
  const absl::StatusOr<EngineioPacket> packet = ParseEngineio(websocket_.message());
  if (!packet.ok()) return Violation(std::string(packet.status().message()));
  switch (packet->type) {
    case EngineioType::kOpen: {
      if (open_) return Violation("a second Engine.IO open packet");
      const absl::StatusOr<EngineioOpen> open = ParseEngineioOpen(packet->data);
      if (!open.ok()) return Violation(std::string(open.status().message()));
      open_ = *open;
      ping_due_ns_ = MonotonicNow() + open_->ping_interval_ns + open_->ping_timeout_ns;
      SendPacket(SocketioType::kConnect, std::nullopt, auth_);
      return Did::kNothing;
    }
    case EngineioType::kClose:
      return End(Event::kClosed);
    case EngineioType::kPing:
      if (open_) {
        ping_due_ns_ = MonotonicNow() + open_->ping_interval_ns + open_->ping_timeout_ns;
      }
      // That a connection is over is said by what is read next.
      websocket_.Send("3" + std::string(packet->data), false);
      return Did::kNothing;
    case EngineioType::kMessage:
      return TakePacket(packet->data);
    case EngineioType::kPong:
    case EngineioType::kUpgrade:
    case EngineioType::kNoop:
      return Did::kNothing;
  }
  return Did::kNothing;
}

SocketioConnection::Did SocketioConnection::TakePacket(std::string_view text) {
  if (!open_) return Violation("a Socket.IO packet before the Engine.IO open packet");
  if (attachments_ > 0) return Violation("a packet where the attachments of another were due");
  const absl::StatusOr<SocketioPacket> packet = ParseSocketio(text);
  if (!packet.ok()) return Violation(std::string(packet.status().message()));
  attachments_ = packet->attachments;
  whole_ = Did::kNothing;
  if (packet->space != space_) return Did::kNothing;
  switch (packet->type) {
    case SocketioType::kConnect:
      return Did::kConnected;
    case SocketioType::kConnectError:
      return Violation("the namespace `" + space_ + "` refused: " + SocketioRefusal(packet->json));
    case SocketioType::kDisconnect:
      return End(Event::kClosed);
    case SocketioType::kEvent:
    case SocketioType::kBinaryEvent:
      return TakeEvent(*packet);
    case SocketioType::kAck:
    case SocketioType::kBinaryAck:
      return TakeAck(*packet);
  }
  return Did::kNothing;
}

SocketioConnection::Did SocketioConnection::TakeEvent(const SocketioPacket& packet) {
  absl::StatusOr<SocketioEvent> event = ParseSocketioEvent(packet.json);
  if (!event.ok()) return Violation(std::string(event.status().message()));
  event_ = *std::move(event);
  packet_id_ = packet.id;
  whole_ = Did::kEvent;
  return attachments_ == 0 ? Whole() : Did::kNothing;
}

SocketioConnection::Did SocketioConnection::TakeAck(const SocketioPacket& packet) {
  const absl::Status status = CheckSocketioList(packet.json);
  if (!status.ok()) return Violation(std::string(status.message()));
  if (!packet.id) return Violation("an acknowledgement without the id of its event");
  ack_id_ = *packet.id;
  ack_args_ = packet.json;
  whole_ = Did::kAck;
  return attachments_ == 0 ? Whole() : Did::kNothing;
}

SocketioConnection::Did SocketioConnection::Whole() {
  if (whole_ != Did::kEvent) return whole_;
  ++events_received_;
  if (packet_id_) SendPacket(SocketioType::kAck, packet_id_, "[]");
  return wanted_ && !wanted_(event_.name) ? Did::kNothing : Did::kEvent;
}

void SocketioConnection::SendPacket(SocketioType type, std::optional<uint64_t> id,
                                    std::string_view json) {
  std::string message;
  AppendSocketio({.type = type, .space = space_, .id = id, .json = json}, &message);
  websocket_.Send(message, false);
}

void SocketioConnection::Keep() {
  if (kept_bytes_ + Bytes(event_) > kMaxKeptBytes) {
    ++events_dropped_;
    return;
  }
  kept_bytes_ += Bytes(event_);
  kept_.push_back(std::move(event_));
}

SocketioConnection::Did SocketioConnection::Fail(Failure failure) {
  failure_ = std::move(failure);
  return End(Event::kFailed);
}

SocketioConnection::Did SocketioConnection::Violation(std::string why) {
  return Fail({ErrorKind::kSocketio, std::move(why)});
}

SocketioConnection::Did SocketioConnection::End(Event how) {
  ended_ = how;
  return Did::kEnded;
}

}  // namespace rampart::agent
