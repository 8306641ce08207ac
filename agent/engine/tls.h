// TLS for outgoing connections: what all of a process share.
#ifndef RAMPART_AGENT_ENGINE_TLS_H_
#define RAMPART_AGENT_ENGINE_TLS_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace rampart::agent {

struct TlsOptions {
  bool insecure = false;    // certificates are not verified
  std::string ca_file;      // PEM; trusted instead of the system's
  std::string ca_pem = {};  // the same, as text
};

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslHandle = std::unique_ptr<SSL, SslFree>;

// Thread-safe after Make. TLS 1.2 and later, buffers released while idle. Every connection makes a
// handshake of its own, as users that know nothing of each other do: none is resumed.
class TlsContext {
 public:
  // Fails when the CA certificates cannot be read.
  static absl::StatusOr<TlsContext> Make(const TlsOptions& options);

  // A client's session over `fd` towards `host` (its certificate's name, and SNI unless it is an
  // address).
  SslHandle NewSession(int fd, const std::string& host) const;
  // After a handshake that succeeded, and whenever the server may have sent tickets: gives back the
  // buffers, and the peer's certificates and tickets, which nobody asks for any more.
  void Shed(SSL* ssl) const;

 private:
  struct Connected;

  std::unique_ptr<SSL_CTX, SslFree> context_;
  std::shared_ptr<Connected> connected_;
  bool insecure_ = false;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_ENGINE_TLS_H_
