#include "common/load/load_change.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "common/load/arrival_schedule.h"
#include "common/load/nanoseconds.h"
#include "common/load/user_schedule.h"

namespace rampart {
namespace {

// A rate in the middle of a ramp is so many in this time.
constexpr int64_t kReachedPerNs = 1'000'000'000'000;

template <typename Stages, typename Value, typename SetTarget>
void AddStage(Stages* stages, int64_t length_ns, const Value& target, const SetTarget& set) {
  auto* stage = stages->Add();
  stage->mutable_duration()->set_seconds(length_ns / 1'000'000'000);
  stage->mutable_duration()->set_nanos(static_cast<int32_t>(length_ns % 1'000'000'000));
  set(stage, target);
}

// Cuts `stages` at `at_ns`, where the load has reached `reached`, and leads them to `target`.
template <typename Stages, typename Value, typename SetTarget>
absl::Status Redirect(Stages* stages, int64_t at_ns, const Value& reached, const Value& target,
                      int64_t over_ns, const SetTarget& set) {
  int64_t length_ns = 0;
  for (const auto& stage : *stages) length_ns += Ns(stage.duration());
  if (at_ns >= length_ns) return absl::FailedPreconditionError("its schedule is over");
  int whole = 0;
  int64_t begin_ns = 0;
  while (begin_ns + Ns(stages->at(whole).duration()) <= at_ns) {
    begin_ns += Ns(stages->at(whole++).duration());
  }
  stages->DeleteSubrange(whole, stages->size() - whole);
  if (at_ns > begin_ns) AddStage(stages, at_ns - begin_ns, reached, set);
  over_ns = std::clamp<int64_t>(over_ns, 0, length_ns - at_ns);
  AddStage(stages, over_ns, target, set);
  if (at_ns + over_ns < length_ns) AddStage(stages, length_ns - at_ns - over_ns, target, set);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Load> ScaledToUsers(const v1::Load& load, int64_t at_ns, int64_t users,
                                       int64_t over_ns) {
  const auto set = [](v1::RampingUsers::Stage* stage, int64_t target) {
    stage->set_target(target);
  };
  v1::Load scaled = load;
  if (load.has_constant_users()) {
    v1::RampingUsers& ramp = *scaled.mutable_ramping_users();
    ramp.set_start_users(load.constant_users().users());
    AddStage(ramp.mutable_stages(), Ns(load.constant_users().duration()),
             load.constant_users().users(), set);
  } else if (!load.has_ramping_users()) {
    return absl::FailedPreconditionError(
        "its load is not a number of users that can be changed: that is one of constant_users or "
        "ramping_users");
  }
  const absl::StatusOr<UserSchedule> schedule = UserSchedule::Make(load);
  if (!schedule.ok()) return schedule.status();
  at_ns = std::max<int64_t>(at_ns, 0);
  const absl::Status status = Redirect(scaled.mutable_ramping_users()->mutable_stages(), at_ns,
                                       schedule->UsersAt(at_ns), users, over_ns, set);
  if (!status.ok()) return status;
  return scaled;
}

absl::StatusOr<v1::Load> ScaledToRate(const v1::Load& load, int64_t at_ns, const v1::Rate& rate,
                                      int64_t over_ns) {
  const auto set = [](v1::RampingArrivalRate::Stage* stage, const v1::Rate& target) {
    *stage->mutable_target() = target;
  };
  v1::Load scaled = load;
  if (load.has_constant_arrival_rate()) {
    const v1::ConstantArrivalRate& constant = load.constant_arrival_rate();
    v1::RampingArrivalRate& ramp = *scaled.mutable_ramping_arrival_rate();
    *ramp.mutable_start_rate() = constant.rate();
    AddStage(ramp.mutable_stages(), Ns(constant.duration()), constant.rate(), set);
    ramp.set_users(constant.users());
    ramp.set_max_users(constant.max_users());
    ramp.set_when_busy(constant.when_busy());
  } else if (!load.has_ramping_arrival_rate()) {
    return absl::FailedPreconditionError(
        "its load has no rate: that is one of constant_arrival_rate or ramping_arrival_rate");
  }
  const absl::StatusOr<ArrivalSchedule> schedule = ArrivalSchedule::Make(load);
  if (!schedule.ok()) return schedule.status();
  at_ns = std::max<int64_t>(at_ns, 0);
  v1::RampingArrivalRate& ramp = *scaled.mutable_ramping_arrival_rate();
  v1::Rate reached;
  reached.set_per_ns(kReachedPerNs);
  reached.set_count(std::llround(schedule->RatePerSecondAt(at_ns) * kReachedPerNs / 1e9));
  // Where the rate is not changing it is what was written, to the last iteration.
  v1::Rate from = ramp.start_rate();
  int64_t begin_ns = 0;
  for (const auto& stage : ramp.stages()) {
    const int64_t end_ns = begin_ns + Ns(stage.duration());
    const bool steady =
        from.count() == stage.target().count() && from.per_ns() == stage.target().per_ns();
    if (at_ns >= begin_ns && at_ns < end_ns && steady) reached = from;
    begin_ns = end_ns;
    from = stage.target();
  }
  const absl::Status status = Redirect(ramp.mutable_stages(), at_ns, reached, rate, over_ns, set);
  if (!status.ok()) return status;
  if (absl::Status made = ArrivalSchedule::Make(scaled).status(); !made.ok()) return made;
  return scaled;
}

}  // namespace rampart
