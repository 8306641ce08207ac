#include "controller/fleet/plan_demand.h"

#include <algorithm>

#include "common/load/arrival_schedule.h"
#include "common/load/user_schedule.h"

namespace rampart::controller {
namespace {

constexpr int64_t kDefaultGracefulNs = 30'000'000'000;

int64_t Ns(const google::protobuf::Duration& duration) {
  return duration.seconds() * 1'000'000'000 + duration.nanos();
}

}  // namespace

absl::StatusOr<PlanDemand> DemandOf(const v1::Plan& plan) {
  PlanDemand demand;
  for (const v1::Scenario& scenario : plan.scenarios()) {
    const v1::Load& load = scenario.load();
    int64_t users = 0;
    int64_t length_ns = 0;
    int64_t graceful_ns =
        scenario.has_graceful_stop() ? Ns(scenario.graceful_stop()) : kDefaultGracefulNs;
    if (load.has_constant_arrival_rate() || load.has_ramping_arrival_rate()) {
      const auto schedule = ArrivalSchedule::Make(load);
      if (!schedule.ok()) return schedule.status();
      const auto most = [](const auto& model) {
        return std::max(model.users(), model.max_users());
      };
      users = load.has_constant_arrival_rate() ? most(load.constant_arrival_rate())
                                               : most(load.ramping_arrival_rate());
      length_ns = schedule->Length();
    } else {
      const auto schedule = UserSchedule::Make(load);
      if (!schedule.ok()) return schedule.status();
      users = schedule->MaxUsers();
      length_ns = schedule->Length();
      if (load.has_ramping_users()) {
        const auto& ramp = load.ramping_users();
        graceful_ns =
            std::max(graceful_ns, ramp.has_graceful_ramp_down() ? Ns(ramp.graceful_ramp_down())
                                                                : kDefaultGracefulNs);
      }
    }
    demand.most_users += users;
    demand.length_ns = std::max(demand.length_ns, Ns(scenario.start()) + length_ns);
    demand.graceful_ns = std::max(demand.graceful_ns, graceful_ns);
  }
  return demand;
}

}  // namespace rampart::controller
