// EngineThread: one thread with everything that its users need.
#ifndef RAMPART_AGENT_USER_ENGINE_THREAD_H_
#define RAMPART_AGENT_USER_ENGINE_THREAD_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/engine/loop.h"
#include "agent/engine/resolver.h"
#include "agent/engine/tls.h"
#include "agent/engine/transport.h"
#include "agent/stats/recorder.h"
#include "agent/user/compiled/compiled_plan.h"
#include "agent/user/cuts.h"
#include "agent/user/scenario_run.h"
#include "agent/user/thread_context.h"
#include "agent/user/waiting_users.h"
#include "agent/user/walk/feed_cursors.h"
#include "common/feed/feeds.h"
#include "common/load/share.h"
#include "common/plan/plan_files.h"
#include "common/script/script.h"

namespace rampart::agent {

// What a thread gives away at a flush.
struct ThreadFlush {
  Bank* bank = nullptr;  // null when the last has not come back
  int64_t cpu_ns = 0;    // that the thread has used since it began
  int64_t at_ns = 0;
  ThreadHealth health;
  std::vector<Recorder::Key> new_keys;  // series that are new since the last flush
};

class EngineThread {
 public:
  // All references must outlive it.
  EngineThread(const MetricCatalog& catalog, Resolver& resolver, const TlsContext& tls,
               const RunClock& clock, uint64_t seed, int64_t cancel_ns, SourceAddresses sources);
  // Everything must have drained.
  ~EngineThread();

  // Before Begin, on the caller's thread.
  absl::Status Prepare(const v1::Plan& plan, std::shared_ptr<const PlanFiles> files,
                       std::shared_ptr<const Feeds> feeds, const Place& place,
                       WaitingUsers& waiting);
  void Begin(bool real_time);

  // From any thread.
  void Post(std::function<void()> call) { loop_.Post(std::move(call)); }
  int64_t active_users() const { return active_users_.load(std::memory_order_relaxed); }

  // The following on its own thread.
  absl::Status Arm(const std::string& setup_json);
  // `ended` is called for each scenario, `drained` once after all of them.
  void Start(int64_t start_ns, std::function<void(size_t scenario)> ended,
             std::function<void()> drained);
  // One that starts after another. Nothing happens when it has started, or will not any more.
  void StartScenario(size_t scenario, int64_t start_ns);
  void OpenRendezvous(size_t rendezvous, uint64_t opening, int64_t at_ns) {
    context_.meetings[rendezvous]->Open(opening, at_ns);
  }
  void Stop(v1::StopKind kind);
  void RunSetup(std::function<void(absl::StatusOr<std::string>)> done);
  void RunTeardown(std::function<void(absl::Status)> done);
  ThreadFlush Flush();
  void Return(Bank* bank) { recorder_.Return(bank); }
  // Lets what runs beside the users end; `ended` is called when it has.
  void Close(std::function<void()> ended);

 private:
  // Steps that run once, outside of the load.
  Task<> Aside(const CompiledScenario& scenario, std::shared_ptr<User> user, absl::Status* result);
  Task<> ProbeLag();

  Loop loop_;
  Connector connector_;
  Script script_;
  ScopeNames names_;
  Recorder recorder_;
  ThreadContext context_;
  Cuts cuts_;
  CompiledPlan plan_;
  std::unique_ptr<FeedCursors> feeds_;
  std::vector<std::unique_ptr<ScenarioRun>> scenarios_;
  std::vector<Share> shares_;
  size_t running_ = 0;  // scenarios
  std::function<void()> drained_;
  std::shared_ptr<User> aside_;  // while setup or teardown runs
  size_t keys_flushed_ = 0;
  int beside_ = 0;  // coroutines that run until Close
  bool closing_ = false;
  Interrupt probe_;
  std::function<void()> closed_;
  std::atomic<int64_t> active_users_ = 0;
  std::thread thread_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_ENGINE_THREAD_H_
