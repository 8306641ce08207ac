// Preloaded into a controller: what it does to its journal fails when a test says so, and nothing
// of it is in the program. RAMPART_FAILPOINT=CALL:N:HOW, the N-th CALL (write, fdatasync) on a file
// that is named `journal`: HOW is `kill` (before it), `half` (a part is written, then killed), or
// the error that it fails with from then on (ENOSPC, EIO).
#include <dlfcn.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

struct Failpoint {
  std::string call;
  long at = 0;
  std::string how;
  std::atomic<long> calls{0};

  Failpoint() {
    const char* text = std::getenv("RAMPART_FAILPOINT");
    if (text == nullptr) return;
    const std::string all = text;
    const size_t first = all.find(':');
    const size_t second = all.find(':', first + 1);
    call = all.substr(0, first);
    at = std::strtol(all.c_str() + first + 1, nullptr, 10);
    how = all.substr(second + 1);
  }

  // Whether this call is one that fails.
  bool Now(std::string_view name, int fd) {
    if (call != name) return false;
    char path[4096];
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t size = readlink(link.c_str(), path, sizeof(path));
    const std::string_view file(path, size < 0 ? 0 : static_cast<size_t>(size));
    if (!file.ends_with("/journal")) return false;
    const long count = ++calls;
    if (how == "kill" || how == "half") return count == at;
    return count >= at;
  }
  void Fail() const {
    if (how == "kill") kill(getpid(), SIGKILL);
    errno = how == "ENOSPC" ? ENOSPC : EIO;
  }
};

Failpoint& Point() {
  static Failpoint point;
  return point;
}

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t size) {
  static auto* const next = Next<ssize_t(int, const void*, size_t)>("write");
  if (!Point().Now("write", fd)) return next(fd, bytes, size);
  if (Point().how == "half") {
    next(fd, bytes, size / 2);
    kill(getpid(), SIGKILL);
  }
  Point().Fail();
  return -1;
}

int fdatasync(int fd) {
  static auto* const next = Next<int(int)>("fdatasync");
  if (!Point().Now("fdatasync", fd)) return next(fd);
  Point().Fail();
  return -1;
}

}  // extern "C"
