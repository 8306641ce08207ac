// DemoTarget: the reference chat server beside a run, for `--demo`.
#ifndef RAMPART_CONTROLLER_DEMO_DEMO_TARGET_H_
#define RAMPART_CONTROLLER_DEMO_DEMO_TARGET_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "controller/fleet/launcher.h"
#include "controller/run/result.h"
#include "controller/terminal/terminal.h"

namespace rampart::controller {

// A process of its own that ends with this object. Of one thread.
class DemoTarget {
 public:
  // How long the server may take until it listens.
  static constexpr int64_t kStartNs = 10'000'000'000;

  // `on_line` gets what it writes, on another thread.
  static absl::StatusOr<std::unique_ptr<DemoTarget>> Start(
      const std::string& program, std::function<void(const std::string&)> on_line);

  // One that a controller before this one started: `process` listens on `port`.
  static std::unique_ptr<DemoTarget> Adopt(uint16_t port, const Launched& process);

  uint16_t port() const { return port_; }
  const Launched& process() const { return launched_; }
  std::string http_url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string websocket_url() const {
    return "ws://127.0.0.1:" + std::to_string(port_) + "/api/ws";
  }

  // What the server itself counted, beside what `result` counted; asked of the server now.
  absl::StatusOr<std::vector<TargetCount>> Compare(const RunResult& result) const;

 private:
  explicit DemoTarget(uint16_t port) : port_(port) {}

  uint16_t port_;
  Launched launched_;
  std::unique_ptr<Launcher> process_;
};

// Of the server, to the result; words on the terminal when it does not tell.
void AddTargetCounts(const DemoTarget& target, Terminal& terminal, RunResult* result);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_DEMO_DEMO_TARGET_H_
