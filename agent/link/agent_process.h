// AgentProcess: one agent: its stream, its engine, and the core that decides between them.
#ifndef RAMPART_AGENT_LINK_AGENT_PROCESS_H_
#define RAMPART_AGENT_LINK_AGENT_PROCESS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "agent/link/fleet_stream.h"
#include "agent/link/link.h"
#include "agent/link/link_event.h"
#include "agent/user/engine.h"
#include "common/tls/stream_identity.h"

namespace rampart::agent {

// The shell of a Link. Everything happens on the thread that calls Run; the stream's and the
// engine's threads only put events into the one queue. Owned by main.
class AgentProcess {
 public:
  // A core that does not keep up ends the process.
  static constexpr size_t kMaxQueuedEvents = 10'000;
  static constexpr int64_t kTickNs = 50'000'000;
  // However often users come to a rendezvous, the controller hears of it once in so long.
  static constexpr int64_t kWaitingEveryNs = 10'000'000;
  // For the last messages to be written, and the stream to end.
  static constexpr int64_t kCloseNs = 2'000'000'000;

  // SIGTERM and SIGINT must be blocked in every thread: they are read here.
  // `identity`: for TLS on the stream.
  AgentProcess(LinkOptions options, EngineOptions engine_options,
               std::optional<StreamIdentity> identity = std::nullopt);
  ~AgentProcess();
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;

  // Until the core says so. Returns the exit code.
  int Run();

 private:
  // From any thread.
  void Post(LinkEvent event);
  void WaitingChanged();
  void Interrupt();  // what Wait waits for
  void Wait(int64_t until_ns);
  void HandleQueued();
  // Why there is no stream, once until it is another reason.
  void SayWhyDown(const LinkEvent& event);
  // One event, and those that its actions bring at once.
  void Handle(LinkEvent event);

  void Perform(const Dial& action);
  void Perform(const SendMessage& action);
  void Perform(const MakeEngine& action);
  void Perform(const RunSetup&);
  void Perform(const ArmEngine& action);
  void Perform(const StartEngine& action);
  void Perform(const OpenMeeting& action);
  void Perform(const BeginScenario& action);
  void Perform(const TakeShare& action);
  void Perform(const GiveShare& action);
  void Perform(const ChangeLoad& action);
  void Perform(const ParkEngine&);
  void Perform(const ExtendLease& action);
  void Perform(const StopEngine& action);
  void Perform(const RunTeardown&);
  void Perform(const TakeDelta& action);
  void Perform(const Exit& action);

  Link link_;
  const EngineOptions engine_options_;
  int wake_ = -1;     // eventfd: something was posted
  int signals_ = -1;  // signalfd
  std::mutex mutex_;
  std::deque<LinkEvent> queue_;  // with the lock
  bool overflow_ = false;        // with the lock
  std::deque<LinkEvent> at_once_;
  std::atomic<bool> waiting_changed_ = false;
  int64_t waiting_from_ns_ = 0;  // no earlier is it told
  int64_t dial_at_ns_ = INT64_MAX;
  int64_t lease_until_ns_ = 0;
  std::string said_down_;
  std::optional<int> exit_code_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<FleetStream> stream_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_LINK_AGENT_PROCESS_H_
