// What a ScenarioRun does with users that are planned.
#include <algorithm>

#include "agent/user/scenario_run.h"
#include "common/load/user_schedule.h"

namespace rampart::agent {
namespace {

// Another agent waits for who is given away; a WebSocket that is held would keep it for long.
constexpr int64_t kMostGiveGraceNs = 5'000'000'000;

}  // namespace

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

}  // namespace rampart::agent
