#include "agent/engine/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <map>
#include <mutex>

#include "absl/status/status.h"
#include "agent/engine/resolver.h"

namespace rampart::agent {
namespace {

std::string LastError() {
  char why[256];
  ERR_error_string_n(ERR_get_error(), why, sizeof(why));
  ERR_clear_error();
  return why;
}

// Every certificate of the text.
absl::Status Trust(const std::string& pem, SSL_CTX* context) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  int trusted = 0;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate);
    X509_free(certificate);
    ++trusted;
  }
  const std::string why = LastError();  // the end of the text is an error too
  if (trusted > 0) return absl::OkStatus();
  return absl::InvalidArgumentError("no CA certificate in the PEM text: " + why);
}

}  // namespace

// What connections have in common once they are open. A session holds the certificates of its peer,
// 5 kB and more; OpenSSL keeps it while the connection is there, unless it is given another. Giving
// it one must not change its method, which OpenSSL takes from the context: so there is a context
// for each version that was negotiated.
struct TlsContext::Connected {
  using Context = std::unique_ptr<SSL_CTX, SslFree>;

  std::unique_ptr<SSL_SESSION, SslFree> session{SSL_SESSION_new()};
  std::mutex mutex;
  std::map<const SSL_METHOD*, Context> contexts;  // guarded by mutex
  // The system's certificates are read for the first connection: where they are one file, that is
  // 240 million instructions at an agent's start, and most have no secure connection.
  bool trusts_system = false;
  std::once_flag system_read;

  SSL_CTX* ContextFor(const SSL* ssl) {
    const SSL_METHOD* method = SSL_get_ssl_method(ssl);
    const std::lock_guard lock(mutex);
    Context& context = contexts[method];
    if (context == nullptr) {
      context.reset(SSL_CTX_new(method));
      if (context != nullptr) SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    }
    return context.get();
  }
};

void TlsContext::Shed(SSL* ssl) const {
  // A ticket or a key update makes both buffers, and only what is sent next would release one.
  SSL_free_buffers(ssl);
  SSL_SESSION* common = connected_->session.get();
  if (common == nullptr || SSL_get_session(ssl) == common) return;
  const SSL_METHOD* method = SSL_get_ssl_method(ssl);
  if (SSL_CTX_get_ssl_method(SSL_get_SSL_CTX(ssl)) != method) {
    SSL_CTX* context = connected_->ContextFor(ssl);
    if (context == nullptr || SSL_set_SSL_CTX(ssl, context) != context) return;
  }
  SSL_set_session(ssl, common);
}

absl::StatusOr<TlsContext> TlsContext::Make(const TlsOptions& options) {
  TlsContext made;
  made.insecure_ = options.insecure;
  made.context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = made.context_.get();
  if (context == nullptr) return absl::InternalError("OpenSSL gives no TLS context");
  made.connected_ = std::make_shared<Connected>();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A peer that closes without close_notify is a closed connection, as it is without TLS; lengths
  // are checked above.
  // Nothing is renegotiated: what a handshake leaves is shed.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_verify(context, options.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, kHttp11, sizeof(kHttp11) - 1);
  if (!options.ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1) {
      return absl::InvalidArgumentError("cannot read CA certificates from " + options.ca_file +
                                        ": " + LastError());
    }
  } else if (!options.ca_pem.empty()) {
    if (absl::Status status = Trust(options.ca_pem, context); !status.ok()) return status;
  } else {
    made.connected_->trusts_system = true;
  }
  return made;
}

SslHandle TlsContext::NewSession(int fd, const std::string& host) const {
  if (connected_->trusts_system) {
    std::call_once(connected_->system_read,
                   [this] { SSL_CTX_set_default_verify_paths(context_.get()); });
  }
  SslHandle ssl(SSL_new(context_.get()));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), fd) != 1) return nullptr;
  SSL_set_connect_state(ssl.get());
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl.get());
  if (NumericEndpoint(host).size != 0) {
    X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl.get(), host.c_str());
    X509_VERIFY_PARAM_set1_host(verify, host.c_str(), host.size());
  }
  return ssl;
}

}  // namespace rampart::agent
