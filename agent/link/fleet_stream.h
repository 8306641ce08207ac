// FleetStream: the agent's end of its stream to the controller; gRPC goes no further than this.
#ifndef RAMPART_AGENT_LINK_FLEET_STREAM_H_
#define RAMPART_AGENT_LINK_FLEET_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
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
// the agent's shell, used from one thread. Not encrypted.
class FleetStream {
 public:
  // Of a message in either direction.
  static constexpr size_t kMaxMessageBytes = 64 << 20;
  // Room for a whole resend; when it does not suffice the stream is given up.
  static constexpr size_t kMaxQueuedMessages = 1024;

  // `controller`: HOST:PORT.
  FleetStream(std::string controller, FleetStreamCallbacks callbacks);
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
  std::shared_ptr<Session> session_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_LINK_FLEET_STREAM_H_
