#include "tests/faults/cluster/logged_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string_view>
#include <utility>

namespace rampart::faults {

LoggedProcess::LoggedProcess(std::vector<std::string> words) : name_(words[0]) {
  int pipe[2];
  EXPECT_EQ(pipe2(pipe, O_CLOEXEC), 0);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  pid_ = fork();
  if (pid_ == 0) {
    // It goes with the test, also when that is killed.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(nothing, STDIN_FILENO);
    dup2(pipe[1], STDOUT_FILENO);
    dup2(pipe[1], STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(nothing);
  close(pipe[1]);
  output_ = pipe[0];
  EXPECT_GT(pid_, 0) << "cannot start " << name_;
  thread_ = std::thread([this] { Read(); });
}

LoggedProcess::~LoggedProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  thread_.join();
  close(output_);
}

void LoggedProcess::Read() {
  std::string line;
  char buffer[4096];
  for (;;) {
    const ssize_t got = read(output_, buffer, sizeof(buffer));
    if (got <= 0) break;
    const std::lock_guard lock(mutex_);
    for (const char c : std::string_view(buffer, static_cast<size_t>(got))) {
      if (c != '\n') {
        line += c;
        continue;
      }
      lines_.push_back({Clock::now(), std::exchange(line, {})});
    }
    changed_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  if (!line.empty()) lines_.push_back({Clock::now(), line});
  over_ = true;
  changed_.notify_all();
}

const LoggedProcess::Line* LoggedProcess::Find(const std::string& text) const {
  for (const Line& line : lines_) {
    if (line.text.find(text) != std::string::npos) return &line;
  }
  return nullptr;
}

std::optional<Time> LoggedProcess::WaitFor(const std::string& text,
                                           std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return over_ || Find(text) != nullptr; });
  if (const Line* line = Find(text); line != nullptr) return line->at;
  const bool over = over_;
  lock.unlock();
  ADD_FAILURE() << name_ << " did not say `" << text << "` "
                << (over ? "before it ended" : "in time") << ". It said:\n"
                << this->text();
  return std::nullopt;
}

std::optional<Time> LoggedProcess::Said(const std::string& text) const {
  const std::lock_guard lock(mutex_);
  const Line* line = Find(text);
  return line == nullptr ? std::nullopt : std::optional(line->at);
}

int LoggedProcess::Wait(std::chrono::milliseconds patience) {
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [this] { return over_; })) {
      ADD_FAILURE() << name_ << " did not end within " << patience.count() << " ms";
      kill(pid_, SIGKILL);
    }
  }
  if (pid_ <= 0) return -1;
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void LoggedProcess::Signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

std::string LoggedProcess::text() const {
  const std::lock_guard lock(mutex_);
  std::string all;
  for (const Line& line : lines_) all += line.text + "\n";
  return all;
}

}  // namespace rampart::faults
