// FleetStream: the agent's end of its stream to the controller; gRPC goes no further than this.
#ifndef RAMPART_AGENT_LINK_FLEET_STREAM_H_
#define RAMPART_AGENT_LINK_FLEET_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "common/tls/stream_identity.h"
#include "rampart/v1/fleet.pb.h"

namespace rampart::agent {

// On gRPC's threads, in order; not to be waited in. Those of a stream that was replaced are not
// called any more.
struct FleetStreamCallbacks {
  std::function<void()> connected;
  std::function<void(v1::ControllerMessage message)> received;
  std::function<void(std::string why)> disconnected;  // once a Dial at most
};

// Translates only: one stream at a time, messages for it are queued and written in order. Owned by
// the agent's shell, used from one thread.
//
// With an identity the stream is mutual TLS: nothing is sent before the controller's certificate
// was found to be signed by the CA, for the host that was dialled, and of the role `controller`.
// Without one the stream is plaintext. What was wrong with a dial is told in words (see TlsFault).
class FleetStream {
 public:
  // Of a message in either direction.
  static constexpr size_t kMaxMessageBytes = 64 << 20;
  // Room for a whole resend; when it does not suffice the stream is given up.
  static constexpr size_t kMaxQueuedMessages = 1024;

  // `controller`: HOST:PORT.
  FleetStream(std::string controller, FleetStreamCallbacks callbacks,
              std::optional<StreamIdentity> identity = std::nullopt);
  ~FleetStream();  // breaks the stream off; no callback after it
  FleetStream(const FleetStream&) = delete;
  FleetStream& operator=(const FleetStream&) = delete;

  // Drops the stream that there may be, and opens one.
  void Dial();
  // Unavailable when there is no stream, InvalidArgument for a message that is too large for any.
  absl::Status Send(const v1::AgentMessage& message);
  // Ends the stream after what was sent before; waits for that, `within_ns` at most.
  void Close(int64_t within_ns);

 private:
  class Session;

  const std::string controller_;
  const FleetStreamCallbacks callbacks_;
  const std::optional<StreamIdentity> identity_;
  std::shared_ptr<Session> session_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_LINK_FLEET_STREAM_H_
