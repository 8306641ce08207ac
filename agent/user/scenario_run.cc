#include "agent/user/scenario_run.h"

#include <algorithm>
#include <utility>

#include "common/load/arrival_schedule.h"
#include "common/load/load_change.h"
#include "common/load/nanoseconds.h"

namespace rampart::agent {
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
  if (entry_) entry_->at_ns = AfterPause(entry_->at_ns, from_ns, to_ns);
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
