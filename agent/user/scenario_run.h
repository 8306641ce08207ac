// ScenarioRun: one engine thread's share of a scenario: starts its users and iterations when they
// are due and ends them in time.
#ifndef RAMPART_AGENT_USER_SCENARIO_RUN_H_
#define RAMPART_AGENT_USER_SCENARIO_RUN_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "agent/engine/loop.h"
#include "agent/engine/task.h"
#include "agent/user/compiled/compiled_plan.h"
#include "agent/user/cuts.h"
#include "agent/user/thread_context.h"
#include "agent/user/user.h"
#include "agent/user/walk/walker.h"
#include "common/load/arrival_schedule.h"
#include "common/load/share.h"
#include "common/load/user_schedule.h"
#include "rampart/v1/fleet.pb.h"

namespace rampart::agent {

// A share that was another agent's is entered where the schedule stands at `at_ns`, on
// MonotonicNow's clock; the users that run then start over `spread_ns`.
struct Entry {
  int64_t at_ns = 0;
  int64_t spread_ns = 0;
};

// Of one thread; everything it is given must outlive it, and it must outlive its users.
class ScenarioRun {
 public:
  // `ended` is called once, when nothing of it runs any more.
  ScenarioRun(ThreadContext& context, Cuts& cuts, const CompiledScenario& scenario, Share share,
              std::function<void()> ended);

  // `start_ns` on MonotonicNow's clock, the scenario's own offset in it. Once: later calls, and
  // those after Stop, do nothing.
  void Start(int64_t start_ns, std::optional<Entry> entry = std::nullopt);
  // DRAIN: running iterations have their graceful stop. ABORT: none. One that has not started has
  // ended with it.
  void Stop(v1::StopKind kind);

  int64_t live() const { return static_cast<int64_t>(live_.size() + made_.size() - idle_.size()); }

 private:
  using LiveUser = std::shared_ptr<User>;

  bool open_model() const { return IsArrivalRate(scenario_.load); }
  bool counts_iterations() const { return CountsIterations(scenario_.load); }

  // Users that are planned.
  Task<> DriveUsers();
  // What is next of the timeline and of the users that enter; nothing at the end.
  std::optional<UserEvent> NextEvent(UserTimeline& timeline);
  void StartUser(int64_t id, int64_t due_ns);
  void StopUser(int64_t id, int64_t cut_ns);
  Detached Live(LiveUser user);
  void UserEnded(const LiveUser& user);
  bool TakeIteration(User& user);

  // Arrivals that are planned. In steady state one allocates nothing.
  Task<> DriveArrivals();
  void Arrive(int64_t arrival, int64_t due_ns);
  // That one, and then what waits.
  Detached Serve(User& user, int64_t due_ns);
  // Of an own arrival, on MonotonicNow's clock.
  int64_t DueAt(int64_t arrival) const {
    return start_ns_ + schedule_->DueAt(share_.arrivals->At(arrival));
  }
  void MakeIdle(int64_t users);

  // One pass through the steps has ended.
  void IterationEnded(User& user, Walker& walker, Flow flow, int64_t begin_ns);
  LiveUser MakeUser(int64_t id);
  void SetLive(const LiveUser& user, bool live);
  void CountLive(bool live);
  // Calls f(user) for every user that runs.
  template <typename F>
  void ForEachLive(F f) {
    for (const auto& [id, user] : live_) f(user);
    for (const LiveUser& user : made_) {
      if (user->has_due) f(user);
    }
  }
  void MaybeEnded();

  ThreadContext& context_;
  Cuts& cuts_;
  const CompiledScenario& scenario_;
  Share share_;
  std::function<void()> ended_;

  int64_t start_ns_ = 0;
  bool started_ = false;
  bool stopping_ = false;
  bool driver_done_ = false;
  Interrupt driver_;                             // wakes the driver early
  absl::flat_hash_map<int64_t, LiveUser> live_;  // of users that are planned, by id
  int64_t iterations_left_ = 0;                  // of shared_iterations
  std::optional<Entry> entry_;
  int64_t to_enter_ = 0;  // own users, the first of the share
  int64_t entered_ = 0;   // of those

  // Of an arrival rate.
  std::vector<LiveUser> made_;
  std::vector<User*> idle_;  // of those; the next to serve is the last
  int64_t most_users_ = 0;
  std::optional<ArrivalSchedule> schedule_;
  bool busy_waits_ = false;
  // Own arrivals that wait for a user, in their order: numbers, so however many cost nothing.
  int64_t first_waiting_ = 0;
  int64_t waiting_ = 0;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_SCENARIO_RUN_H_
