#include "controller/run/run_schedule.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/load/load_change.h"
#include "common/load/nanoseconds.h"
#include "common/load/rate.h"
#include "common/load/scenario_times.h"
#include "common/load/share.h"
#include "controller/run/number_text.h"

namespace rampart::controller {
namespace {

std::string Users(int64_t users) {
  return NumberText(static_cast<double>(users)) + (users == 1 ? " user" : " users");
}

}  // namespace

RunSchedule::RunSchedule(const v1::Plan& plan) {
  const std::vector<ScenarioTimes> times = TimesOf(plan);
  for (const v1::Scenario& scenario : plan.scenarios()) {
    Scenario& read = scenarios_.emplace_back(Read(scenario));
    read.start_ns = times[scenarios_.size() - 1].start_ns;
    if (ForerunnerOf(plan, scenario) >= 0) read.after = scenario.start_after();
  }
  Estimate();
}

void RunSchedule::Begins(std::string_view scenario, int64_t start_ns) {
  for (Scenario& one : scenarios_) {
    if (one.name != scenario) continue;
    one.after.clear();
    one.start_ns = start_ns;
  }
  Estimate();
}

void RunSchedule::Resume(int64_t at_ns) {
  if (!paused_ns_) return;
  for (Scenario& one : scenarios_) one.start_ns += at_ns - *paused_ns_;
  paused_ns_.reset();
  Estimate();
}

void RunSchedule::Change(const v1::ScenarioLoad& changed) {
  for (Scenario& one : scenarios_) {
    if (one.name != changed.scenario()) continue;
    v1::Scenario scenario;
    scenario.set_name(one.name);
    *scenario.mutable_load() = changed.load();
    Scenario read = Read(scenario);
    read.after = one.after;
    read.wait_ns = one.wait_ns;
    read.start_ns = one.start_ns;
    one = std::move(read);
  }
  Estimate();
}

std::string ScaleWords(const v1::ControlRequest::Scale& scale, const std::string& scenario) {
  return absl::StrCat(scenario, " scaled to ",
                      scale.has_rate() ? NumberText(PerSecondOf(scale.rate())) + " iterations/s"
                                       : Users(scale.users()),
                      " over ", absl::FormatDuration(absl::Nanoseconds(Ns(scale.over()))));
}

absl::StatusOr<v1::ScenarioLoad> RunSchedule::Scaled(const v1::ControlRequest::Scale& scale,
                                                     int64_t at_ns) const {
  const bool to_rate = scale.has_rate();
  std::vector<const Scenario*> meant;
  std::string names;
  for (const Scenario& one : scenarios_) {
    const bool can = to_rate ? IsArrivalRate(one.load)
                             : one.load.has_constant_users() || one.load.has_ramping_users();
    if (scale.scenario().empty() ? can : one.name == scale.scenario()) meant.push_back(&one);
    if (can) names += (names.empty() ? "" : ", ") + one.name;
  }
  const std::string which = names.empty()
                                ? std::string("none of the plan's scenarios has a load that can be")
                                : "those that can be: " + names;
  if (meant.empty()) {
    return absl::NotFoundError((scale.scenario().empty()
                                    ? std::string("no scenario can be scaled so; ")
                                    : "there is no scenario " + scale.scenario() + "; ") +
                               which);
  }
  if (meant.size() > 1) {
    return absl::InvalidArgumentError("say which scenario with --scenario; " + which);
  }
  const Scenario& one = *meant[0];
  // One that has not begun counts as at its begin.
  const int64_t position_ns = one.after.empty() ? At(at_ns) - one.start_ns : 0;
  const absl::StatusOr<v1::Load> load =
      to_rate ? ScaledToRate(one.load, position_ns, scale.rate(), Ns(scale.over()))
              : ScaledToUsers(one.load, position_ns, scale.users(), Ns(scale.over()));
  if (!load.ok()) {
    return absl::Status(load.status().code(),
                        "scenario " + one.name + ": " + std::string(load.status().message()));
  }
  v1::ScenarioLoad scaled;
  scaled.set_scenario(one.name);
  *scaled.mutable_load() = *load;
  return scaled;
}

void RunSchedule::Estimate() {
  // As often as the longest line of scenarios that wait for each other can be.
  bool changed = true;
  for (size_t round = 0; changed && round < scenarios_.size(); ++round) {
    changed = false;
    for (Scenario& one : scenarios_) {
      const auto before = std::ranges::find(scenarios_, one.after, &Scenario::name);
      if (one.after.empty() || before == scenarios_.end()) continue;
      const int64_t start_ns = before->start_ns + before->length_ns + one.wait_ns;
      changed = changed || start_ns != one.start_ns;
      one.start_ns = start_ns;
    }
  }
  length_ns_ = 0;
  for (const Scenario& one : scenarios_) {
    length_ns_ = std::max(length_ns_, one.start_ns + one.length_ns);
  }
}

RunSchedule::Scenario RunSchedule::Read(const v1::Scenario& scenario) {
  Scenario read;
  read.name = scenario.name();
  read.load = scenario.load();
  read.wait_ns = Ns(scenario.start());
  const v1::Load& load = scenario.load();
  int64_t end_ns = 0;
  // Adds the stages of a ramp; `stages` and `from` are what the load model says.
  const auto ramp = [&](const auto& stages, double from, const auto& target_of,
                        const std::string& unit) {
    int number = 0;
    for (const auto& stage : stages) {
      const double to = target_of(stage);
      end_ns += Ns(stage.duration());
      std::string words =
          "stage " + std::to_string(++number) + " of " + std::to_string(stages.size()) + ", ";
      if (to != from) words += NumberText(from) + " -> ";
      words += NumberText(to) + unit;
      read.stages.push_back({end_ns, std::move(words)});
      from = to;
    }
  };
  const auto whole = [&](int64_t length_ns, std::string words) {
    end_ns = length_ns;
    read.stages.push_back({end_ns, std::move(words)});
  };

  auto users = UserSchedule::Make(load);
  if (users.ok()) read.users = *std::move(users);
  const int64_t users_ns = read.users ? read.users->Length() : 0;
  switch (load.kind_case()) {
    case v1::Load::kConstantUsers:
      whole(users_ns, Users(load.constant_users().users()));
      break;
    case v1::Load::kRampingUsers:
      ramp(
          load.ramping_users().stages(), static_cast<double>(load.ramping_users().start_users()),
          [](const auto& stage) { return static_cast<double>(stage.target()); }, " users");
      break;
    case v1::Load::kIterationsPerUser: {
      const auto& model = load.iterations_per_user();
      whole(users_ns, Users(model.users()) + ", " +
                          NumberText(static_cast<double>(model.iterations())) + " iterations each");
      break;
    }
    case v1::Load::kSharedIterations: {
      const auto& model = load.shared_iterations();
      whole(users_ns, Users(model.users()) + ", " +
                          NumberText(static_cast<double>(model.iterations())) +
                          " iterations in all");
      break;
    }
    case v1::Load::kConstantArrivalRate: {
      const auto& model = load.constant_arrival_rate();
      read.arrival_users = model.users();
      whole(Ns(model.duration()), NumberText(PerSecondOf(model.rate())) + " iterations/s");
      break;
    }
    case v1::Load::kRampingArrivalRate: {
      const auto& model = load.ramping_arrival_rate();
      read.arrival_users = model.users();
      ramp(
          model.stages(), PerSecondOf(model.start_rate()),
          [](const auto& stage) { return PerSecondOf(stage.target()); }, " iterations/s");
      break;
    }
    default:
      break;
  }
  read.length_ns = end_ns;
  return read;
}

int64_t RunSchedule::UsersAt(int64_t now_ns) const {
  int64_t users = 0;
  now_ns = At(now_ns);
  for (const Scenario& scenario : scenarios_) {
    const int64_t t = now_ns - scenario.start_ns;
    if (!scenario.after.empty() || t < 0 || t >= scenario.length_ns) continue;
    users += scenario.users ? scenario.users->UsersAt(t) : scenario.arrival_users;
  }
  return users;
}

std::string RunSchedule::StageAt(int64_t now_ns) const {
  if (now_ns < 0) return "";
  std::vector<std::string> shown;
  if (paused_ns_ && now_ns >= *paused_ns_) shown.emplace_back("paused");
  now_ns = At(now_ns);
  for (const Scenario& scenario : scenarios_) {
    const int64_t t = now_ns - scenario.start_ns;
    const auto stage = std::find_if(scenario.stages.begin(), scenario.stages.end(),
                                    [t](const Stage& one) { return t < one.end_ns; });
    if (scenario.after.empty() && t >= 0 && stage != scenario.stages.end()) {
      shown.push_back(scenario.name + ": " + stage->words);
    }
  }
  for (const Scenario& scenario : scenarios_) {
    if (!scenario.after.empty()) {
      shown.push_back(scenario.name + ": starts after " + scenario.after);
      continue;
    }
    const int64_t wait_ns = scenario.start_ns - now_ns;
    if (wait_ns <= 0) continue;
    shown.push_back(scenario.name + ": starts in " +
                    NumberText(std::ceil(static_cast<double>(wait_ns) / 1e9)) + " s");
  }
  if (shown.empty())
    return scenarios_.empty() ? "" : "the schedule is over, the last iterations end";
  std::string words;
  for (size_t i = 0; i < std::min(shown.size(), kMaxShown); ++i) {
    words += (i == 0 ? "" : "; ") + shown[i];
  }
  if (shown.size() > kMaxShown) {
    words += "; " + std::to_string(shown.size() - kMaxShown) + " more";
  }
  return words;
}

}  // namespace rampart::controller
