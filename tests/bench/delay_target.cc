// delay_target: an HTTP server whose delays are known, and which keeps when each request came and
// when it was answered.
//
//   delay_target [--delay-us D] [--slow-us D --slow-share P] [--stall-at-ms T --stall-ms L]
//                [--spin] [--stamps FILE]
//
// It listens on a free port of 127.0.0.1 and prints it. Every GET is answered D after it came; a
// share P (by a fixed sequence of draws) takes the other delay. A stall begins T after the first
// request: requests are read and stamped, answers wait until it is over and then go out at once,
// in the order in which they were due. On SIGTERM it writes the stamps, two int64 of
// CLOCK_MONOTONIC (came, answered) a request, in the order in which they came.
//
// One thread. It sleeps to within kSpinNs of an answer and spins from there; with --spin it never
// sleeps, so that no answer waits for the kernel to wake a thread. A request came when the kernel
// stamped its last packet: fifty that come at once are read one after the other, and may have to
// wait for answers that are being sent.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rampart {
namespace {

constexpr int64_t kSpinNs = 100'000;
constexpr int64_t kMillisecond = 1'000'000;
// A stamp that says longer is one of a clock that was set meanwhile.
constexpr int64_t kMostUnreadNs = 1'000'000'000;
constexpr size_t kMaxRequestBytes = 16 * 1024;
constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

volatile sig_atomic_t ended = 0;

int64_t Ns(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

int64_t Now(clockid_t clock = CLOCK_MONOTONIC) {
  timespec time;
  clock_gettime(clock, &time);
  return Ns(time);
}

// On CLOCK_MONOTONIC: when the last packet of what was received came; `now` where the kernel does
// not say. Its stamps are of CLOCK_REALTIME.
int64_t CameNs(msghdr& received, int64_t now) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&received); part != nullptr;
       part = CMSG_NXTHDR(&received, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec stamp;
    std::memcpy(&stamp, CMSG_DATA(part), sizeof(stamp));
    const int64_t ago_ns = Now(CLOCK_REALTIME) - Ns(stamp);
    if (ago_ns >= 0 && ago_ns < kMostUnreadNs) return now - ago_ns;
  }
  return now;
}

struct Options {
  int64_t delay_ns = 0;
  int64_t slow_ns = 0;
  double slow_share = 0;
  int64_t stall_at_ns = -1;
  int64_t stall_ns = 0;
  bool spin = false;
  std::string stamps;
};

struct Stamp {
  int64_t came_ns;
  int64_t answered_ns;  // 0: never
};

class DelayTarget {
 public:
  explicit DelayTarget(Options options) : options_(std::move(options)), epoll_(epoll_create1(0)) {
    stamps_.reserve(1 << 20);
  }

  // Prints the port; until a signal.
  void Run() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* name = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, name, size) != 0 || listen(listener_, 4096) != 0) std::abort();
    getsockname(listener_, name, &size);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
    std::printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    while (ended == 0) Turn();
  }

  bool WriteStamps() const {
    if (options_.stamps.empty()) return true;
    std::FILE* file = std::fopen(options_.stamps.c_str(), "wb");
    if (file == nullptr) return false;
    const size_t written = std::fwrite(stamps_.data(), sizeof(Stamp), stamps_.size(), file);
    return std::fclose(file) == 0 && written == stamps_.size();
  }

 private:
  // Asks one thing at a time: what comes before its answer has gone is refused.
  struct Connection {
    int fd;
    bool waits = false;
    bool gone = false;
    std::string begun = {};
  };
  struct Pending {
    int64_t due_ns;
    size_t request;
    Connection* connection;
    bool operator>(const Pending& other) const {
      return std::pair(due_ns, request) > std::pair(other.due_ns, other.request);
    }
  };

  void Turn() {
    int64_t wait_ns = 100 * kMillisecond;  // a signal may come just before the wait
    if (!pending_.empty()) wait_ns = AnswerAt(pending_.top()) - Now() - kSpinNs;
    if (options_.spin || wait_ns < 0) wait_ns = 0;
    const timespec wait{.tv_sec = wait_ns / 1'000'000'000, .tv_nsec = wait_ns % 1'000'000'000};
    epoll_event events[64];
    const int count = epoll_pwait2(epoll_, events, 64, &wait, nullptr);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr == nullptr) {
        Accept();
      } else {
        Read(static_cast<Connection*>(events[i].data.ptr));
      }
    }
    for (; !pending_.empty() && AnswerAt(pending_.top()) <= Now(); pending_.pop()) {
      Answer(pending_.top());
    }
  }

  // What falls into the stall waits for its end.
  int64_t AnswerAt(const Pending& pending) const {
    if (options_.stall_at_ns < 0) return pending.due_ns;
    const int64_t from_ns = stamps_.front().came_ns + options_.stall_at_ns;
    const int64_t to_ns = from_ns + options_.stall_ns;
    return pending.due_ns >= from_ns && pending.due_ns < to_ns ? to_ns : pending.due_ns;
  }

  void Accept() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) return;
      const int one = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
      setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
      connections_.push_back(std::make_unique<Connection>(Connection{.fd = fd}));
      epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = connections_.back().get()}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
  }

  void Read(Connection* connection) {
    if (connection->gone) return;
    char bytes[4096];
    iovec into{.iov_base = bytes, .iov_len = sizeof(bytes)};
    alignas(cmsghdr) char control[128];
    msghdr received = {};
    received.msg_iov = &into;
    received.msg_iovlen = 1;
    received.msg_control = control;
    received.msg_controllen = sizeof(control);
    const ssize_t got = recvmsg(connection->fd, &received, 0);
    if (got < 0) return;
    const int64_t came_ns = CameNs(received, Now());
    connection->begun.append(bytes, static_cast<size_t>(got));
    const std::string_view begun = connection->begun;
    if (got == 0 || connection->waits || begun.size() > kMaxRequestBytes) return Close(connection);
    if (!begun.ends_with("\r\n\r\n")) return;
    connection->begun.clear();
    connection->waits = true;
    pending_.push({came_ns + Delay(), stamps_.size(), connection});
    stamps_.push_back({came_ns, 0});
  }

  int64_t Delay() {
    if (options_.slow_share == 0) return options_.delay_ns;
    // A linear congruential sequence (Knuth's MMIX), its top bits: the same in every run.
    draws_ = draws_ * 6364136223846793005u + 1442695040888963407u;
    const double drawn = static_cast<double>(draws_ >> 11) * 0x1p-53;
    return drawn < options_.slow_share ? options_.slow_ns : options_.delay_ns;
  }

  void Answer(const Pending& pending) {
    if (pending.connection->gone) return;
    pending.connection->waits = false;
    stamps_[pending.request].answered_ns = Now();
    send(pending.connection->fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
  }

  // Its memory stays: an answer may be pending.
  void Close(Connection* connection) {
    connection->gone = true;
    close(connection->fd);
  }

  const Options options_;
  const int epoll_;
  int listener_ = -1;
  uint64_t draws_ = 1;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::priority_queue<Pending, std::vector<Pending>, std::greater<>> pending_;
  std::vector<Stamp> stamps_;
};

int Main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const auto is = [&](std::string_view flag) { return name == flag && i + 1 < argc; };
    if (name == "--spin") {
      options.spin = true;
    } else if (is("--delay-us")) {
      options.delay_ns = std::atoll(argv[++i]) * 1000;
    } else if (is("--slow-us")) {
      options.slow_ns = std::atoll(argv[++i]) * 1000;
    } else if (is("--slow-share")) {
      options.slow_share = std::atof(argv[++i]);
    } else if (is("--stall-at-ms")) {
      options.stall_at_ns = std::atoll(argv[++i]) * kMillisecond;
    } else if (is("--stall-ms")) {
      options.stall_ns = std::atoll(argv[++i]) * kMillisecond;
    } else if (is("--stamps")) {
      options.stamps = argv[++i];
    } else {
      std::fprintf(stderr, "delay_target: no flag %s\n", argv[i]);
      return 2;
    }
  }
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  for (const int number : {SIGTERM, SIGINT}) signal(number, [](int) { ended = 1; });
  DelayTarget target(std::move(options));
  target.Run();
  if (target.WriteStamps()) return 0;
  std::fprintf(stderr, "delay_target: cannot write the stamps\n");
  return 1;
}

}  // namespace
}  // namespace rampart

int main(int argc, char** argv) { return rampart::Main(argc, argv); }
