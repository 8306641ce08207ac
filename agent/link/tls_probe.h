// TlsFault: why a dialled controller did not become a stream, as far as TLS can tell.
#ifndef RAMPART_AGENT_LINK_TLS_PROBE_H_
#define RAMPART_AGENT_LINK_TLS_PROBE_H_

#include <cstdint>
#include <string>

#include "common/tls/stream_identity.h"

namespace rampart::agent {

// For each step of a handshake.
inline constexpr int64_t kTlsProbeStepMs = 2'000;

// gRPC says of a failed handshake `certificate verify failed` or `Socket closed`. This makes one
// more handshake with `controller` (HOST:PORT), sends nothing after it, and says what it saw:
// `the controller's certificate is not signed by the CA in ca.pem`. Empty when it saw nothing amiss
// or nobody answered. `identity` null: the dial was without TLS, and only whether the controller
// wants it is looked at. Blocks for a few steps
// at most; SIGPIPE has to be blocked or ignored.
std::string TlsFault(const std::string& controller, const StreamIdentity* identity);

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_LINK_TLS_PROBE_H_
