#include "agent/user/scenario_run.h"

#include <algorithm>
#include <utility>

#include "common/load/arrival_schedule.h"
#include "common/load/nanoseconds.h"
#include "common/load/user_schedule.h"

namespace rampart::agent {
namespace {

// Starts at the same instant let others go first this often.
constexpr int kYieldEvery = 64;
// Arrivals that are closer together share a wake: at 50,000 a second one for each would take more
// than half of a core.
constexpr int64_t kShortestSleepNs = 50'000;
// Arrivals that were due longer ago than this when the driver begins are not replayed.
constexpr int64_t kEnterLateNs = 1'000'000'000;

}  // namespace

ScenarioRun::ScenarioRun(ThreadContext& context, Cuts& cuts, const CompiledScenario& scenario,
                         Share share, std::function<void()> ended)
    : context_(context),
      cuts_(cuts),
      scenario_(scenario),
      share_(std::move(share)),
      ended_(std::move(ended)),
      iterations_left_(share_.iterations) {}

void ScenarioRun::Start(int64_t start_ns, std::optional<Entry> entry) {
  if (started_ || stopping_) return;
  started_ = true;
  start_ns_ = start_ns;
  entry_ = entry;
  // That none was counted is known from the begin: a threshold on it has data.
  for (const SeriesId series :
       {scenario_.series.dropped, scenario_.series.interrupted, scenario_.series.step_errors}) {
    context_.recorder.Count(series, 0);
  }
  const auto own = [this](int64_t users) {
    return share_.users.empty() ? 0 : share_.users.CountBefore(users);
  };
  int64_t made = own(MostUsers(scenario_.load));
  if (open_model()) {
    most_users_ = made;
    const auto take = [&](const auto& rate) {
      made = own(rate.users());
      busy_waits_ = rate.when_busy() == v1::WAIT;
    };
    if (scenario_.load.has_constant_arrival_rate()) {
      take(scenario_.load.constant_arrival_rate());
    } else {
      take(scenario_.load.ramping_arrival_rate());
    }
    MakeIdle(made);
    // Low ids serve first.
    std::reverse(idle_.begin(), idle_.end());
  } else if (made > 0) {
    context_.recorder.GaugeAdd(context_.vus_max, static_cast<double>(made), context_.clock.Now());
  }
  Spawn(open_model() ? DriveArrivals() : DriveUsers(), [this] {
    driver_done_ = true;
    MaybeEnded();
  });
}

void ScenarioRun::Stop(v1::StopKind kind) {
  stopping_ = true;
  const int64_t cut_ns = MonotonicNow() + scenario_.graceful_stop_ns;
  ForEachLive([&](const LiveUser& user) {
    user->stopping = true;
    user->restart = false;
    if (kind == v1::ABORT) {
      cuts_.Now(user);
    } else {
      cuts_.At(cut_ns, user);
    }
  });
  driver_.Request();
  if (started_) return;
  driver_done_ = true;
  MaybeEnded();
}

void ScenarioRun::MaybeEnded() {
  if (!driver_done_ || live() != 0 || ended_ == nullptr) return;
  if (waiting_ > 0) {  // and cannot any longer
    context_.recorder.Count(scenario_.series.dropped, static_cast<double>(waiting_));
  }
  std::exchange(ended_, nullptr)();
}

ScenarioRun::LiveUser ScenarioRun::MakeUser(int64_t id) {
  return std::make_shared<User>(context_, scenario_, id);
}

void ScenarioRun::SetLive(const LiveUser& user, bool live) {
  if (live) {
    live_.emplace(user->scope.user_id, user);
  } else {
    live_.erase(user->scope.user_id);
  }
  CountLive(live);
}

void ScenarioRun::CountLive(bool live) {
  context_.recorder.GaugeAdd(context_.vus, live ? 1 : -1, context_.clock.Now());
}

// ---- Users that are planned

Task<> ScenarioRun::DriveUsers() {
  const absl::StatusOr<UserSchedule> schedule = UserSchedule::Make(scenario_.load);
  if (!schedule.ok()) co_return;  // such a load was refused when the plan was read
  UserTimeline timeline(*schedule, share_.users);
  if (entry_) to_enter_ = timeline.EnterAt(entry_->at_ns - start_ns_);
  int in_a_row = 0;
  while (const std::optional<UserEvent> event = NextEvent(timeline)) {
    const int64_t at_ns = start_ns_ + event->at_ns;
    if (MonotonicNow() < at_ns) {
      // Woken early: it is stopped, or every user has made all its iterations.
      co_await context_.loop.SleepUntil(at_ns, &driver_);
      in_a_row = 0;
    } else if (++in_a_row % kYieldEvery == 0) {
      co_await context_.loop.Yield();
    }
    if (stopping_) co_return;
    if (event->start) {
      StartUser(event->user, at_ns);
    } else {
      const bool at_end = event->at_ns >= schedule->Length();
      StopUser(event->user,
               at_ns + (at_end ? scenario_.graceful_stop_ns : scenario_.graceful_ramp_down_ns));
    }
  }
}

std::optional<UserEvent> ScenarioRun::NextEvent(UserTimeline& timeline) {
  std::optional<UserEvent> next = timeline.Next();
  if (entered_ == to_enter_) return next;
  const int64_t enter_ns = entry_->at_ns - start_ns_ + entry_->spread_ns * entered_ / to_enter_;
  if (!next || enter_ns <= next->at_ns) {
    timeline.PutBack(next);
    return UserEvent{enter_ns, share_.users.At(entered_++) + 1, true};
  }
  // The highest stops first, and it has not entered yet.
  if (!next->start && next->user == share_.users.At(to_enter_ - 1) + 1) --to_enter_;
  return next;
}

void ScenarioRun::StartUser(int64_t id, int64_t due_ns) {
  context_.health.Started(MonotonicNow() - due_ns);
  const auto running = live_.find(id);
  if (running != live_.end()) {
    // It is still in its grace: an id never runs twice at once.
    User& user = *running->second;
    if (user.soft.requested()) {
      user.restart = true;
    } else {
      user.stopping = false;
      ++user.cuts;
    }
    return;
  }
  const LiveUser user = MakeUser(id);
  if (scenario_.load.has_iterations_per_user()) {
    user->iterations_left = scenario_.load.iterations_per_user().iterations();
  }
  SetLive(user, true);
  Live(user);
}

void ScenarioRun::StopUser(int64_t id, int64_t cut_ns) {
  const auto running = live_.find(id);
  if (running == live_.end()) return;  // it has made all its iterations
  running->second->stopping = true;
  running->second->restart = false;
  cuts_.At(cut_ns, running->second);
}

bool ScenarioRun::TakeIteration(User& user) {
  if (user.stopping || user.soft.requested()) return false;
  if (scenario_.load.has_shared_iterations()) return iterations_left_-- > 0;
  if (user.iterations_left < 0) return true;
  return user.iterations_left-- > 0;
}

Detached ScenarioRun::Live(LiveUser user) {
  while (TakeIteration(*user)) {
    const int64_t begin_ns = MonotonicNow();
    Walker walker(context_, *user);
    const Flow flow = co_await walker.Run(scenario_.steps);
    IterationEnded(*user, walker, flow, begin_ns);
    // An iteration that never waits must not keep the thread from others.
    co_await context_.loop.Yield();
  }
  UserEnded(user);
}

void ScenarioRun::UserEnded(const LiveUser& user) {
  SetLive(user, false);
  if (user->restart && !stopping_) StartUser(user->scope.user_id, MonotonicNow());
  if (counts_iterations() && live_.empty()) driver_.Request();
  MaybeEnded();
}

// ---- Arrivals that are planned

Task<> ScenarioRun::DriveArrivals() {
  absl::StatusOr<ArrivalSchedule> schedule = ArrivalSchedule::Make(scenario_.load);
  if (!schedule.ok() || !share_.arrivals) co_return;
  schedule_ = *std::move(schedule);
  const int64_t count = share_.arrivals->CountBefore(schedule_->Count());
  int64_t next = 0;
  const int64_t late_ns = MonotonicNow() - start_ns_;
  if (entry_) {
    next = share_.arrivals->CountBefore(schedule_->CountBefore(entry_->at_ns - start_ns_));
  } else if (late_ns > kEnterLateNs) {
    next = share_.arrivals->CountBefore(schedule_->CountBefore(late_ns));
  }
  int in_a_row = 0;
  for (; next < count && !stopping_; ++next) {
    const int64_t due_ns = DueAt(next);
    if (const int64_t now_ns = MonotonicNow(); now_ns < due_ns) {
      co_await context_.loop.SleepUntil(std::max(due_ns, now_ns + kShortestSleepNs), &driver_);
      in_a_row = 0;
    } else if (++in_a_row % kYieldEvery == 0) {
      co_await context_.loop.Yield();
    }
    if (!stopping_) Arrive(next, due_ns);
  }
  if (stopping_) co_return;
  // The last arrivals may run on until the scenario's grace is over.
  const int64_t end_ns = start_ns_ + schedule_->Length();
  co_await context_.loop.SleepUntil(end_ns, &driver_);
  if (stopping_) co_return;
  ForEachLive([&](const LiveUser& user) { cuts_.At(end_ns + scenario_.graceful_stop_ns, user); });
}

void ScenarioRun::Arrive(int64_t arrival, int64_t due_ns) {
  if (idle_.empty() && static_cast<int64_t>(made_.size()) < most_users_) MakeIdle(1);
  if (idle_.empty() && busy_waits_ && most_users_ > 0) {
    if (waiting_++ == 0) first_waiting_ = arrival;
    return;
  }
  if (idle_.empty()) {
    context_.recorder.Count(scenario_.series.dropped);
    return;
  }
  User* const user = idle_.back();
  idle_.pop_back();
  user->has_due = true;
  CountLive(true);
  Serve(*user, due_ns);
}

Detached ScenarioRun::Serve(User& user, int64_t due_ns) {
  for (;;) {
    user.due_ns = due_ns;
    const int64_t begin_ns = MonotonicNow();
    Walker walker(context_, user);
    const Flow flow = co_await walker.Run(scenario_.steps);
    IterationEnded(user, walker, flow, begin_ns);
    if (waiting_ == 0) break;
    // Iterations that never wait must not keep the thread from others.
    co_await context_.loop.Yield();
    if (waiting_ == 0 || stopping_ || user.soft.requested()) break;
    --waiting_;
    due_ns = DueAt(first_waiting_++);
    user.turn_ns = MonotonicNow();
  }
  user.has_due = false;
  idle_.push_back(&user);
  CountLive(false);
  MaybeEnded();
}

void ScenarioRun::MakeIdle(int64_t users) {
  for (int64_t i = 0; i < users; ++i) {
    const auto number = static_cast<int64_t>(made_.size());
    made_.push_back(MakeUser(share_.users.At(number) + 1));
    idle_.push_back(made_.back().get());
  }
  if (users > 0) {
    context_.recorder.GaugeAdd(context_.vus_max, static_cast<double>(users), context_.clock.Now());
  }
}

// ---- One pass

// Every pass and every arrival is counted once: as an iteration, also where a failed step ended it,
// as interrupted or as dropped. One that was cut off has no duration: it would be that of the
// grace.
void ScenarioRun::IterationEnded(User& user, Walker& walker, Flow flow, int64_t begin_ns) {
  walker.Begun(begin_ns);  // unless it was seen to have
  ++user.scope.iteration;
  if (walker.out_of_rows()) {
    // There is nothing more for a user to do; an arrival was one that the plan could not serve.
    user.stopping = !open_model();
    context_.recorder.Count(open_model() ? scenario_.series.dropped : scenario_.series.interrupted);
  } else if (flow == Flow::kInterrupted) {
    context_.recorder.Count(scenario_.series.interrupted);
  } else {
    context_.recorder.Count(scenario_.series.iterations);
    context_.recorder.Trend(scenario_.series.iteration_duration, Ms(MonotonicNow() - begin_ns));
  }
}

}  // namespace rampart::agent
