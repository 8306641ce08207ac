#include "tests/chat/processes.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <iostream>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/chat/server.h"

namespace rampart::chat {
namespace {

using asio::ip::tcp;

constexpr timespec kEndTimeout{10, 0};  // from SIGTERM to SIGKILL

// The processes' counters, in memory that they share with their parent.
class SharedCounters {
 public:
  SharedCounters()
      : memory_(mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                     -1, 0)) {
    static_assert(Counters::Count::is_always_lock_free, "else they cannot be shared");
    if (memory_ != MAP_FAILED) counters_ = new (memory_) Counters();
  }
  ~SharedCounters() {
    if (memory_ != MAP_FAILED) munmap(memory_, sizeof(Counters));
  }
  Counters* get() { return counters_; }

 private:
  void* memory_;
  Counters* counters_ = nullptr;
};

// Takes the port for all of them, and does not listen. Only while it is held alone, so that another
// server's port is not shared by chance; only then others may bind to it as well.
absl::Status Reserve(tcp::socket& holder, Options& options) {
  const absl::StatusOr<tcp::endpoint> endpoint = EndpointOf(options);
  if (!endpoint.ok()) return endpoint.status();
  error_code error;
  holder.open(endpoint->protocol(), error);
  if (!error) holder.set_option(tcp::socket::reuse_address(true), error);
  if (!error) holder.bind(*endpoint, error);
  const int one = 1;
  if (!error && setsockopt(holder.native_handle(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one))) {
    return absl::ErrnoToStatus(errno, "processes cannot share a port here");
  }
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot use ", options.address, " port ",
                                               options.port, ": ", error.message(),
                                               "; choose another with --port, 0 for any"));
  }
  options.port = holder.local_endpoint().port();
  return absl::OkStatus();
}

std::string How(int status) {
  if (WIFEXITED(status)) return absl::StrCat("ended with status ", WEXITSTATUS(status));
  const char* name = sigabbrev_np(WTERMSIG(status));
  return name == nullptr ? absl::StrCat("was killed by signal ", WTERMSIG(status))
                         : absl::StrCat("was killed by SIG", name);
}

sigset_t HandledSignals() {
  sigset_t handled;
  sigemptyset(&handled);
  for (const int number : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&handled, number);
  return handled;
}

// The child's whole life.
int Serve(const Options& options, const OneOfSeveral& place, int ready, pid_t parent) {
  setpgid(0, 0);  // a terminal's Ctrl-C is for the parent
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) return 1;
  const sigset_t handled = HandledSignals();
  sigprocmask(SIG_UNBLOCK, &handled, nullptr);
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options, &place);
  if (!server.ok()) {
    std::cerr << "chat: process " << place.number + 1 << ": " << server.status().message() << "\n";
    return 1;
  }
  (*server)->StopOnSignals();
  const char up = 1;
  if (write(ready, &up, 1) != 1) return 1;
  close(ready);
  (*server)->Run();
  return 0;
}

// The processes, for their parent, which has one thread. Every one of them is waited for.
class Children {
 public:
  // All of them, and that each listens. Does not return in a child.
  bool Fork(const Options& options, Counters* counters) {
    int ready[2];
    if (pipe(ready) != 0) return Complain("cannot make a pipe");
    const Relay::Key key = Relay::NewKey();
    const pid_t parent = getpid();
    for (int number = 0; number < options.processes; ++number) {
      const pid_t child = fork();
      if (child == 0) {
        close(ready[0]);
        const OneOfSeveral place{number, key, counters};
        _exit(Serve(options, place, ready[1], parent));
      }
      if (child < 0) {
        Complain("cannot start a process");
        break;
      }
      children_.push_back(child);
    }
    close(ready[1]);
    // Ends when every child has written or ended.
    int up = 0;
    char byte;
    for (ssize_t got; (got = read(ready[0], &byte, 1)) != 0;) {
      if (got > 0) ++up;
    }
    close(ready[0]);
    return up == options.processes;
  }

  // Until all have ended; false when one did before it should.
  bool Wait(bool stop_now) {
    bool as_asked = true;
    bool stopping = stop_now;
    if (stopping) SignalAll(SIGTERM);
    const sigset_t handled = HandledSignals();
    while (ended_ < children_.size()) {
      const int number =
          stopping ? sigtimedwait(&handled, nullptr, &kEndTimeout) : sigwaitinfo(&handled, nullptr);
      if (number < 0 && errno == EAGAIN) SignalAll(SIGKILL);
      if ((number == SIGTERM || number == SIGINT) && !stopping) {
        stopping = true;
        SignalAll(SIGTERM);
      }
      if (number == SIGCHLD && !Reap(stopping) && !stopping) {
        as_asked = false;
        stopping = true;
        SignalAll(SIGTERM);
      }
    }
    return as_asked;
  }

 private:
  static bool Complain(const char* what) {
    std::cerr << "chat: " << what << ": " << strerror(errno) << "\n";
    return false;
  }

  void SignalAll(int number) const {
    for (const pid_t child : children_) {
      if (child > 0) kill(child, number);
    }
  }

  // False when one ended.
  bool Reap(bool expected) {
    bool none = true;
    int status = 0;
    for (pid_t child; (child = waitpid(-1, &status, WNOHANG)) > 0;) {
      for (size_t i = 0; i < children_.size(); ++i) {
        if (children_[i] != child) continue;
        children_[i] = 0;
        ++ended_;
        none = false;
        if (!expected || status != 0) {
          std::cerr << absl::StrCat("chat: process ", i + 1, " of ", children_.size(), " ",
                                    How(status), expected ? "" : ": ending the others", "\n");
        }
      }
    }
    return none;
  }

  std::vector<pid_t> children_;  // 0: has ended
  size_t ended_ = 0;
};

}  // namespace

int RunProcesses(const Options& given) {
  Options options = given;
  if (!options.data_dir.empty()) {
    std::cerr << "chat: --data and --processes do not go together: several processes store "
                 "nothing\n";
    return 1;
  }
  asio::io_context context;
  tcp::socket holder(context);
  if (absl::Status status = Reserve(holder, options); !status.ok()) {
    std::cerr << "chat: " << status.message() << "\n";
    return 1;
  }
  SharedCounters counters;
  if (counters.get() == nullptr) {
    std::cerr << "chat: no memory to share\n";
    return 1;
  }
  const sigset_t handled = HandledSignals();
  sigprocmask(SIG_BLOCK, &handled, nullptr);
  Children children;
  if (!children.Fork(options, counters.get())) {
    children.Wait(/*stop_now=*/true);
    return 1;
  }
  std::cout << "listening on " << options.address << ":" << options.port << std::endl;
  return children.Wait(/*stop_now=*/false) ? 0 : 1;
}

}  // namespace rampart::chat
