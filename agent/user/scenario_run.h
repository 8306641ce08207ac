// ScenarioRun: one engine thread's share of a scenario: starts its users and iterations when they
// are due and ends them in time.
#ifndef RAMPART_AGENT_USER_SCENARIO_RUN_H_
#define RAMPART_AGENT_USER_SCENARIO_RUN_H_

#include <cstdint>
#include <deque>
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
  // `load` is the scenario's, or what it was changed to. `ended` is called once, when nothing of it
  // runs any more.
  ScenarioRun(ThreadContext& context, Cuts& cuts, const CompiledScenario& scenario,
              const v1::Load& load, Share share, std::function<void()> ended);

  // `start_ns` on MonotonicNow's clock, the scenario's own offset in it. Once: later calls, and
  // those after Stop, do nothing.
  void Start(int64_t start_ns, std::optional<Entry> entry = std::nullopt);
  // DRAIN: running iterations have their graceful stop. ABORT: none. One that has not started has
  // ended with it.
  void Stop(v1::StopKind kind);
  // A pause from `from_ns` to `to_ns` is over: the schedule is later by that.
  void Shift(int64_t from_ns, int64_t to_ns);
  // The load is another one.
  void LoadChanged();
  // Keeps of its share only that: what else runs has its graceful ramp-down, at most
  // kMostGiveGraceNs. `given` is called when
  // it has ended. Where iterations are counted nothing is given, as nobody knows which were made.
  void Give(Share keep, std::function<void()> given);

  int64_t live() const {
    return static_cast<int64_t>(live_.size() + made_.size() - idle_.size() + retired_.size());
  }

 private:
  using LiveUser = std::shared_ptr<User>;

  // Starts at the same instant let others go first this often.
  static constexpr int kYieldEvery = 64;
  // Arrivals that were due longer ago than this when the driver begins are not replayed.
  static constexpr int64_t kEnterLateNs = 1'000'000'000;

  bool open_model() const { return IsArrivalRate(load_); }
  bool counts_iterations() const { return CountsIterations(load_); }
  // How far into the scenario the schedule stands.
  int64_t Position() const;
  int64_t OwnOf(int64_t users) const {
    return share_.users.empty() ? 0 : share_.users.CountBefore(users);
  }
  bool Owns(int64_t user) const { return !share_.users.empty() && share_.users.Contains(user - 1); }
  void CountMost();
  void Leaves();  // one of those that it has to give
  // Whether the driver has to wait yet before what is due at `at_ns` of the schedule. Not when it
  // was woken for something else.
  bool Early(int64_t at_ns, uint64_t changes) const;
  // Waits while that holds, each time for `least_ns` at least.
  Task<> Reach(int64_t at_ns, uint64_t changes, int64_t least_ns);
  Task<> ReachEntry();

  // scenario_users.cc
  Task<> DriveUsers();
  // A timeline from `position_ns` on. Who should run there and does not enters; who does and should
  // not is stopped.
  void PlanUsers(int64_t position_ns, int64_t spread_ns);
  // What is next of the timeline and of the users that enter; nothing at the end.
  std::optional<UserEvent> NextEvent();
  void StartUser(int64_t id, int64_t due_ns);
  void StopUser(int64_t id, int64_t cut_ns);
  Detached Live(LiveUser user);
  void UserEnded(const LiveUser& user);
  bool TakeIteration(User& user);

  // scenario_arrivals.cc: in steady state one allocates nothing.
  Task<> DriveArrivals();
  void PlanArrivals();
  int64_t OwnBefore(int64_t position_ns) const;  // own arrivals that are due before
  void Arrive(int64_t arrival, int64_t due_ns);
  // That one, and then what waits.
  Detached Serve(User& user, int64_t due_ns);
  bool waits() const { return waiting_ > 0 || !carried_.empty(); }
  int64_t NextWaiting();  // when it was due
  // The users of `made_` that it does not own any more.
  void Retire();
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
    for (const LiveUser& user : retired_) f(user);
  }
  void MaybeEnded();

  ThreadContext& context_;
  Cuts& cuts_;
  const CompiledScenario& scenario_;
  const v1::Load& load_;
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
  uint64_t changes_ = 0;  // of the plan that the driver follows
  int64_t most_ = 0;      // own users at a time, as counted
  std::optional<UserTimeline> timeline_;
  int64_t length_ns_ = 0;         // of the schedule
  std::deque<int64_t> entering_;  // users
  int64_t enter_from_ns_ = 0;     // of the schedule
  int64_t enter_spread_ns_ = 0;   // over which they do
  int64_t entered_ = 0;           // of those there were
  int64_t leaving_ = 0;           // live users that it does not own any more
  std::vector<std::function<void()>> given_;

  // Of an arrival rate.
  std::vector<LiveUser> made_;
  std::vector<User*> idle_;        // of those; the next to serve is the last
  std::vector<LiveUser> retired_;  // serve their last arrival
  int64_t most_users_ = 0;
  std::optional<ArrivalSchedule> schedule_;
  bool busy_waits_ = false;
  // Own arrivals that wait for a user, in their order: numbers, so however many cost nothing.
  int64_t first_waiting_ = 0;
  int64_t waiting_ = 0;
  std::deque<int64_t> carried_;  // those of an earlier share, which come first: when they were due
  int64_t next_ = 0;             // own arrival
  int64_t count_ = 0;            // of own arrivals
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_SCENARIO_RUN_H_
