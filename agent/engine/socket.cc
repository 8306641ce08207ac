#include "agent/engine/socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace rampart::agent {

Socket::Socket(Loop& loop, int fd) : loop_(loop), fd_(fd) { loop_.Add(this, fd); }

Socket::~Socket() {
  loop_.Forget(this);
  close(fd_);
}

ssize_t Socket::Receive(char* buffer, size_t size) {
  for (;;) {
    const ssize_t got = recv(fd_, buffer, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) SawReadBlock();
    } else if (static_cast<size_t>(got) < size && got > 0) {
      // All there was: the next bytes come with an edge of their own, so no call has to find that
      // out.
      SawReadBlock();
    }
    return got;
  }
}

ssize_t Socket::Send(const char* bytes, size_t size) {
  for (;;) {
    const ssize_t sent = send(fd_, bytes, size, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) SawWriteBlock();
    }
    return sent;
  }
}

}  // namespace rampart::agent
