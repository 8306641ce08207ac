// Process: a program that a test starts, reads and ends.
#ifndef RAMPART_TESTS_SUPPORT_PROCESS_H_
#define RAMPART_TESTS_SUPPORT_PROCESS_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

extern char** environ;

namespace rampart {

// Its standard output and error come as one text, in order. Killed and reaped at the latest when
// this object goes.
class Process {
 public:
  static constexpr std::chrono::seconds kPatience{120};

  explicit Process(std::vector<std::string> words) : name_(words[0]) {
    int pipe[2];
    EXPECT_EQ(pipe2(pipe, O_CLOEXEC), 0);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, pipe[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, pipe[1], STDERR_FILENO);
    const int error = posix_spawn(&pid_, words[0].c_str(), &files, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    close(pipe[1]);
    output_ = pipe[0];
    EXPECT_EQ(error, 0) << "cannot start " << name_;
    if (error != 0) pid_ = -1;
  }
  ~Process() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(output_);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Reads until `text` has come. The test fails when it ends, or a long time passes, without.
  bool WaitFor(const std::string& text) {
    while (text_.find(text) == std::string::npos) {
      if (!ReadSome()) {
        ADD_FAILURE() << name_ << " never said `" << text << "`. It said:\n" << text_;
        return false;
      }
    }
    return true;
  }

  // Reads to the end. The exit status, or 128 and the signal's number.
  int Wait() {
    while (ReadSome()) {
    }
    if (pid_ <= 0) return -1;
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  void Signal(int number) const {
    if (pid_ > 0) kill(pid_, number);
  }
  const std::string& text() const { return text_; }
  pid_t pid() const { return pid_; }

 private:
  bool ReadSome() {
    pollfd polled = {output_, POLLIN, 0};
    const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience);
    if (poll(&polled, 1, static_cast<int>(patience.count())) <= 0) {
      ADD_FAILURE() << name_ << " was silent for " << kPatience.count() << " s";
      return false;
    }
    char buffer[4096];
    const ssize_t got = read(output_, buffer, sizeof(buffer));
    if (got <= 0) return false;
    text_.append(buffer, static_cast<size_t>(got));
    return true;
  }

  std::string name_;
  pid_t pid_ = -1;
  int output_ = -1;
  std::string text_;
};

}  // namespace rampart

#endif  // RAMPART_TESTS_SUPPORT_PROCESS_H_
