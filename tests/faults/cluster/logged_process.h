// LoggedProcess: a program that a test starts, with the time of every line that it says.
#ifndef RAMPART_TESTS_FAULTS_CLUSTER_LOGGED_PROCESS_H_
#define RAMPART_TESTS_FAULTS_CLUSTER_LOGGED_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace rampart::faults {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

// Standard output and error are read as they come, on a thread of its own. Killed and reaped at the
// latest when this object goes. Its methods are for the thread that made it.
class LoggedProcess {
 public:
  static constexpr std::chrono::seconds kPatience{120};

  explicit LoggedProcess(std::vector<std::string> words);
  ~LoggedProcess();
  LoggedProcess(const LoggedProcess&) = delete;
  LoggedProcess& operator=(const LoggedProcess&) = delete;

  // When the first line with `text` came. The test fails when none does within `patience`, or
  // before it ends.
  std::optional<Time> WaitFor(const std::string& text, std::chrono::milliseconds patience);
  std::optional<Time> WaitFor(const std::string& text) { return WaitFor(text, kPatience); }
  // The same without waiting, and without failing.
  std::optional<Time> Said(const std::string& text) const;
  // The exit status, or 128 and the signal's number. Killed when it takes longer, which fails.
  int Wait(std::chrono::milliseconds patience = kPatience);

  void Signal(int number) const;
  pid_t pid() const { return pid_; }
  std::string text() const;

 private:
  struct Line {
    Time at;
    std::string text;
  };

  void Read();
  const Line* Find(const std::string& text) const;

  const std::string name_;
  pid_t pid_ = -1;
  int output_ = -1;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Line> lines_;  // guarded by mutex_
  bool over_ = false;        // guarded by mutex_
  std::thread thread_;
};

}  // namespace rampart::faults

#endif  // RAMPART_TESTS_FAULTS_CLUSTER_LOGGED_PROCESS_H_
