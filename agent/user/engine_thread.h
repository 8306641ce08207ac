// EngineThread: one thread with everything that its users need.
#ifndef RAMPART_AGENT_USER_ENGINE_THREAD_H_
#define RAMPART_AGENT_USER_ENGINE_THREAD_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
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
#include "agent/user/pause.h"
#include "agent/user/scenario_run.h"
#include "agent/user/thread_context.h"
#include "agent/user/waiting_users.h"
#include "agent/user/walk/feed_cursors.h"
#include "common/feed/feeds.h"
#include "common/load/share.h"
#include "common/plan/plan_files.h"
#include "common/plan/secrets.h"
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

// At an instant on MonotonicNow's clock; of a thread they come in order.
struct LoadChange {
  enum class Kind { kPause, kResume, kLoad };
  int64_t at_ns = 0;
  Kind kind = Kind::kPause;
  size_t scenario = 0;  // whose load changes
  v1::Load load = {};
};

class EngineThread {
 public:
  // All references must outlive it.
  EngineThread(const MetricCatalog& catalog, Resolver& resolver, const TlsContext& tls,
               const RunClock& clock, uint64_t seed, int64_t cancel_ns, SourceAddresses sources,
               TargetPolicy targets, const Secrets& secrets);
  // Everything must have drained.
  ~EngineThread();

  // Before Begin, on the caller's thread.
  absl::Status Prepare(const v1::Plan& plan,
                       const google::protobuf::RepeatedPtrField<v1::Secret>& secrets,
                       std::shared_ptr<const PlanFiles> files, std::shared_ptr<const Feeds> feeds,
                       const Place& place, WaitingUsers& waiting);
  void Begin(bool real_time);

  // From any thread.
  void Post(std::function<void()> call) { loop_.Post(std::move(call)); }

  // The following on its own thread.
  absl::Status Arm(const std::string& setup_json);
  // Of each share, the first and those taken later: `ended` is called for each scenario, `drained`
  // once after all of them.
  void Start(int64_t start_ns, std::function<void(size_t scenario)> ended,
             std::function<void()> drained);
  // One that starts after another. Nothing happens when it has started, or will not any more.
  void StartScenario(size_t scenario, int64_t start_ns);
  // After Start: one more share, by scenario.
  void Take(const std::vector<Share>& shares, const Entry& entry);
  // From then on, whenever `until_ns` is over, everything is parked before anything else is done,
  // and `over` is called.
  void KeepLease(const std::atomic<int64_t>& until_ns, std::function<void()> over) {
    loop_.KeepLease(&until_ns, [this, over = std::move(over)] {
      Park();
      over();
    });
  }
  // Keeps of every share that it has, in their order, what `keep` says by share and scenario;
  // `given` is called when nothing else runs any more.
  void Give(std::vector<std::vector<Share>> keep, std::function<void()> given);
  // After Start: at its instant.
  void Change(LoadChange change);
  // Ends what runs now, with no grace. What is taken later runs.
  void Park() { EndRuns(v1::ABORT); }
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
  // What was given to this thread at a time.
  struct Held {
    std::vector<std::unique_ptr<ScenarioRun>> runs;  // by scenario
    std::optional<Entry> entry;                      // none: from the begin on
    size_t running = 0;                              // of the runs
  };
  void Hold(const std::vector<Share>& shares, std::optional<Entry> entry);
  void EndRuns(v1::StopKind kind);
  Task<> ChangeLoad();
  void Apply(LoadChange& change);
  void EndPause(int64_t at_ns);

  // Steps that run once, outside of the load.
  Task<> Aside(const CompiledScenario& scenario, std::shared_ptr<User> user, absl::Status* result);
  Task<> ProbeLag();

  Loop loop_;
  Connector connector_;
  Script script_;
  ScopeNames names_;
  Recorder recorder_;
  Pause pause_;
  ThreadContext context_;
  Cuts cuts_;
  CompiledPlan plan_;
  std::unique_ptr<FeedCursors> feeds_;
  std::deque<Held> held_;  // users refer to their run, so it stays when it has ended
  std::vector<Share> shares_;
  std::vector<v1::Load> loads_;     // by scenario, as they are now
  std::deque<LoadChange> changes_;  // to come
  Interrupt changed_;
  std::vector<std::optional<int64_t>> starts_ns_;  // by scenario, once it is known
  std::function<void(size_t scenario)> ended_;
  std::function<void()> drained_;
  std::shared_ptr<User> aside_;  // while setup or teardown runs
  size_t keys_flushed_ = 0;
  int beside_ = 0;  // coroutines that run until Close
  bool closing_ = false;
  Interrupt probe_;
  std::function<void()> closed_;
  std::thread thread_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_ENGINE_THREAD_H_
