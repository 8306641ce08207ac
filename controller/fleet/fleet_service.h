// FleetService: the controller's end of the agents' streams; gRPC goes no further than this.
#ifndef RAMPART_CONTROLLER_FLEET_FLEET_SERVICE_H_
#define RAMPART_CONTROLLER_FLEET_FLEET_SERVICE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/tls/stream_identity.h"
#include "controller/fleet/fleet_event.h"
#include "rampart/v1/fleet.pb.h"

namespace rampart::controller {

struct FleetServiceOptions {
  std::string listen = "127.0.0.1:0";  // HOST:PORT; port 0 takes a free one
  // TLS both ways: only who shows a certificate of the CA, of the role `agent`, gets in.
  std::optional<StreamIdentity> identity = {};
  bool insecure_stream = false;  // other addresses than loopback without TLS
  // What happens beside the streams, for people: somebody was refused. On any thread; must not call
  // the service.
  std::function<void(std::string)> on_notice = {};
  // The number of the first stream: those below it were of a controller before this one.
  ConnectionId first_connection = 1;
};

// InvalidArgument, and what to do, when the address asks for TLS and there is none.
absl::Status CheckListen(const FleetServiceOptions& options);

// Owned by the controller's shell. Translates only: a stream that opens, says something or ends is
// an event (Connected, Received, Disconnected), a message for it is queued and written in order.
// Every method is for any thread; the events come on gRPC's threads, those of one connection in
// order, and must not be waited in. Who is refused by TLS or by the role of its certificate is no
// event, as nothing of it was read; it is a notice.
class FleetService {
 public:
  // Of a message in either direction.
  static constexpr int kMaxMessageBytes = 64 << 20;
  // A stream whose peer does not read is ended when as many messages wait for it.
  static constexpr size_t kMaxQueuedMessages = 1024;
  // Of one stream: while so many of its messages are held by whoever got the events, no more are
  // read, and the agent keeps the next ones.
  static constexpr int kMaxHeldMessages = 8;
  // From a connection's begin to the end of its handshakes; it is closed then.
  static constexpr int kHandshakeMs = 10'000;
  // An agent opens one.
  static constexpr int kMaxStreamsOfConnection = 4;
  // How long Shutdown waits for what was sent last.
  static constexpr int64_t kShutdownNs = 2'000'000'000;

  // Fails as CheckListen does, or when the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<FleetService>> Listen(
      const FleetServiceOptions& options, std::function<void(FleetEvent)> on_event);
  ~FleetService();  // Shutdown
  FleetService(const FleetService&) = delete;
  FleetService& operator=(const FleetService&) = delete;

  int port() const;
  // HOST:PORT for agents on this machine.
  std::string local_address() const;
  // Dropped when that stream has ended, as Disconnected tells.
  void Send(ConnectionId connection, v1::ControllerMessage message);
  // Ends the stream after what was sent to it before.
  void Close(ConnectionId connection);
  // Ends every stream. No event comes after it.
  void Shutdown();

  struct State;

 private:
  explicit FleetService(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_FLEET_FLEET_SERVICE_H_
