#include "controller/fleet/together/scenario_order.h"

#include <algorithm>

#include "common/load/nanoseconds.h"
#include "common/load/scenario_times.h"

namespace rampart::controller {

ScenarioOrder::ScenarioOrder(const v1::Plan& plan, size_t agents) {
  for (const v1::Scenario& scenario : plan.scenarios()) {
    Scenario& one = all_.emplace_back();
    one.name = scenario.name();
    one.before = ForerunnerOf(plan, scenario);
    one.wait_ns = Ns(scenario.start());
    one.started = one.before < 0;
    one.ended.resize(agents);
  }
}

void ScenarioOrder::Add() {
  for (Scenario& one : all_) one.ended.push_back(false);
}

bool ScenarioOrder::Ended(int agent, const std::string& scenario) {
  const auto found = std::ranges::find(all_, scenario, &Scenario::name);
  if (found == all_.end()) return false;
  found->ended.at(static_cast<size_t>(agent)) = true;
  return true;
}

void ScenarioOrder::GoesOn(int agent) {
  for (Scenario& one : all_) one.ended[static_cast<size_t>(agent)] = false;
}

std::vector<ScenarioStart> ScenarioOrder::Start(const std::function<bool(int agent)>& counts,
                                                int64_t now_ns, int64_t earliest_ns) {
  std::vector<ScenarioStart> starts;
  for (Scenario& one : all_) {
    if (one.started) continue;
    const std::vector<bool>& ended = all_[static_cast<size_t>(one.before)].ended;
    bool everywhere = true;
    for (size_t agent = 0; agent < ended.size(); ++agent) {
      if (!ended[agent] && counts(static_cast<int>(agent))) everywhere = false;
    }
    if (!everywhere) continue;
    one.started = true;
    starts.push_back({one.name, std::max(now_ns + one.wait_ns, earliest_ns)});
  }
  started_.insert(started_.end(), starts.begin(), starts.end());
  return starts;
}

}  // namespace rampart::controller
