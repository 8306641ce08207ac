// RunSchedule: what a plan's scenarios have planned at an instant, in numbers and in words.
#ifndef RAMPART_CONTROLLER_RUN_RUN_SCHEDULE_H_
#define RAMPART_CONTROLLER_RUN_RUN_SCHEDULE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/load/user_schedule.h"
#include "rampart/v1/control.pb.h"
#include "rampart/v1/fleet.pb.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

// `chat scaled to 2,000 users over 10s`.
std::string ScaleWords(const v1::ControlRequest::Scale& scale, const std::string& scenario);

// Owned by the Run. Times are nanoseconds on the run's clock: 0 is the start. When a scenario
// begins that starts after another is an estimate until it is told.
class RunSchedule {
 public:
  explicit RunSchedule(const v1::Plan& plan);

  // A scenario that starts after another does so then.
  void Begins(std::string_view scenario, int64_t start_ns);

  // The load stands still from `at_ns` on, and goes on at another instant.
  void Pause(int64_t at_ns) { paused_ns_ = at_ns; }
  void Resume(int64_t at_ns);
  void Change(const v1::ScenarioLoad& changed);
  // What a scenario's load would be that is scaled at `at_ns`. An error says to a person why it
  // cannot be.
  absl::StatusOr<v1::ScenarioLoad> Scaled(const v1::ControlRequest::Scale& scale,
                                          int64_t at_ns) const;

  // When the last scenario's load ends, its graceful stop not counted.
  int64_t LengthNs() const { return length_ns_; }
  // Of all scenarios that run then; of arrival rates the users that they begin with.
  int64_t UsersAt(int64_t now_ns) const;
  // `ramp: stage 2 of 7, 1,000 -> 3,000 users`, for a few scenarios that run or are to come.
  std::string StageAt(int64_t now_ns) const;

  static constexpr size_t kMaxShown = 3;

 private:
  struct Stage {
    int64_t end_ns;  // since the scenario's start
    std::string words;
  };
  struct Scenario {
    std::string name;
    std::string after;    // the scenario that it starts after, until its start is known
    int64_t wait_ns = 0;  // from that one's end
    int64_t start_ns = 0;
    int64_t length_ns = 0;
    std::optional<UserSchedule> users;
    int64_t arrival_users = 0;
    std::vector<Stage> stages;
    v1::Load load;
  };

  static Scenario Read(const v1::Scenario& scenario);
  // Where the schedule stands.
  int64_t At(int64_t now_ns) const { return paused_ns_ ? std::min(now_ns, *paused_ns_) : now_ns; }
  // What is still an estimate, again, and the length.
  void Estimate();

  std::vector<Scenario> scenarios_;
  int64_t length_ns_ = 0;
  std::optional<int64_t> paused_ns_;  // since when
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_RUN_SCHEDULE_H_
