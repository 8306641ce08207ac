// Engine: the users of one agent and the threads that drive them, for one run.
#ifndef RAMPART_AGENT_USER_ENGINE_H_
#define RAMPART_AGENT_USER_ENGINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/net/target_policy.h"
#include "rampart/v1/fleet.pb.h"

namespace rampart::agent {

struct EngineOptions {
  int threads = 1;
  // Numeric addresses that connections come from, in turn; empty: as the kernel chooses.
  std::vector<std::string> sources = {};
  bool real_time = false;  // engine threads go first: see RunInRealTime, which has to be allowed
  TargetPolicy targets = {};
};

// What a load that is part of a cluster's tells, on engine threads: post it.
struct LoadEvents {
  // More or fewer users wait at a rendezvous than before: Waiting() says how many.
  std::function<void()> waiting_changed = [] {};
  // Nothing of the scenario runs here any more, of so many shares as in `drained` and before it.
  std::function<void(const std::string& name, uint64_t shares)> scenario_ended =
      [](const std::string&, uint64_t) {};
  // The lease was over, so all that ran is being ended, as by Park. Before anything more is sent.
  std::function<void()> lease_over = [] {};
};

// Calls in this order: RunSetup (at most once, on one agent of the run), Arm, Start, Stop (if
// ever), RunTeardown (like RunSetup). All from one thread, the owner's, and none of them waits for
// the network. The callbacks run on an engine thread: post what they say to wherever it is needed.
class Engine {
 public:
  // Compiles the plan for every thread. Fails when the plan cannot run here: an expression that
  // does not compile, a CA that cannot be read.
  static absl::StatusOr<std::unique_ptr<Engine>> Make(const v1::Prepare& prepare,
                                                      const EngineOptions& options);
  // Ends everything at once.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Runs the plan's `setup` steps; `done` gets the variables that they saved, as a JSON object.
  void RunSetup(std::function<void(absl::StatusOr<std::string>)> done);
  // Gives setup's variables to every user; an empty text when the plan has no setup.
  absl::Status Arm(const std::string& setup_json);
  // Lets the load begin at `start_ns` on MonotonicNow's clock, which may have passed: the schedule
  // is then entered where it stands. `drained` is called when every iteration has ended, of
  // `shares` shares: 1, and one more for each Take before. Scenarios that start after another wait
  // for StartScenario, and so does `drained`.
  void Start(int64_t start_ns, std::function<void(uint64_t shares)> drained,
             LoadEvents events = {});
  // After Start: loads that share, too. Its schedule is entered where it stands at its instant, on
  // MonotonicNow's clock: what was due before is not made up for, and where iterations are counted
  // nothing is taken, as nobody knows which were made. Fails when it is no share.
  absl::Status Take(const v1::TakeShare& take);
  // After Start: of every share that it has by now it keeps that hand; the users of the others end
  // within their graceful ramp-down, at most 5 s. `given` is called when they have. Fails when it
  // is no share.
  absl::Status Give(const v1::Hand& keep, std::function<void()> given);
  // After Start, in the order of their instants, on MonotonicNow's clock: the load goes on
  // differently. Of an unknown scenario: nothing. A Stop ends a pause.
  void Change(const v1::ChangeLoad& change);
  // Ends what is loaded now: every user is interrupted, what is in flight has kCancelNs. `drained`
  // says when it has ended; what is taken after that is loaded.
  void Park();
  // Nothing is sent to the target from this instant on, on MonotonicNow's clock. Without it: never.
  void SetLease(int64_t until_ns);
  // After Start. What is unknown, came before, or comes after Stop, changes nothing.
  void StartScenario(const v1::StartScenario& start);
  void OpenRendezvous(const v1::OpenRendezvous& open);
  // Of every rendezvous of the plan: how many wait for its current opening.
  std::vector<v1::Waiting> Waiting() const;
  // DRAIN: no new iterations, running ones keep their graceful stop. ABORT: every user is
  // interrupted now, what is in flight has kCancelNs. May be called again, to make a drain an
  // abort. Before Start: `drained` is never called; after it: it still is. Nothing is taken after
  // it.
  void Stop(v1::StopKind kind);
  // Runs the plan's `teardown` steps. Needs Arm's variables to have been given.
  void RunTeardown(std::function<void(absl::Status)> done);

  // What was measured since the last call, with the next sequence; from 1. Waits a few milliseconds
  // for the engine threads. Times before Start are negative on the run's clock.
  v1::Delta TakeDelta();

  // After an interrupt an exchange that is under way may still end by itself for this long.
  static constexpr int64_t kCancelNs = 2'000'000'000;

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  // What a plan's steps ended with, for somebody to read.
  absl::Status Concealed(const absl::Status& status) const;

  std::unique_ptr<State> state_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_ENGINE_H_
