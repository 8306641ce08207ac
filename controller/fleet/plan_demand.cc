#include "controller/fleet/plan_demand.h"

#include <algorithm>

#include "common/load/arrival_schedule.h"
#include "common/load/grace.h"
#include "common/load/scenario_times.h"
#include "common/load/share.h"
#include "common/load/user_schedule.h"

namespace rampart::controller {

absl::StatusOr<PlanDemand> DemandOf(const v1::Plan& plan) {
  PlanDemand demand;
  for (const v1::Scenario& scenario : plan.scenarios()) {
    const v1::Load& load = scenario.load();
    if (IsArrivalRate(load)) {
      const auto schedule = ArrivalSchedule::Make(load);
      if (!schedule.ok()) return schedule.status();
    } else {
      const auto schedule = UserSchedule::Make(load);
      if (!schedule.ok()) return schedule.status();
    }
    demand.most_users += MostUsers(load);
    demand.graceful_ns = std::max(demand.graceful_ns, LongestGraceNs(scenario));
  }
  for (const ScenarioTimes& times : TimesOf(plan)) {
    demand.length_ns = std::max(demand.length_ns, times.end_ns);
    demand.latest_ns = std::max(demand.latest_ns, times.latest_ns);
  }
  return demand;
}

}  // namespace rampart::controller
