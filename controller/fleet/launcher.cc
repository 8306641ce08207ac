#include "controller/fleet/launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "controller/fleet/machine.h"

// The header of glibc 2.36 says nothing of C++.
extern "C" {
#include <sys/pidfd.h>
}

extern char** environ;

namespace rampart::controller {
namespace {

int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

std::string How(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return "exit status " + std::to_string(info.si_status);
  const char* name = sigabbrev_np(info.si_status);
  return std::string("killed by ") +
         (name == nullptr ? "signal " + std::to_string(info.si_status) : std::string("SIG") + name);
}

}  // namespace

struct Launcher::Child {
  std::string name;
  pid_t pid = -1;
  int process = -1;  // pidfd; -1 once it is reaped
  int output = -1;   // -1 once it is at its end
  std::string line;  // so far
  bool adopted = false;
};

absl::StatusOr<std::unique_ptr<Launcher>> Launcher::Start(LauncherOptions options) {
  std::unique_ptr<Launcher> launcher(new Launcher(std::move(options)));
  launcher->wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (launcher->wake_ < 0) return absl::ErrnoToStatus(errno, "cannot start processes");
  absl::Status status;
  for (const LaunchedProcess& process : launcher->options_.processes) {
    if (status.ok()) status = launcher->Spawn(process);
  }
  for (const Launched& process : launcher->options_.adopted) launcher->Adopt(process);
  launcher->thread_ = std::thread([raw = launcher.get()] { raw->Watch(); });
  if (!status.ok()) return status;
  return launcher;
}

Launcher::Launcher(LauncherOptions options) : options_(std::move(options)) {}

Launcher::~Launcher() {
  Terminate();
  if (wake_ >= 0) close(wake_);
}

absl::Status Launcher::Spawn(const LaunchedProcess& process) {
  const std::string& name = process.name;
  int pipe[2];
  if (pipe2(pipe, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot start " + name);
  fcntl(pipe[0], F_SETFL, O_NONBLOCK);

  std::vector<std::string> words = {process.program};
  words.insert(words.end(), process.arguments.begin(), process.arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, pipe[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, pipe[1], STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  auto child = std::make_unique<Child>();
  const int error =
      posix_spawn(&child->pid, process.program.c_str(), &files, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  close(pipe[1]);
  if (error != 0) {
    close(pipe[0]);
    return absl::ErrnoToStatus(error, "cannot start " + process.program);
  }
  child->name = name;
  child->output = pipe[0];
  child->process = pidfd_open(child->pid, 0);
  if (child->process < 0) {
    // Nobody would see it end.
    const absl::Status status = absl::ErrnoToStatus(errno, "cannot watch " + name);
    kill(child->pid, SIGKILL);
    waitpid(child->pid, nullptr, 0);
    close(child->output);
    return status;
  }
  pids_.push_back(child->pid);
  children_.push_back(std::move(child));
  return absl::OkStatus();
}

void Launcher::Adopt(const Launched& process) {
  auto child = std::make_unique<Child>();
  child->name = process.name;
  child->pid = static_cast<pid_t>(process.pid);
  child->adopted = true;
  child->process = pidfd_open(child->pid, 0);
  // Looked at after it was opened: now it is this one, or it has ended.
  if (child->process >= 0 && ProcessStart(child->pid) != process.started) {
    close(std::exchange(child->process, -1));
  }
  children_.push_back(std::move(child));
}

void Launcher::Watch() {
  int64_t kill_at = INT64_MAX;  // once Terminate was called
  bool killed = false;
  for (const auto& child : children_) {
    if (child->process < 0) End(*child, "while its controller was not there");
  }
  for (;;) {
    std::vector<pollfd> polled;
    std::vector<Child*> of;
    for (const auto& child : children_) {
      if (child->process >= 0) {
        polled.push_back({child->process, POLLIN, 0});
        of.push_back(child.get());
        if (child->output >= 0) {
          polled.push_back({child->output, POLLIN, 0});
          of.push_back(child.get());
        }
      }
    }
    if (polled.empty()) return;
    if (kill_at == INT64_MAX) polled.push_back({wake_, POLLIN, 0});
    int timeout_ms = -1;
    if (kill_at != INT64_MAX && !killed) {
      timeout_ms = static_cast<int>(std::max<int64_t>(0, (kill_at - Now()) / 1'000'000 + 1));
    }
    poll(polled.data(), polled.size(), timeout_ms);
    for (size_t i = 0; i < of.size(); ++i) {
      if (polled[i].revents != 0 && polled[i].fd == of[i]->output) ReadLines(*of[i]);
    }
    for (size_t i = 0; i < of.size(); ++i) {
      if (polled[i].revents != 0 && polled[i].fd == of[i]->process) Reap(*of[i]);
    }
    if (polled.size() > of.size() && polled.back().revents != 0) {
      kill_at = Now() + options_.term_ns;
      Signal(SIGTERM);
    }
    if (!killed && Now() >= kill_at) {
      killed = true;
      Signal(SIGKILL);
    }
  }
}

bool Launcher::ReadLines(Child& child) {
  char buffer[16 * 1024];
  const ssize_t got = read(child.output, buffer, sizeof(buffer));
  if (got < 0) return errno == EINTR;
  if (got == 0) {
    close(child.output);
    child.output = -1;
    return false;
  }
  for (const char c : std::string_view(buffer, static_cast<size_t>(got))) {
    if (c != '\n') child.line += c;
    if (c == '\n' || child.line.size() >= kMaxLineBytes) {
      options_.on_line(child.name, std::exchange(child.line, {}));
    }
  }
  return true;
}

void Launcher::Reap(Child& child) {
  if (child.adopted) return End(child, "nobody saw how: another controller started it");
  siginfo_t info = {};
  if (waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED) != 0) return;
  // What it wrote before it ended; a grandchild may hold the pipe open, so not until its end.
  while (child.output >= 0 && ReadLines(child)) {
  }
  if (!child.line.empty()) options_.on_line(child.name, std::exchange(child.line, {}));
  if (child.output >= 0) close(std::exchange(child.output, -1));
  End(child, How(info), info.si_code == CLD_EXITED && info.si_status == 0);
}

void Launcher::End(Child& child, const std::string& how, bool in_order) {
  if (child.process >= 0) close(std::exchange(child.process, -1));
  options_.on_exit(ProcessExited{child.name, how, in_order});
}

void Launcher::Signal(int signal) {
  for (const auto& child : children_) {
    // By the pidfd: the number may be another's by now.
    if (child->process >= 0) pidfd_send_signal(child->process, signal, nullptr, 0);
  }
}

void Launcher::Terminate() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t wrote = write(wake_, &one, sizeof(one));
  thread_.join();
}

}  // namespace rampart::controller
