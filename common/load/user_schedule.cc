#include "common/load/user_schedule.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "common/load/nanoseconds.h"

namespace rampart {
namespace {

constexpr int64_t kDefaultMaxDurationNs = 600'000'000'000;

}  // namespace

absl::StatusOr<UserSchedule> UserSchedule::Make(const v1::Load& load) {
  UserSchedule schedule;
  const auto constant = [&schedule](int64_t users, int64_t length) {
    schedule.start_users_ = users;
    schedule.stages_.push_back({0, length, users, users});
    schedule.length_ = length;
  };
  const auto max_duration = [](const auto& model) {
    return model.has_max_duration() ? Ns(model.max_duration()) : kDefaultMaxDurationNs;
  };
  switch (load.kind_case()) {
    case v1::Load::kConstantUsers:
      constant(load.constant_users().users(), Ns(load.constant_users().duration()));
      break;
    case v1::Load::kIterationsPerUser:
      constant(load.iterations_per_user().users(), max_duration(load.iterations_per_user()));
      break;
    case v1::Load::kSharedIterations:
      constant(load.shared_iterations().users(), max_duration(load.shared_iterations()));
      break;
    case v1::Load::kRampingUsers: {
      int64_t users = load.ramping_users().start_users();
      schedule.start_users_ = users;
      for (const auto& stage : load.ramping_users().stages()) {
        const int64_t length = Ns(stage.duration());
        schedule.stages_.push_back({schedule.length_, length, users, stage.target()});
        schedule.length_ += length;
        users = stage.target();
      }
      break;
    }
    default:
      return absl::InvalidArgumentError("this load model plans arrivals, not users");
  }
  return schedule;
}

int64_t UserSchedule::MaxUsers() const {
  int64_t most = start_users_;
  for (const Stage& stage : stages_) most = std::max(most, stage.to);
  return most;
}

int64_t UserSchedule::UsersAt(int64_t t) const {
  if (t < 0 || t >= length_) return 0;
  int64_t users = start_users_;
  for (const Stage& stage : stages_) {
    if (t >= stage.begin + stage.length) {
      users = stage.to;
      continue;
    }
    const __int128 passed =
        static_cast<__int128>(std::abs(stage.to - stage.from)) * (t - stage.begin);
    const auto changed = static_cast<int64_t>(passed / stage.length);
    return stage.to > stage.from ? stage.from + changed : stage.from - changed;
  }
  return users;
}

int64_t UserSchedule::CrossedAt(const Stage& stage, int64_t users_changed) {
  const int64_t all = std::abs(stage.to - stage.from);
  const __int128 scaled = static_cast<__int128>(stage.length) * users_changed;
  return stage.begin + static_cast<int64_t>((scaled + all - 1) / all);
}

UserTimeline::UserTimeline(UserSchedule schedule, Stripe stripe)
    : schedule_(std::move(schedule)), stripe_(std::move(stripe)) {}

std::optional<UserEvent> UserTimeline::Next() {
  return ahead_ ? std::exchange(ahead_, std::nullopt) : Make();
}

int64_t UserTimeline::EnterAt(int64_t t) {
  int64_t running = 0;
  for (ahead_ = Make(); ahead_ && ahead_->at_ns <= t; ahead_ = Make()) running = running_;
  return running;
}

std::optional<UserEvent> UserTimeline::Make() {
  if (stripe_.empty()) return std::nullopt;
  if (!begun_) {
    if (running_ < stripe_.CountBefore(schedule_.start_users_)) return Event(0, running_++, true);
    begun_ = true;
  }
  while (stage_ < schedule_.stages_.size()) {
    const UserSchedule::Stage& stage = schedule_.stages_[stage_];
    const int64_t target = stripe_.CountBefore(stage.to);
    if (running_ < target) {
      const int64_t own = running_++;
      return Event(UserSchedule::CrossedAt(stage, stripe_.At(own) + 1 - stage.from), own, true);
    }
    if (running_ > target) {
      const int64_t own = --running_;
      return Event(UserSchedule::CrossedAt(stage, stage.from - stripe_.At(own)), own, false);
    }
    ++stage_;
  }
  if (running_ > 0) return Event(schedule_.length_, --running_, false);
  return std::nullopt;
}

}  // namespace rampart
