// ChatServer: the reference chat server as a process of a test.
#ifndef RAMPART_TESTS_SUPPORT_CHAT_SERVER_H_
#define RAMPART_TESTS_SUPPORT_CHAT_SERVER_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/process.h"

namespace rampart {

// The reference chat server on a port of its own, of 127.0.0.1 or another IPv4 address of this
// machine.
class ChatServer {
 public:
  explicit ChatServer(const std::string& program, std::vector<std::string> flags = {},
                      std::string address = "127.0.0.1")
      : address_(std::move(address)), process_(Words(program, std::move(flags), address_)) {
    const std::string says = "listening on " + address_ + ":";
    if (!process_.WaitFor(says) || !process_.WaitFor("\n")) return;
    const size_t at = process_.text().find(says) + says.size();
    port_ = std::stoi(process_.text().substr(at));
  }

  std::string host() const { return address_ + ":" + std::to_string(port_); }
  std::string http() const { return "http://" + host(); }
  std::string websocket() const { return "ws://" + host() + "/api/ws"; }
  int port() const { return port_; }

  // One of the server's own counts as it is now.
  uint64_t Count(const std::string& name) const {
    const std::string stats = Get("/api/stats");
    const std::string key = "\"" + name + "\":";
    const size_t at = stats.find(key);
    if (at == std::string::npos) return 0;
    return std::strtoull(stats.c_str() + at + key.size(), nullptr, 10);
  }

  // Asks until this count has come so far.
  bool WaitForCount(const std::string& name, uint64_t at_least) const {
    const auto give_up = std::chrono::steady_clock::now() + Process::kPatience;
    while (std::chrono::steady_clock::now() < give_up) {
      if (Count(name) >= at_least) return true;
    }
    ADD_FAILURE() << name << " never came to " << at_least << ": " << Get("/api/stats");
    return false;
  }

  Process& process() { return process_; }

  // Blocking; the whole answer, with its head, or nothing.
  std::string Get(const std::string& target) const {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port_));
    inet_pton(AF_INET, address_.c_str(), &address.sin_addr);
    std::string text;
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
      const std::string request =
          "GET " + target + " HTTP/1.1\r\nHost: chat\r\nConnection: close\r\n\r\n";
      [[maybe_unused]] const ssize_t sent = send(fd, request.data(), request.size(), MSG_NOSIGNAL);
      char buffer[4096];
      for (ssize_t got = 0; (got = read(fd, buffer, sizeof(buffer))) > 0;) {
        text.append(buffer, static_cast<size_t>(got));
      }
    }
    close(fd);
    return text;
  }

 private:
  static std::vector<std::string> Words(const std::string& program, std::vector<std::string> flags,
                                        const std::string& address) {
    flags.insert(flags.begin(), {program, "--port", "0", "--address", address});
    return flags;
  }

  const std::string address_;
  Process process_;
  int port_ = 0;
};

}  // namespace rampart

#endif  // RAMPART_TESTS_SUPPORT_CHAT_SERVER_H_
