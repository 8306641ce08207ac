#include "agent/engine/transport.h"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rampart::agent {
namespace {

std::string SslErrorText() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "the peer closed the connection" : reason;
}

// The failure of a name some of whose addresses were refused; `tried` of another, if there was one.
Failure WithRefused(const std::string& host, uint16_t port, const std::vector<std::string>& refused,
                    std::optional<Failure> tried) {
  constexpr size_t kMaxSaid = 4;
  const auto end = refused.begin() + static_cast<ptrdiff_t>(std::min(refused.size(), kMaxSaid));
  std::string why = absl::StrJoin(refused.begin(), end, "; ");
  if (refused.size() > kMaxSaid)
    absl::StrAppend(&why, "; and ", refused.size() - kMaxSaid, " more");
  if (tried) {
    absl::StrAppend(&tried->detail, "; not tried of ", host, "'s addresses: ", why);
    return *std::move(tried);
  }
  const bool v6 = host.find(':') != std::string::npos;
  return {ErrorKind::kTargetRefused,
          absl::StrCat("connect to ", v6 ? "[" : "", host, v6 ? "]:" : ":", port,
                       ": this agent refuses it: ", why)};
}

}  // namespace

Failure FailureFromWake(Wake wake, std::string_view doing) {
  if (wake == Wake::kInterrupted) return {ErrorKind::kInterrupted, std::string(doing)};
  return {ErrorKind::kTimeout, std::string(doing) + ": not in time"};
}

Transport::Moved Transport::Fail(Failure failure) {
  failure_ = std::make_unique<Failure>(std::move(failure));
  return {Step::kFailed};
}

Transport::Moved Transport::FromSsl(int result, uint8_t* wants) {
  if (result > 0) return {Step::kDone, static_cast<size_t>(result)};
  const int saved_errno = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      socket_.SawReadBlock();
      *wants = EPOLLIN;
      return {Step::kBlocked};
    case SSL_ERROR_WANT_WRITE:
      socket_.SawWriteBlock();
      *wants = EPOLLOUT;
      return {Step::kBlocked};
    case SSL_ERROR_ZERO_RETURN:
      return {Step::kClosed};
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      if (saved_errno == 0) return {Step::kClosed};
      return Fail(FailureFromErrno(saved_errno, "TLS connection"));
    default:
      return Fail({ErrorKind::kTls, "TLS: " + SslErrorText()});
  }
}

Transport::Moved Transport::Receive(char* buffer, size_t size) {
  if (ssl_ != nullptr) {
    const Moved moved =
        FromSsl(SSL_read(ssl_.get(), buffer, static_cast<int>(size)), &receive_wants_);
    if (moved.step == Step::kBlocked) tls_->Shed(ssl_.get());  // it may have been a ticket
    return moved;
  }
  const ssize_t got = socket_.Receive(buffer, size);
  if (got > 0) return {Step::kDone, static_cast<size_t>(got)};
  if (got == 0) return {Step::kClosed};
  if (errno == EAGAIN) return {Step::kBlocked};
  return Fail(FailureFromErrno(errno, "receive"));
}

Transport::Moved Transport::Send(std::string_view bytes) {
  if (bytes.empty()) return {Step::kDone, 0};
  if (ssl_ != nullptr) {
    return FromSsl(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())),
                   &send_wants_);
  }
  const ssize_t sent = socket_.Send(bytes.data(), bytes.size());
  if (sent >= 0) return {Step::kDone, static_cast<size_t>(sent)};
  if (errno == EAGAIN) return {Step::kBlocked};
  return Fail(FailureFromErrno(errno, "send"));
}

Task<std::optional<Failure>> Transport::SendAll(std::string_view bytes, int64_t deadline_ns,
                                                Interrupt* interrupt) {
  while (!bytes.empty()) {
    const Moved moved = Send(bytes);
    switch (moved.step) {
      case Step::kDone:
        bytes.remove_prefix(moved.bytes);
        break;
      case Step::kBlocked: {
        const Wake wake = co_await ToSend(deadline_ns, interrupt);
        if (wake != Wake::kReady) co_return FailureFromWake(wake, "send");
        break;
      }
      case Step::kClosed:
        co_return Failure{ErrorKind::kConnectionClosed, "send: the peer has closed"};
      case Step::kFailed:
        co_return failure();
    }
  }
  co_return std::nullopt;
}

void Transport::CloseHard() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_.fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

Task<Connector::Result> Connector::ConnectTo(Endpoint endpoint, int64_t deadline_ns,
                                             Interrupt* interrupt) {
  if (std::string refusal = targets_.Refusal(endpoint.Ip()); !refusal.empty()) {
    co_return Failure{ErrorKind::kTargetRefused, std::move(refusal)};
  }
  const int fd = socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const auto doing = [&endpoint] { return "connect to " + endpoint.ToString(); };
  if (fd < 0) co_return FailureFromErrno(errno, doing());
  if (std::optional<Failure> failed = sources_.Bind(fd, endpoint.address.ss_family)) {
    close(fd);
    co_return Failure{failed->kind, doing() + ": " + failed->detail};
  }
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  const int result = connect(fd, reinterpret_cast<sockaddr*>(&endpoint.address), endpoint.size);
  const int connect_errno = errno;
  auto transport = std::make_unique<Transport>(loop_, fd);
  if (result != 0) {
    if (connect_errno != EINPROGRESS) co_return FailureFromErrno(connect_errno, doing());
    const Wake wake = co_await transport->ToSend(deadline_ns, interrupt);
    if (wake != Wake::kReady) co_return FailureFromWake(wake, doing());
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) co_return FailureFromErrno(error, doing());
  }
  co_return transport;
}

Task<std::optional<Failure>> Connector::Handshake(Transport& transport, const std::string& host,
                                                  int64_t deadline_ns, Interrupt* interrupt) {
  transport.tls_ = &tls_;
  transport.ssl_ = tls_.NewSession(transport.socket_.fd(), host);
  const std::string doing = "TLS handshake with " + host;
  if (transport.ssl_ == nullptr) {
    co_return Failure{ErrorKind::kTlsHandshake, doing + ": " + SslErrorText()};
  }
  SSL* ssl = transport.ssl_.get();
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl);
    if (result == 1) {
      tls_.Shed(ssl);
      co_return std::nullopt;
    }
    Wake wake = Wake::kReady;
    switch (SSL_get_error(ssl, result)) {
      case SSL_ERROR_WANT_READ:
        transport.socket_.SawReadBlock();
        wake = co_await transport.socket_.Readable(deadline_ns, interrupt);
        break;
      case SSL_ERROR_WANT_WRITE:
        transport.socket_.SawWriteBlock();
        wake = co_await transport.socket_.Writable(deadline_ns, interrupt);
        break;
      default: {
        const long verified = SSL_get_verify_result(ssl);
        if (verified != X509_V_OK) {
          ERR_clear_error();
          co_return Failure{ErrorKind::kTlsCertificate,
                            doing + ": " + X509_verify_cert_error_string(verified)};
        }
        co_return Failure{ErrorKind::kTlsHandshake, doing + ": " + SslErrorText()};
      }
    }
    if (wake != Wake::kReady) co_return FailureFromWake(wake, doing);
  }
}

Task<Connector::Result> Connector::Connect(const std::string& host, uint16_t port, bool secure,
                                           int64_t deadline_ns, Interrupt* interrupt,
                                           ConnectTimes* times) {
  const int64_t asked_ns = MonotonicNow();
  Resolver::Answer answer;
  if (Endpoint numeric = NumericEndpoint(host); numeric.size != 0) {
    answer = std::vector<Endpoint>{numeric};
  } else {
    answer = co_await resolver_.Resolve(loop_, host, deadline_ns, interrupt);
  }
  if (auto* failed = std::get_if<Failure>(&answer)) co_return std::move(*failed);
  int64_t connecting_ns = MonotonicNow();
  times->lookup_ns = connecting_ns - asked_ns;

  Result connected = Failure{ErrorKind::kDns, "resolve " + host + ": no address"};
  std::vector<std::string> refused;
  std::vector<Endpoint>& endpoints = std::get<std::vector<Endpoint>>(answer);
  for (Endpoint& endpoint : endpoints) {
    endpoint.SetPort(port);
    Result tried = co_await ConnectTo(endpoint, deadline_ns, interrupt);
    auto* failure = std::get_if<Failure>(&tried);
    if (failure != nullptr && failure->kind == ErrorKind::kTargetRefused) {
      refused.push_back(std::move(failure->detail));
      continue;
    }
    connected = std::move(tried);
    failure = std::get_if<Failure>(&connected);
    if (failure == nullptr || failure->kind == ErrorKind::kInterrupted ||
        failure->kind == ErrorKind::kTimeout) {
      break;
    }
  }
  if (auto* failure = std::get_if<Failure>(&connected); failure != nullptr && !refused.empty()) {
    std::optional<Failure> tried;
    if (refused.size() < endpoints.size()) tried = std::move(*failure);
    connected = WithRefused(host, port, refused, std::move(tried));
  }
  const int64_t connected_ns = MonotonicNow();
  times->connecting_ns = connected_ns - connecting_ns;
  auto* transport = std::get_if<std::unique_ptr<Transport>>(&connected);
  if (transport == nullptr || !secure) co_return connected;

  std::optional<Failure> failed = co_await Handshake(**transport, host, deadline_ns, interrupt);
  times->tls_ns = MonotonicNow() - connected_ns;
  if (failed) co_return std::move(*failed);
  co_return connected;
}

}  // namespace rampart::agent
