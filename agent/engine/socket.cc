#include "agent/engine/socket.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace rampart::agent {
namespace {

// Not libc's recv and send: where there is a second thread those prepare to be cancelled each time,
// which costs half as much as what is done here for a request.
ssize_t RawReceive(int fd, char* buffer, size_t size) {
  return syscall(SYS_recvfrom, fd, buffer, size, 0, nullptr, nullptr);
}
ssize_t RawSend(int fd, const char* bytes, size_t size) {
  return syscall(SYS_sendto, fd, bytes, size, MSG_NOSIGNAL, nullptr, 0);
}

}  // namespace

Socket::Socket(Loop& loop, int fd) : loop_(loop), fd_(fd) { loop_.Add(this, fd); }

Socket::~Socket() {
  loop_.Forget(this);
  close(fd_);
}

ssize_t Socket::Receive(char* buffer, size_t size) {
  for (;;) {
    const ssize_t got = RawReceive(fd_, buffer, size);
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
    const ssize_t sent = RawSend(fd_, bytes, size);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) SawWriteBlock();
    }
    return sent;
  }
}

}  // namespace rampart::agent
