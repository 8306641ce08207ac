#include "common/plan/coordination.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/load/nanoseconds.h"
#include "common/load/scenario_times.h"
#include "common/load/share.h"
#include "common/plan/rendezvous.h"
#include "common/plan/validation.h"
#include "common/script/script.h"

namespace rampart {
namespace {

void UnknownForerunner(const v1::Plan& plan, const v1::Scenario& scenario, Faults* faults) {
  std::vector<std::string> names;
  std::string all;
  for (const v1::Scenario& other : plan.scenarios()) {
    if (other.name() == scenario.name()) continue;
    names.push_back(other.name());
    all += (all.empty() ? "`" : ", `") + other.name() + "`";
  }
  const std::string near = Nearest(scenario.start_after(), names);
  faults->Add(scenario.at(), "`start_after: " + scenario.start_after() + "` names no scenario" +
                                 (!near.empty() ? " (did you mean `" + near + "`?)"
                                  : all.empty() ? ": there is no other one"
                                                : "; the others are " + all));
}

// The scenarios that wait for each other, from `first` on: empty when they end somewhere.
std::vector<int> CircleFrom(const v1::Plan& plan, int first) {
  std::vector<int> line;
  std::set<int> seen;
  for (int i = first; i >= 0; i = ForerunnerOf(plan, plan.scenarios(i))) {
    if (!seen.insert(i).second) return i == first ? line : std::vector<int>{};
    line.push_back(i);
  }
  return {};
}

void Order(const v1::Plan& plan, Faults* faults) {
  const std::vector<ScenarioTimes> times = TimesOf(plan);
  std::set<int> told;  // of a circle
  for (int i = 0; i < plan.scenarios_size(); ++i) {
    const v1::Scenario& scenario = plan.scenarios(i);
    if (scenario.start_after().empty()) continue;
    if (scenario.start_after() == scenario.name()) {
      faults->Add(scenario.at(), "`" + scenario.name() + "` cannot start after itself");
      continue;
    }
    if (ForerunnerOf(plan, scenario) < 0) {
      UnknownForerunner(plan, scenario, faults);
      continue;
    }
    const std::vector<int> circle = CircleFrom(plan, i);
    if (!circle.empty() && !told.contains(i)) {
      std::string words;
      for (const int member : circle) {
        told.insert(member);
        words += "`" + plan.scenarios(member).name() + "` after ";
      }
      faults->Add(scenario.at(), "these scenarios would wait for each other for ever: " + words +
                                     "`" + scenario.name() + "`");
    }
    const ScenarioTimes& own = times[static_cast<size_t>(i)];
    const int64_t alone_ns = own.end_ns - own.start_ns + Ns(scenario.start());
    if (circle.empty() && own.end_ns > kMaxPlanNs && alone_ns <= kMaxPlanNs) {
      faults->Add(scenario.at(), "longer than 7 days, with the scenarios that it starts after");
    }
  }
}

void Meetings(const v1::Plan& plan, Faults* faults) {
  struct First {
    int64_t users;
    uint32_t line;
    int scenario;
  };
  std::map<std::string, First> first;  // step of each name
  std::map<std::string, int64_t> come;
  for (const PlannedRendezvous& one : RendezvousOf(plan)) {
    for (const int i : one.scenarios) come[one.name] += MostUsers(plan.scenarios(i).load());
  }
  for (int i = 0; i < plan.scenarios_size(); ++i) {
    const v1::Scenario& scenario = plan.scenarios(i);
    const bool rate = IsArrivalRate(scenario.load());
    ForEachRendezvous(scenario, [&](const v1::Rendezvous& step, const v1::Position& at) {
      const std::string name = "the rendezvous `" + step.name() + "`";
      if (step.has_timeout() && Ns(step.timeout()) <= 0) {
        faults->Add(at, "`timeout` of " + name + " must be over 0");
      }
      if (rate && step.users() == 0) {
        return faults->Add(at, name +
                                   " needs `users`: of an arrival rate nobody can tell how many "
                                   "there are at a time");
      }
      const int64_t users = UsersOf(step, scenario);
      const auto [known, is_first] = first.try_emplace(step.name(), First{users, at.line(), i});
      if (!is_first && known->second.scenario != i && step.users() == 0) {
        return faults->Add(at, name +
                                   " is in several scenarios, whose users meet there: say in each "
                                   "how many `users` it takes");
      }
      if (!is_first && known->second.users != users) {
        return faults->Add(at, name + " takes " + std::to_string(users) + " users here and " +
                                   std::to_string(known->second.users) + " in line " +
                                   std::to_string(known->second.line));
      }
      if (users > come[step.name()]) {
        faults->Add(at, name + " takes " + std::to_string(users) + " users, but only " +
                            std::to_string(come[step.name()]) + " can ever be there");
      }
    });
  }
  const auto aside = [&](const auto& steps, const std::string& where) {
    for (const v1::Step& step : steps) {
      ForEachRendezvous(step, [&](const v1::Rendezvous&, const v1::Position& at) {
        faults->Add(at, "a `rendezvous` in `" + where + "`: nobody else is there to meet");
      });
    }
  };
  aside(plan.setup(), "setup");
  aside(plan.teardown(), "teardown");
}

}  // namespace

void ValidateCoordination(const v1::Plan& plan, Faults* faults) {
  Order(plan, faults);
  Meetings(plan, faults);
}

}  // namespace rampart
