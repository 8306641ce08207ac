// A WebSocket server that holds connections and allocates nothing for them.
#ifndef RAMPART_TESTS_SUPPORT_IDLE_WEBSOCKET_SERVER_H_
#define RAMPART_TESTS_SUPPORT_IDLE_WEBSOCKET_SERVER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "agent/protocol/websocket_handshake.h"

namespace rampart::agent {

// Takes `users` connections, answers their upgrades only when it has them all, so that they are all
// opening at the same time, and waits for the first message of each. Wait returns then.
class IdleWebsocketServer {
 public:
  explicit IdleWebsocketServer(size_t users) : peers_(users), listener_(Listen()) {
    thread_ = std::thread([this] { Serve(); });
  }
  ~IdleWebsocketServer() {
    Wait();
    for (const Peer& peer : peers_) close(peer.fd);
    close(listener_);
  }
  // After Wait.
  void HangUp() {
    for (const Peer& peer : peers_) shutdown(peer.fd, SHUT_RDWR);
  }

  int port() const { return port_; }
  void Wait() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  static constexpr std::string_view kKey = "Sec-WebSocket-Key: ";
  static constexpr size_t kKeyBytes = 24;

  struct Peer {
    int fd;
    char key[kKeyBytes];
  };

  int Listen() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener, 4096) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    return listener;
  }

  void Serve() {
    char buffer[4096];
    for (Peer& peer : peers_) {
      peer.fd = accept(listener_, nullptr, nullptr);
      size_t size = 0;
      std::string_view head;
      while (!head.ends_with("\r\n\r\n")) {
        const ssize_t got = recv(peer.fd, buffer + size, sizeof(buffer) - size, 0);
        if (got <= 0) std::abort();
        size += static_cast<size_t>(got);
        head = {buffer, size};
      }
      head.copy(peer.key, kKeyBytes, head.find(kKey) + kKey.size());
    }
    for (const Peer& peer : peers_) {
      const std::string answer =
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: " +
          WebsocketAcceptFor({peer.key, kKeyBytes}) + "\r\n\r\n";
      if (send(peer.fd, answer.data(), answer.size(), 0) < 0) std::abort();
    }
    for (const Peer& peer : peers_) {
      if (recv(peer.fd, buffer, sizeof(buffer), 0) <= 0) std::abort();
    }
  }

  std::vector<Peer> peers_;
  int port_ = 0;
  int listener_;
  std::thread thread_;
};

}  // namespace rampart::agent

#endif  // RAMPART_TESTS_SUPPORT_IDLE_WEBSOCKET_SERVER_H_
