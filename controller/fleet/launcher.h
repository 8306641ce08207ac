// Launcher: the processes that a controller starts on its own machine: agents, a demo's target.
#ifndef RAMPART_CONTROLLER_FLEET_LAUNCHER_H_
#define RAMPART_CONTROLLER_FLEET_LAUNCHER_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "controller/fleet/fleet_event.h"

namespace rampart::controller {

struct LaunchedProcess {
  std::string name;     // in what is said of it
  std::string program;  // a path
  std::vector<std::string> arguments;
};

struct LauncherOptions {
  std::vector<LaunchedProcess> processes;
  // Those of a controller before this one: watched and ended like the others. Nobody learns how
  // they end, or reads what they write.
  std::vector<Launched> adopted = {};
  // What a process writes to its standard output and error, a line at a time.
  std::function<void(const std::string& name, const std::string& line)> on_line;
  // After its last line.
  std::function<void(ProcessExited)> on_exit;
  int64_t term_ns = 3'000'000'000;  // from SIGTERM to SIGKILL
};

// Each process has a process group of its own, so an interrupt from the terminal reaches the
// controller only. Owned by the controller's shell; the callbacks come on the launcher's one
// thread, which waits for the processes and reads what they write. Every process is reaped.
class Launcher {
 public:
  static constexpr size_t kMaxLineBytes = 4096;  // longer ones are cut into several

  // Fails when one cannot be started; those before it are ended then.
  static absl::StatusOr<std::unique_ptr<Launcher>> Start(LauncherOptions options);
  ~Launcher();  // Terminate
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  // In the order of the options, without the adopted ones; a process that has ended keeps its
  // number here.
  const std::vector<pid_t>& pids() const { return pids_; }
  // Ends what is left and waits for it, term_ns and a moment at most. Not from a callback.
  void Terminate();

 private:
  struct Child;

  explicit Launcher(LauncherOptions options);
  absl::Status Spawn(const LaunchedProcess& process);
  void Adopt(const Launched& process);
  void Watch();
  bool ReadLines(Child& child);  // false when there is nothing more for now
  void Reap(Child& child);
  void End(Child& child, const std::string& how, bool in_order = false);
  void Signal(int signal);

  LauncherOptions options_;
  int wake_ = -1;  // eventfd: Terminate was called
  std::vector<std::unique_ptr<Child>> children_;
  std::vector<pid_t> pids_;
  std::thread thread_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_FLEET_LAUNCHER_H_
