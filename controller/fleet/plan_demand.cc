#include "controller/fleet/plan_demand.h"

#include <algorithm>

#include "common/load/arrival_schedule.h"
#include "common/load/grace.h"
#include "common/load/nanoseconds.h"
#include "common/load/share.h"
#include "common/load/user_schedule.h"

namespace rampart::controller {
absl::StatusOr<PlanDemand> DemandOf(const v1::Plan& plan) {
  PlanDemand demand;
  for (const v1::Scenario& scenario : plan.scenarios()) {
    const v1::Load& load = scenario.load();
    int64_t length_ns = 0;
    int64_t graceful_ns = GracefulStopNs(scenario);
    if (load.has_constant_arrival_rate() || load.has_ramping_arrival_rate()) {
      const auto schedule = ArrivalSchedule::Make(load);
      if (!schedule.ok()) return schedule.status();
      length_ns = schedule->Length();
    } else {
      const auto schedule = UserSchedule::Make(load);
      if (!schedule.ok()) return schedule.status();
      length_ns = schedule->Length();
      if (load.has_ramping_users()) {
        graceful_ns = std::max(graceful_ns, GracefulRampDownNs(load));
      }
    }
    demand.most_users += MostUsers(load);
    demand.length_ns = std::max(demand.length_ns, Ns(scenario.start()) + length_ns);
    demand.graceful_ns = std::max(demand.graceful_ns, graceful_ns);
  }
  return demand;
}

}  // namespace rampart::controller
