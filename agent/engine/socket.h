// Socket: a non-blocking descriptor that a Loop watches, for one coroutine at a time.
#ifndef RAMPART_AGENT_ENGINE_SOCKET_H_
#define RAMPART_AGENT_ENGINE_SOCKET_H_

#include <sys/epoll.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "agent/engine/loop.h"

namespace rampart::agent {

// Not movable: the loop holds its address. Readiness is remembered between waits (edge-triggered),
// so a wait returns at once unless the last call said that it would block.
class Socket {
 public:
  // Takes over `fd`, which must be non-blocking.
  Socket(Loop& loop, int fd);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // As recv(2) and send(2) with MSG_NOSIGNAL: -1 with errno, EAGAIN when it would block.
  ssize_t Receive(char* buffer, size_t size);
  ssize_t Send(const char* bytes, size_t size);

  // For who calls the descriptor itself (TLS): it said EAGAIN.
  void SawReadBlock() { ready_ &= ~static_cast<uint32_t>(EPOLLIN); }
  void SawWriteBlock() { ready_ &= ~static_cast<uint32_t>(EPOLLOUT); }

  Waiter Readable(int64_t deadline_ns, Interrupt* interrupt) {
    return Waiter(loop_, this, EPOLLIN, deadline_ns, interrupt);
  }
  Waiter Writable(int64_t deadline_ns, Interrupt* interrupt) {
    return Waiter(loop_, this, EPOLLOUT, deadline_ns, interrupt);
  }

  // False when the last call said that there was no more, and the loop has heard of none since.
  bool MayReceive() const { return IsReady(EPOLLIN); }
  // True once the peer has closed or reset: a kept connection in this state is not used again.
  bool hung_up() const { return (ready_ & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0; }

  int fd() const { return fd_; }
  Loop& loop() const { return loop_; }

 private:
  friend class Loop;
  friend class Waiter;

  bool IsReady(uint32_t interest) const {
    return (ready_ & (interest | EPOLLHUP | EPOLLERR)) != 0 ||
           ((interest & EPOLLIN) != 0 && (ready_ & EPOLLRDHUP) != 0);
  }

  Loop& loop_;
  Waiter* waiter_ = nullptr;
  int fd_;
  uint32_t ready_ = 0;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_ENGINE_SOCKET_H_
