#include "agent/link/tls_probe.h"

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <memory>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "agent/engine/tls.h"
#include "common/tls/x509.h"

namespace rampart::agent {
namespace {

using SslContext = std::unique_ptr<SSL_CTX, SslFree>;

constexpr unsigned char kHttp2[] = "\x02h2";

struct Target {
  std::string host;
  std::string port;
};

Target TargetOf(const std::string& controller) {
  const size_t colon = controller.rfind(':');
  if (colon == std::string::npos) return {};
  Target target{controller.substr(0, colon), controller.substr(colon + 1)};
  if (target.host.starts_with('[') && target.host.ends_with(']')) {
    target.host = target.host.substr(1, target.host.size() - 2);
  }
  return target;
}

// -1 when nobody answers.
int Connect(const Target& target) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found) != 0) return -1;
  int connected = -1;
  for (const addrinfo* at = found; at != nullptr && connected < 0; at = at->ai_next) {
    const int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval step = {kTlsProbeStepMs / 1000, (kTlsProbeStepMs % 1000) * 1000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &step, sizeof(step));  // of connect, too
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &step, sizeof(step));
    if (connect(fd, at->ai_addr, at->ai_addrlen) == 0) {
      connected = fd;
    } else {
      close(fd);
    }
  }
  freeaddrinfo(found);
  return connected;
}

// Keeps the certificate that is at fault: OpenSSL does not.
int KeepFaulty(int fine, X509_STORE_CTX* context) {
  if (fine == 1) return fine;
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  X509* certificate = X509_STORE_CTX_get_current_cert(context);
  if (certificate == nullptr) certificate = X509_STORE_CTX_get0_cert(context);
  if (certificate != nullptr && X509_up_ref(certificate) == 1) {
    static_cast<X509Handle<X509>*>(SSL_get_app_data(ssl))->reset(certificate);
  }
  return fine;
}

SslContext ContextOf(const StreamIdentity* identity) {
  SslContext context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof(kHttp2) - 1);
  if (identity == nullptr) return context;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, KeepFaulty);
  for (const auto& ca : CertificatesOf(identity->ca_pem)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca.get());
  }
  const auto chain = CertificatesOf(identity->certificate_pem);
  for (size_t i = 0; i < chain.size(); ++i) {
    if (i == 0) {
      SSL_CTX_use_certificate(context.get(), chain[i].get());
    } else {
      SSL_CTX_add1_chain_cert(context.get(), chain[i].get());
    }
  }
  if (const auto key = KeyOf(identity->key_pem)) SSL_CTX_use_PrivateKey(context.get(), key.get());
  return context;
}

void Expect(const std::string& host, SSL* ssl) {
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) == 1) return;
  ERR_clear_error();
  SSL_set_tlsext_host_name(ssl, host.c_str());
  X509_VERIFY_PARAM_set1_host(verify, host.c_str(), host.size());
}

// By the controller, which gRPC lets say no more than that it goes.
std::string Refusal(const StreamIdentity& identity) {
  if (identity.certificate_pem.empty()) {
    return "the controller demands a certificate, and this agent showed none";
  }
  return absl::StrCat("the controller refused this agent's certificate (",
                      identity.files.certificate,
                      "): it is not signed by the CA that the controller trusts, or not valid by "
                      "the controller's clock");
}

// After a call on `ssl` that failed.
std::string Fault(const SSL* ssl, const X509* faulty, const StreamIdentity& identity,
                  const Target& target) {
  const unsigned long error = ERR_peek_error();
  const bool of_ssl = error != 0 && ERR_GET_LIB(error) == ERR_LIB_SSL;
  const int reason = of_ssl ? ERR_GET_REASON(error) : 0;
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK && faulty != nullptr) {
    return absl::StrCat("the controller's certificate ",
                        VerifyFault(verdict, *faulty, identity.files.ca, target.host));
  }
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST) {
    return "what listens there does not speak TLS: start the controller with --tls as well, or "
           "this agent without";
  }
  if (!of_ssl) return "";  // it closed, or was silent
  const char* words = ERR_reason_error_string(error);
  return absl::StrCat("the TLS handshake failed: ", words == nullptr ? "for no reason" : words);
}

}  // namespace

std::string TlsFault(const std::string& controller, const StreamIdentity* identity) {
  const Target target = TargetOf(controller);
  const int fd = target.host.empty() ? -1 : Connect(target);
  if (fd < 0) return "";
  ERR_clear_error();
  std::string fault;
  {
    X509Handle<X509> faulty;
    const SslContext context = ContextOf(identity);
    const SslHandle ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), fd);
    SSL_set_app_data(ssl.get(), &faulty);
    if (identity != nullptr) Expect(target.host, ssl.get());
    const bool fine = SSL_connect(ssl.get()) == 1;
    if (identity == nullptr) {
      if (SSL_get0_peer_certificate(ssl.get()) != nullptr) {
        fault =
            "the controller demands TLS: start this agent with --tls DIR, the folder with ca.pem, "
            "agent.pem and agent-key.pem of the controller's CA";
      }
    } else {
      // In TLS 1.3 the other end judges our certificate when our handshake is over. gRPC speaks at
      // once if it takes it, and closes if not.
      char first;
      if (!fine) {
        fault = Fault(ssl.get(), faulty.get(), *identity, target);
      } else if (const int got = SSL_read(ssl.get(), &first, 1);
                 got != 1 && SSL_get_error(ssl.get(), got) != SSL_ERROR_WANT_READ) {
        fault = Refusal(*identity);
      }
    }
    ERR_clear_error();
  }
  close(fd);
  return fault;
}

}  // namespace rampart::agent
