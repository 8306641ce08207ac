#include "common/load/scenario_times.h"

#include <algorithm>

#include "common/load/arrival_schedule.h"
#include "common/load/grace.h"
#include "common/load/nanoseconds.h"
#include "common/load/share.h"
#include "common/load/user_schedule.h"

namespace rampart {
namespace {

int64_t LengthOf(const v1::Load& load) {
  if (IsArrivalRate(load)) {
    const auto schedule = ArrivalSchedule::Make(load);
    return schedule.ok() ? schedule->Length() : 0;
  }
  const auto schedule = UserSchedule::Make(load);
  return schedule.ok() ? schedule->Length() : 0;
}

}  // namespace

int ForerunnerOf(const v1::Plan& plan, const v1::Scenario& scenario) {
  if (scenario.start_after().empty()) return -1;
  for (int i = 0; i < plan.scenarios_size(); ++i) {
    if (plan.scenarios(i).name() == scenario.start_after()) return i;
  }
  return -1;
}

std::vector<ScenarioTimes> TimesOf(const v1::Plan& plan) {
  const auto count = static_cast<size_t>(plan.scenarios_size());
  std::vector<ScenarioTimes> times(count);
  std::vector<bool> known(count);
  std::vector<int> line;  // of those that wait for the next
  for (int first = 0; first < plan.scenarios_size(); ++first) {
    for (int i = first; i >= 0 && !known[static_cast<size_t>(i)];) {
      line.push_back(i);
      known[static_cast<size_t>(i)] = true;  // also ends a circle
      i = ForerunnerOf(plan, plan.scenarios(i));
    }
    for (; !line.empty(); line.pop_back()) {
      const v1::Scenario& scenario = plan.scenarios(line.back());
      const int before = ForerunnerOf(plan, scenario);
      const ScenarioTimes other = before < 0 ? ScenarioTimes{} : times[static_cast<size_t>(before)];
      const int64_t length_ns = LengthOf(scenario.load());
      ScenarioTimes& own = times[static_cast<size_t>(line.back())];
      own.start_ns = other.end_ns + Ns(scenario.start());
      own.end_ns = own.start_ns + length_ns;
      own.latest_ns = other.latest_ns + Ns(scenario.start()) + length_ns + LongestGraceNs(scenario);
    }
  }
  return times;
}

}  // namespace rampart
