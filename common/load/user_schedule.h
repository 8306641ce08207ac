// UserSchedule: how many users run at a time, and when each of them starts and stops.
#ifndef RAMPART_COMMON_LOAD_USER_SCHEDULE_H_
#define RAMPART_COMMON_LOAD_USER_SCHEDULE_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "common/load/stripe.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

// Times are nanoseconds since the scenario's start; users are numbered from 1.
//
// A stage from F users to E over D that begins at T: going up, user u (F < u <= E) starts at
// T + ceil(D*(u-F)/(E-F)); going down, user u (E < u <= F) stops at T + ceil(D*(F-u+1)/(F-E)), the
// highest first. These are the first nanoseconds at which F +- floor((E-F)*(t-T)/D) says so. A
// stage without length jumps.
class UserSchedule {
 public:
  // For the models that plan users: constant_users, ramping_users, iterations_per_user,
  // shared_iterations.
  static absl::StatusOr<UserSchedule> Make(const v1::Load& load);

  int64_t MaxUsers() const;
  // When no user is planned any more; of the models that count iterations, their max_duration.
  int64_t Length() const { return length_; }
  // 0 from Length() on.
  int64_t UsersAt(int64_t t) const;

 private:
  friend class UserTimeline;

  struct Stage {
    int64_t begin;
    int64_t length;
    int64_t from;
    int64_t to;
  };
  static int64_t CrossedAt(const Stage& stage, int64_t users_changed);

  int64_t start_users_ = 0;
  std::vector<Stage> stages_;
  int64_t length_ = 0;
};

struct UserEvent {
  int64_t at_ns;
  int64_t user;
  bool start;  // else stop

  bool operator==(const UserEvent&) const = default;
};

// One owner's users: their starts and stops in order of time, made as they are asked for.
class UserTimeline {
 public:
  // User u is index u-1 of the stripe.
  UserTimeline(UserSchedule schedule, Stripe stripe);

  // Nothing more once every own user has stopped. Users that run to the end stop at Length().
  std::optional<UserEvent> Next();
  // Before the first Next: skips what is due up to `t`. How many own users run then: the first of
  // the stripe.
  int64_t EnterAt(int64_t t);
  // What Next gave last: it gives it again.
  void PutBack(std::optional<UserEvent> event) { ahead_ = event; }

 private:
  std::optional<UserEvent> Make();
  UserEvent Event(int64_t at_ns, int64_t own, bool start) const {
    return {at_ns, stripe_.At(own) + 1, start};
  }

  UserSchedule schedule_;
  Stripe stripe_;
  bool begun_ = false;  // every own user of the start has started
  size_t stage_ = 0;
  int64_t running_ = 0;  // own users
  std::optional<UserEvent> ahead_;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_LOAD_USER_SCHEDULE_H_
