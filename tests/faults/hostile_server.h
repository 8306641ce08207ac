// HostileServer: one target that behaves as a row says, and one beside it that behaves well and
// takes 10 ms for each answer, in a process of their own: what they need is not what the agent
// needs.
#ifndef RAMPART_TESTS_FAULTS_HOSTILE_SERVER_H_
#define RAMPART_TESTS_FAULTS_HOSTILE_SERVER_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "tests/support/certificate.h"

namespace rampart::agent {

// The server's side of one connection, blocking. It ends with the call.
class HostileConnection {
 public:
  HostileConnection(int fd) : fd_(fd) {}

  // A request's head; empty when the client has gone.
  std::string ReadHead();
  // False when the client has gone.
  bool Send(const std::string& bytes);
  // Reads and forgets until the client ends the connection.
  void AwaitEnd();
  // One byte, then as long as that many milliseconds, again and again, until the client has gone.
  void Drip(const std::string& bytes, int every_ms);
  // Ends it by RST.
  void Reset();
  static void Rest(int ms);
  // Of an upgrade's head.
  static std::string Granted(const std::string& head);

  int fd() const { return fd_; }

 private:
  int fd_;
};

using Behaviour = std::function<void(HostileConnection&)>;

// Every connection has a thread there. The process ends with this object, or with the test's.
class HostileServer {
 public:
  // Before any thread of the test's process is started: the server is forked. With a certificate
  // connections begin with a TLS handshake, and `hostile` is not asked when it fails.
  explicit HostileServer(Behaviour hostile, const Certificate* certificate = nullptr);
  ~HostileServer();
  HostileServer(const HostileServer&) = delete;
  HostileServer& operator=(const HostileServer&) = delete;

  uint16_t hostile_port() const { return hostile_port_; }
  uint16_t healthy_port() const { return healthy_port_; }

 private:
  uint16_t hostile_port_ = 0;
  uint16_t healthy_port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace rampart::agent

#endif  // RAMPART_TESTS_FAULTS_HOSTILE_SERVER_H_
