// What a ScenarioRun does with arrivals that are planned.
#include <algorithm>
#include <utility>

#include "agent/user/scenario_run.h"
#include "common/load/arrival_schedule.h"

namespace rampart::agent {
namespace {

// Arrivals that are closer together share a wake: at 50,000 a second one for each would take more
// than half of a core.
constexpr int64_t kShortestSleepNs = 50'000;

}  // namespace

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
    Arrive(next_++, start_ns_ + at_ns);
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

}  // namespace rampart::agent
