// SocketioConnection: a user's connection to one namespace of a Socket.IO v5 server.
#ifndef RAMPART_AGENT_PROTOCOL_SOCKETIO_CONNECTION_H_
#define RAMPART_AGENT_PROTOCOL_SOCKETIO_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/engine/failure.h"
#include "agent/engine/task.h"
#include "agent/protocol/engineio.h"
#include "agent/protocol/socketio_packet.h"
#include "agent/protocol/websocket.h"

namespace rampart::agent {

// Of the coroutine that owns the WebSocket, which must outlive it; like there, nothing may be
// called while a call is under way. It answers the server's pings while it waits and notices when
// they stop. An acknowledgement that the server asks for is given at once, with an empty list.
// Binary attachments are read and skipped: `args` keeps their placeholders.
class SocketioConnection {
 public:
  // Of the events that wait for Next while an acknowledgement is awaited; more are dropped.
  static constexpr size_t kMaxKeptBytes = 1024 * 1024;

  using Wanted = std::function<bool(std::string_view event)>;

  // `space`: the namespace, which begins with `/`. Events that are not wanted are only counted.
  SocketioConnection(Websocket& websocket, std::string space, Wanted wanted)
      : websocket_(websocket), space_(std::move(space)), wanted_(std::move(wanted)) {}

  // On a WebSocket that was opened just now. `auth`: a JSON object, or empty. kSocketio when the
  // namespace refuses.
  Task<std::optional<Failure>> Connect(std::string_view auth, int64_t deadline_ns,
                                       Interrupt* interrupt);

  enum class Event : uint8_t {
    kEvent,   // event()
    kAck,     // args(), of Await only
    kClosed,  // by the server: the namespace, or the WebSocket with its close_code()
    kFailed,  // failure(); a WebSocket that broke, too
    kDeadline,
    kInterrupted,
  };

  // Events that were kept first. An interrupt, then a deadline that has passed, come before them.
  // kClosed and kFailed are said again by every later call.
  Task<Event> Next(int64_t deadline_ns, Interrupt* interrupt);
  // Never kEvent: events are kept for Next. Until the acknowledgement `id`; without one, until the
  // deadline.
  Task<Event> Await(std::optional<uint64_t> id, int64_t deadline_ns, Interrupt* interrupt);

  // `args`: a JSON list. `id`: gets the number of the acknowledgement that is asked for; null asks
  // for none. Failures as those of Websocket::Send, and kMessageTooLarge for what the server said
  // it does not take.
  std::optional<Failure> Emit(std::string_view event, std::string_view args, uint64_t* id);
  // Leaves the namespace; the WebSocket stays open.
  void Disconnect();

  const SocketioEvent& event() const { return event_; }
  std::string_view args() const { return ack_args_; }
  const Failure& failure() const { return failure_; }
  uint64_t events_received() const { return events_received_; }
  uint64_t events_dropped() const { return events_dropped_; }

 private:
  enum class Did : uint8_t { kNothing, kConnected, kEvent, kAck, kEnded, kDeadline, kInterrupted };

  // What a wait says of it, when it ends one.
  std::optional<Event> EndOf(Did did) const;
  Task<Did> Read(int64_t deadline_ns, Interrupt* interrupt);
  // `callers_deadline`: a deadline is the caller's, not that of the next ping.
  Did Take(Websocket::Event event, bool callers_deadline);
  std::optional<Failure> WhyNotConnected(Did did) const;
  Did TakeMessage();
  Did TakePacket(std::string_view text);
  Did TakeEvent(const SocketioPacket& packet);
  Did TakeAck(const SocketioPacket& packet);
  // What the packet was, when its last attachment has come.
  Did Whole();
  void SendPacket(SocketioType type, std::optional<uint64_t> id, std::string_view json);
  void Keep();
  Did Fail(Failure failure);
  Did Violation(std::string why);  // of the protocol
  Did End(Event how);

  Websocket& websocket_;
  std::string space_;
  Wanted wanted_;
  std::string auth_;
  std::optional<EngineioOpen> open_;
  int64_t ping_due_ns_ = kNever;
  uint64_t last_id_ = 0;

  SocketioEvent event_;
  std::string ack_args_;
  std::optional<uint64_t> packet_id_;  // of the packet that was read last
  uint64_t ack_id_ = 0;
  Did whole_ = Did::kNothing;  // what comes with the last attachment
  uint32_t attachments_ = 0;   // that are still to come

  std::deque<SocketioEvent> kept_;
  size_t kept_bytes_ = 0;
  uint64_t events_received_ = 0;
  uint64_t events_dropped_ = 0;
  std::optional<Event> ended_;
  Failure failure_{ErrorKind::kSystem, ""};
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_SOCKETIO_CONNECTION_H_
