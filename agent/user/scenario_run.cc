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

// Another agent waits for who is given away; a WebSocket that is held would keep it for long.
constexpr int64_t kMostGiveGraceNs = 5'000'000'000;

}  // namespace

ScenarioRun::ScenarioRun(ThreadContext& context, Cuts& cuts, const CompiledScenario& scenario,
                         const v1::Load& load, Share share, std::function<void()> ended)
    : context_(context),
      cuts_(cuts),
      scenario_(scenario),
      load_(load),
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
  int64_t made = OwnOf(MostUsers(load_));
  if (open_model()) {
    most_users_ = made;
    const auto take = [&](const auto& rate) {
      made = OwnOf(rate.users());
      busy_waits_ = rate.when_busy() == v1::WAIT;
    };
    if (load_.has_constant_arrival_rate()) {
      take(load_.constant_arrival_rate());
    } else {
      take(load_.ramping_arrival_rate());
    }
    MakeIdle(made);
    // Low ids serve first.
    std::reverse(idle_.begin(), idle_.end());
  } else {
    CountMost();
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
  const int64_t waiting = waiting_ + static_cast<int64_t>(carried_.size());
  if (waiting > 0) {  // and cannot any longer
    context_.recorder.Count(scenario_.series.dropped, static_cast<double>(waiting));
  }
  std::exchange(ended_, nullptr)();
}

int64_t ScenarioRun::Position() const {
  return (context_.pause.on() ? context_.pause.since_ns() : MonotonicNow()) - start_ns_;
}

bool ScenarioRun::Early(int64_t at_ns, uint64_t changes) const {
  if (stopping_ || changes != changes_ || driver_.requested()) return false;
  return context_.pause.on() || MonotonicNow() < start_ns_ + at_ns;
}

Task<> ScenarioRun::Reach(int64_t at_ns, uint64_t changes, int64_t least_ns) {
  while (Early(at_ns, changes)) {
    if (context_.pause.on()) {
      co_await context_.pause.Wait(driver_);
    } else {
      const int64_t until_ns = std::max(start_ns_ + at_ns, MonotonicNow() + least_ns);
      co_await context_.loop.SleepUntil(until_ns, &driver_);
    }
  }
}

// That instant moves with a pause.
Task<> ScenarioRun::ReachEntry() {
  while (!stopping_ && (context_.pause.on() || MonotonicNow() < entry_->at_ns)) {
    co_await Reach(entry_->at_ns - start_ns_, changes_, 0);
  }
}

void ScenarioRun::CountMost() {
  const int64_t most = OwnOf(MostUsers(load_));
  if (most != most_) {
    context_.recorder.GaugeAdd(context_.vus_max, static_cast<double>(most - most_),
                               context_.clock.Now());
  }
  most_ = most;
}

void ScenarioRun::Shift(int64_t from_ns, int64_t to_ns) {
  start_ns_ += to_ns - from_ns;
  // One that is to enter later does so then; one that was to in the pause does at its end.
  if (entry_ && entry_->at_ns < to_ns) {
    entry_->at_ns = std::min(entry_->at_ns, from_ns) + to_ns - from_ns;
  }
  for (int64_t& due_ns : carried_) due_ns += to_ns - from_ns;
}

void ScenarioRun::LoadChanged() {
  if (!started_ || stopping_ || driver_done_) return;
  if (timeline_) {
    CountMost();
    PlanUsers(Position(), entering_.empty() ? 0 : enter_spread_ns_);
  } else if (schedule_) {
    PlanArrivals();
    // Of those that should have been sent before this was heard of.
    if (next_ < count_ && MonotonicNow() - DueAt(next_) > kEnterLateNs) {
      const int64_t next = OwnBefore(Position());
      context_.recorder.Count(scenario_.series.dropped, static_cast<double>(next - next_));
      next_ = next;
    }
  }
  ++changes_;
  driver_.EndWait();
}

void ScenarioRun::Give(Share keep, std::function<void()> given) {
  if (counts_iterations()) return given();
  const int64_t next = next_ < count_ ? share_.arrivals->At(next_) : INT64_MAX;
  if (share_.arrivals) {
    for (; waiting_ > 0; --waiting_) carried_.push_back(DueAt(first_waiting_++));
  }
  share_ = std::move(keep);
  given_.push_back(std::move(given));
  if (started_ && !stopping_) {
    if (timeline_) PlanUsers(Position(), entering_.empty() ? 0 : enter_spread_ns_);
    if (schedule_) {
      PlanArrivals();
      next_ = share_.arrivals && next != INT64_MAX ? share_.arrivals->CountBefore(next) : count_;
      Retire();
    }
    if (!open_model()) CountMost();
    ++changes_;
    driver_.EndWait();
  }
  leaving_ = 1 + static_cast<int64_t>(retired_.size());
  for (const auto& [id, user] : live_) leaving_ += Owns(id) ? 0 : 1;
  Leaves();
}

void ScenarioRun::Leaves() {
  if (--leaving_ > 0) return;
  for (const auto& given : std::exchange(given_, {})) given();
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

void ScenarioRun::PlanUsers(int64_t position_ns, int64_t spread_ns) {
  const absl::StatusOr<UserSchedule> schedule = UserSchedule::Make(load_);
  if (!schedule.ok()) return;  // such a load was refused when the plan was read
  length_ns_ = schedule->Length();
  timeline_.emplace(*schedule, share_.users);
  entering_.clear();
  entered_ = 0;
  enter_from_ns_ = position_ns;
  enter_spread_ns_ = spread_ns;
  const int64_t running = timeline_->EnterAt(position_ns);
  for (int64_t own = 0; own < running; ++own) {
    const int64_t id = share_.users.At(own) + 1;
    const auto found = live_.find(id);
    if (found == live_.end() || found->second->stopping) entering_.push_back(id);
  }
  const int64_t end_ns = start_ns_ + length_ns_ + scenario_.graceful_stop_ns;
  for (const auto& [id, user] : live_) {
    if (Owns(id) && OwnOf(id) <= running) continue;
    user->restart = false;
    if (user->stopping) continue;
    int64_t grace_ns = scenario_.graceful_ramp_down_ns;
    if (!Owns(id)) grace_ns = std::min(grace_ns, kMostGiveGraceNs);
    StopUser(id, std::min(MonotonicNow() + grace_ns, end_ns));
  }
}

Task<> ScenarioRun::DriveUsers() {
  if (entry_) {
    co_await ReachEntry();
    if (stopping_) co_return;
    PlanUsers(entry_->at_ns - start_ns_, entry_->spread_ns);
  } else {
    PlanUsers(-1, 0);
  }
  int in_a_row = 0;
  for (;;) {
    const std::optional<UserEvent> event = NextEvent();
    // Without own users now there may be some when the load is changed.
    if (!event && (counts_iterations() || share_.users.empty())) co_return;
    const int64_t due_ns = event ? event->at_ns : length_ns_;
    const uint64_t changes = changes_;
    if (Early(due_ns, changes)) {
      in_a_row = 0;
      // Woken early: it is stopped or changed, or every user has made all its iterations.
      co_await Reach(due_ns, changes, 0);
    } else if (++in_a_row % kYieldEvery == 0) {
      co_await context_.loop.Yield();
    }
    if (stopping_) co_return;
    if (changes != changes_) continue;  // there is another timeline
    if (!event) co_return;
    const int64_t at_ns = start_ns_ + due_ns;
    if (event->start) {
      StartUser(event->user, at_ns);
    } else {
      const bool at_end = event->at_ns >= length_ns_;
      StopUser(event->user,
               at_ns + (at_end ? scenario_.graceful_stop_ns : scenario_.graceful_ramp_down_ns));
    }
  }
}

std::optional<UserEvent> ScenarioRun::NextEvent() {
  if (!timeline_) return std::nullopt;
  std::optional<UserEvent> next = timeline_->Next();
  if (entering_.empty()) return next;
  const auto all = entered_ + static_cast<int64_t>(entering_.size());
  const int64_t enter_ns = enter_from_ns_ + enter_spread_ns_ * entered_ / all;
  if (!next || enter_ns <= next->at_ns) {
    timeline_->PutBack(next);
    const int64_t user = entering_.front();
    entering_.pop_front();
    ++entered_;
    return UserEvent{enter_ns, user, true};
  }
  // The highest stops first, and it has not entered yet.
  if (!next->start && next->user == entering_.back()) entering_.pop_back();
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
  if (load_.has_iterations_per_user()) {
    user->iterations_left = load_.iterations_per_user().iterations();
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
  if (load_.has_shared_iterations()) return iterations_left_-- > 0;
  if (user.iterations_left < 0) return true;
  return user.iterations_left-- > 0;
}

Detached ScenarioRun::Live(LiveUser user) {
  for (;;) {
    if (context_.pause.on()) co_await context_.pause.Hold(user->soft);
    if (!TakeIteration(*user)) break;
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
  const int64_t id = user->scope.user_id;
  SetLive(user, false);
  if (user->restart && !stopping_) StartUser(id, MonotonicNow());
  if (leaving_ > 0 && !Owns(id)) Leaves();
  if (counts_iterations() && live_.empty()) driver_.Request();
  MaybeEnded();
}

// ---- Arrivals that are planned

void ScenarioRun::PlanArrivals() {
  absl::StatusOr<ArrivalSchedule> schedule = ArrivalSchedule::Make(load_);
  if (!schedule.ok()) return;  // such a load was refused when the plan was read
  schedule_ = *std::move(schedule);
  length_ns_ = schedule_->Length();
  count_ = share_.arrivals ? share_.arrivals->CountBefore(schedule_->Count()) : 0;
}

int64_t ScenarioRun::OwnBefore(int64_t position_ns) const {
  return share_.arrivals->CountBefore(schedule_->CountBefore(position_ns));
}

Task<> ScenarioRun::DriveArrivals() {
  if (entry_) co_await ReachEntry();
  if (!share_.arrivals) co_return;
  PlanArrivals();
  const int64_t late_ns = MonotonicNow() - start_ns_;
  if (entry_) {
    next_ = OwnBefore(entry_->at_ns - start_ns_);
  } else if (late_ns > kEnterLateNs) {
    next_ = OwnBefore(late_ns);
  }
  int in_a_row = 0;
  while (!stopping_) {
    const uint64_t changes = changes_;
    // The last arrivals may run on until the scenario's grace is over.
    const bool over = next_ >= count_;
    const int64_t at_ns = over ? length_ns_ : DueAt(next_) - start_ns_;
    if (Early(at_ns, changes)) {
      in_a_row = 0;
      co_await Reach(at_ns, changes, kShortestSleepNs);
    } else if (++in_a_row % kYieldEvery == 0) {
      co_await context_.loop.Yield();
    }
    if (stopping_ || changes != changes_) continue;
    if (over) break;
    const int64_t arrival = next_++;
    Arrive(arrival, DueAt(arrival));
  }
  if (stopping_) co_return;
  const int64_t end_ns = start_ns_ + length_ns_;
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
    if (!waits()) break;
    // Iterations that never wait must not keep the thread from others.
    co_await context_.loop.Yield();
    if (context_.pause.on()) co_await context_.pause.Hold(user.soft);
    if (!waits() || stopping_ || user.stopping || user.soft.requested()) break;
    due_ns = NextWaiting();
    user.turn_ns = MonotonicNow();
  }
  user.has_due = false;
  CountLive(false);
  const auto retired =
      std::ranges::find_if(retired_, [&](const LiveUser& one) { return one.get() == &user; });
  if (retired == retired_.end()) {
    idle_.push_back(&user);
  } else {
    retired_.erase(retired);  // and the user with it
    Leaves();
  }
  MaybeEnded();
}

void ScenarioRun::Retire() {
  most_users_ = OwnOf(MostUsers(load_));
  const auto before = static_cast<int64_t>(made_.size());
  std::erase_if(idle_, [this](const User* user) { return !Owns(user->scope.user_id); });
  std::erase_if(made_, [this](const LiveUser& user) {
    if (Owns(user->scope.user_id)) return false;
    user->stopping = true;
    if (user->has_due) retired_.push_back(user);
    return true;
  });
  const auto after = static_cast<int64_t>(made_.size());
  context_.recorder.GaugeAdd(context_.vus_max, static_cast<double>(after - before),
                             context_.clock.Now());
}

int64_t ScenarioRun::NextWaiting() {
  if (!carried_.empty()) {
    const int64_t due_ns = carried_.front();
    carried_.pop_front();
    return due_ns;
  }
  --waiting_;
  return DueAt(first_waiting_++);
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
