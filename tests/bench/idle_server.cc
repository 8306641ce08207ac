#include "tests/bench/idle_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/protocol/websocket_handshake.h"

namespace rampart::bench {
namespace {

constexpr std::string_view kKey = "Sec-WebSocket-Key: ";
constexpr size_t kBufferBytes = 16 * 1024;

struct Peer {
  int fd;
  SSL* ssl = nullptr;
  bool upgraded = false;

  ~Peer() {
    SSL_free(ssl);
    close(fd);
  }
  // Bytes; 0: nothing there; -1: gone.
  int Read(char* buffer) const {
    if (ssl == nullptr) {
      const ssize_t got = recv(fd, buffer, kBufferBytes, 0);
      return got > 0 ? static_cast<int>(got) : got < 0 && errno == EAGAIN ? 0 : -1;
    }
    const int got = SSL_read(ssl, buffer, kBufferBytes);
    if (got > 0) return got;
    return SSL_get_error(ssl, got) == SSL_ERROR_WANT_READ ? 0 : -1;
  }
  void Write(std::string_view bytes) const {
    // Small answers to a peer that reads: they fit.
    if (ssl == nullptr) {
      [[maybe_unused]] const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    } else {
      SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size()));
    }
  }
};

void Upgrade(Peer& peer, std::string_view request) {
  const size_t key = request.find(kKey);
  if (key == std::string_view::npos) return;
  const std::string_view value = request.substr(key + kKey.size(), 24);
  peer.Write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      agent::WebsocketAcceptFor(value) + "\r\n\r\n");
  peer.upgraded = true;
}

// Frames of at most 125 bytes, which come whole: pings get their pong, the rest is dropped.
bool Answer(const Peer& peer, char* bytes, size_t size) {
  while (size >= 6) {
    const unsigned opcode = static_cast<unsigned char>(bytes[0]) & 0x0F;
    const size_t length = static_cast<unsigned char>(bytes[1]) & 0x7F;
    if (length > 125 || size < length + 6) return false;
    if (opcode == 0x8) return false;
    if (opcode == 0x9) {
      std::string pong = {static_cast<char>(0x8A), static_cast<char>(length)};
      for (size_t i = 0; i < length; ++i) {
        pong.push_back(static_cast<char>(bytes[6 + i] ^ bytes[2 + i % 4]));
      }
      peer.Write(pong);
    }
    bytes += length + 6;
    size -= length + 6;
  }
  return true;
}

}  // namespace

void ServeIdleWebsockets(int listener, SSL_CTX* tls) {
  const int epoll = epoll_create1(0);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  std::vector<std::unique_ptr<Peer>> peers(1 << 16);
  std::array<epoll_event, 256> events;
  std::array<char, kBufferBytes> buffer;
  for (;;) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<size_t>(i)].data.fd;
      if (fd == listener) {
        const int accepted = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (accepted < 0) continue;
        auto peer = std::make_unique<Peer>(accepted);
        if (tls != nullptr) {
          peer->ssl = SSL_new(tls);
          SSL_set_fd(peer->ssl, accepted);
          SSL_set_accept_state(peer->ssl);
        }
        epoll_event watched{.events = EPOLLIN, .data = {.fd = accepted}};
        epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &watched);
        peers[static_cast<size_t>(accepted)] = std::move(peer);
        continue;
      }
      std::unique_ptr<Peer>& peer = peers[static_cast<size_t>(fd)];
      const int got = peer->Read(buffer.data());
      if (got == 0) continue;
      if (got < 0) {
        peer.reset();
      } else if (!peer->upgraded) {
        Upgrade(*peer, {buffer.data(), static_cast<size_t>(got)});
      } else if (!Answer(*peer, buffer.data(), static_cast<size_t>(got))) {
        peer.reset();
      }
    }
  }
}

}  // namespace rampart::bench
