#include "tests/faults/hostile_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "agent/protocol/websocket_handshake.h"

namespace rampart::agent {
namespace {

int Listen(uint16_t* port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 1024) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  *port = ntohs(address.sin_port);
  return listener;
}

// Serves every connection on a thread of its own, for ever.
void Accept(int listener, const Behaviour& behave) {
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    std::thread([fd, &behave] {
      HostileConnection connection(fd);
      behave(connection);
      close(fd);
    }).detach();
  }
}

void BehaveWell(HostileConnection& connection) {
  constexpr int kAnswersAfterMs = 10;
  while (!connection.ReadHead().empty()) {
    HostileConnection::Rest(kAnswersAfterMs);
    if (!connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) return;
  }
}

// The handshake alone: what a client does with a certificate it shows by going on or not.
Behaviour BehindTls(Behaviour hostile, const Certificate& certificate) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(context, certificate.x509);
  SSL_CTX_use_PrivateKey(context, certificate.key);
  return [context, hostile = std::move(hostile)](HostileConnection& connection) {
    SSL* ssl = SSL_new(context);
    SSL_set_fd(ssl, connection.fd());
    if (SSL_accept(ssl) == 1) hostile(connection);
    SSL_free(ssl);
  };
}

}  // namespace

std::string HostileConnection::ReadHead() {
  std::string head;
  char piece[4096];
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = recv(fd_, piece, sizeof(piece), 0);
    if (got <= 0) return "";
    head.append(piece, static_cast<size_t>(got));
  }
  return head;
}

bool HostileConnection::Send(const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t sent = send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    at += static_cast<size_t>(sent);
  }
  return true;
}

void HostileConnection::AwaitEnd() {
  char piece[4096];
  while (recv(fd_, piece, sizeof(piece), 0) > 0) {
  }
}

void HostileConnection::Drip(const std::string& bytes, int every_ms) {
  for (const char byte : bytes) {
    if (!Send(std::string(1, byte))) return;
    pollfd gone = {fd_, POLLIN | POLLRDHUP, 0};
    if (poll(&gone, 1, every_ms) != 0) return;
  }
  AwaitEnd();
}

void HostileConnection::Rest(int ms) { poll(nullptr, 0, ms); }

void HostileConnection::Reset() {
  const linger hard = {1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

std::string HostileConnection::Granted(const std::string& head) {
  constexpr std::string_view kName = "Sec-WebSocket-Key: ";
  const size_t at = head.find(kName) + kName.size();
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         WebsocketAcceptFor(head.substr(at, head.find('\r', at) - at)) + "\r\n\r\n";
}

HostileServer::HostileServer(Behaviour hostile, const Certificate* certificate) {
  const int hostile_listener = Listen(&hostile_port_);
  const int healthy_listener = Listen(&healthy_port_);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);  // clients go
    if (getppid() != parent) _exit(1);
    if (certificate != nullptr) hostile = BehindTls(std::move(hostile), *certificate);
    const Behaviour healthy = BehaveWell;
    std::thread well([&] { Accept(healthy_listener, healthy); });
    Accept(hostile_listener, hostile);
  }
  close(hostile_listener);
  close(healthy_listener);
}

HostileServer::~HostileServer() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

}  // namespace rampart::agent
