#include "common/plan/profile.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/load/arrival_schedule.h"
#include "common/load/nanoseconds.h"
#include "common/load/rate.h"
#include "common/load/share.h"
#include "common/plan/validation.h"
#include "common/script/script.h"

namespace rampart {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;

constexpr int64_t kSmokeUsers = 5;
constexpr int64_t kSmokeRateShare = 100;  // one of so many
constexpr int64_t kScalabilityUsers = 10'000;
constexpr int64_t kBreakpointFrom = 100;  // a second
constexpr int64_t kBreakpointTo = 10'000;
constexpr int64_t kBreakpointUsers = 1'000;  // made before the start
constexpr int64_t kBreakpointMostUsers = 10'000;
// Scenarios share the rate of `breakpoint` by millionths: a round denominator for their schedules.
constexpr int64_t kMillion = 1'000'000;

// To `percent` of a scenario's size over `length_ns`.
struct Part {
  int64_t length_ns;
  int64_t percent;
};

std::vector<Part> Steady(int64_t ramp_ns, int64_t steady_ns) {
  return {{ramp_ns, 100}, {steady_ns, 100}, {ramp_ns, 0}};
}

std::vector<Part> Stress(int64_t step_ns) {
  std::vector<Part> parts;
  for (const int64_t percent : {100, 150, 200, 300}) {
    parts.push_back({2 * kMinute, percent});
    parts.push_back({step_ns, percent});
  }
  parts.push_back({2 * kMinute, 0});
  return parts;
}

std::vector<Part> Spike(int64_t spike_ns) {
  return {{kMinute, 100},      {2 * kMinute, 100}, {10 * kSecond, 500}, {spike_ns, 500},
          {10 * kSecond, 100}, {3 * kMinute, 100}, {kMinute, 0}};
}

std::vector<Part> Scalability(int64_t top_ns) {
  std::vector<Part> parts;
  for (const int64_t percent : {10, 30, 50, 70}) {
    parts.push_back({5 * kMinute, percent});
    parts.push_back({10 * kMinute, percent});
  }
  parts.insert(parts.end(), {{5 * kMinute, 100}, {top_ns, 100}, {10 * kMinute, 0}});
  return parts;
}

void SetNs(int64_t ns, google::protobuf::Duration* out) {
  out->set_seconds(ns / kSecond);
  out->set_nanos(static_cast<int32_t>(ns % kSecond));
}

bool Slower(const v1::Rate& a, const v1::Rate& b) {
  return static_cast<__int128>(a.count()) * b.per_ns() <
         static_cast<__int128>(b.count()) * a.per_ns();
}

v1::Rate HighestRate(const v1::Load& load) {
  const auto over_time = [](v1::Rate rate) {
    if (rate.per_ns() <= 0) rate.set_per_ns(kSecond);  // as schedules read it
    return rate;
  };
  if (load.has_constant_arrival_rate()) return over_time(load.constant_arrival_rate().rate());
  const v1::RampingArrivalRate& ramp = load.ramping_arrival_rate();
  v1::Rate highest = over_time(ramp.start_rate());
  for (const auto& stage : ramp.stages()) {
    const v1::Rate target = over_time(stage.target());
    if (Slower(highest, target)) highest = target;
  }
  return highest;
}

// `rate` times numerator/denominator, exactly, over the least period. Rates under the schedules'
// limit leave room for any factor here.
v1::Rate Times(const v1::Rate& rate, int64_t numerator, int64_t denominator) {
  const int64_t first = std::gcd(rate.count(), denominator);
  const int64_t count = rate.count() / first * numerator;
  const int64_t per_ns = denominator / first * rate.per_ns();
  const int64_t second = std::gcd(count, per_ns);
  v1::Rate scaled;
  scaled.set_count(count / second);
  scaled.set_per_ns(count == 0 ? rate.per_ns() : per_ns / second);
  return scaled;
}

// Whether a shape of it says something: what has no user, too many, or no schedule, is left as it
// is, so that validation says the fault that the plan has by itself.
bool HasSize(const v1::Load& load) {
  const int64_t users = MostUsers(load);
  return users > 0 && users <= kMaxUsers &&
         (!IsArrivalRate(load) || ArrivalSchedule::Make(load).ok());
}

// For weighing scenarios: 0.001 a second is 1.
int64_t Weight(const v1::Rate& rate) {
  const __int128 weight = static_cast<__int128>(rate.count()) * kSecond * 1'000 / rate.per_ns();
  return std::max<int64_t>(1, static_cast<int64_t>(weight));
}

// Users that are shared out so that the shares of all scenarios sum up to the whole: what a
// scenario has is the difference of two rounded sums.
class UserShares {
 public:
  explicit UserShares(int64_t all) : all_(all) {}
  // Of `total` (always the same), for the next scenario, which has `own` of all.
  int64_t Next(int64_t own, int64_t total) {
    before_ += own;
    const auto upto =
        all_ == 0 ? 0 : static_cast<int64_t>(static_cast<__int128>(before_) * total / all_);
    return upto - std::exchange(given_, upto);
  }

 private:
  int64_t all_;
  int64_t before_ = 0;
  int64_t given_ = 0;
};

// `targets` are the users at the end of each part.
void ShapeUsers(const std::vector<Part>& parts, const std::vector<int64_t>& targets,
                v1::Load* load) {
  const v1::Position at = load->at();
  v1::RampingUsers ramp;
  if (load->ramping_users().has_graceful_ramp_down()) {
    *ramp.mutable_graceful_ramp_down() = load->ramping_users().graceful_ramp_down();
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    auto* stage = ramp.add_stages();
    SetNs(parts[i].length_ns, stage->mutable_duration());
    stage->set_target(targets[i]);
    *stage->mutable_at() = at;
  }
  *load->mutable_ramping_users() = std::move(ramp);
}

void ShapeRate(const std::vector<Part>& parts, v1::Load* load) {
  const v1::Rate highest = HighestRate(*load);
  int64_t most_percent = 0;
  v1::RampingArrivalRate ramp;
  ramp.mutable_start_rate()->set_per_ns(highest.per_ns());
  for (const Part& part : parts) {
    auto* stage = ramp.add_stages();
    SetNs(part.length_ns, stage->mutable_duration());
    *stage->mutable_target() = Times(highest, part.percent, 100);
    *stage->mutable_at() = load->at();
    most_percent = std::max(most_percent, part.percent);
  }
  const auto users = [&](const auto& model) {
    ramp.set_users(std::max<int64_t>(1, model.users() * most_percent / 100));
    ramp.set_max_users(std::max(model.users(), model.max_users()) * most_percent / 100);
    ramp.set_max_users(std::max(ramp.users(), ramp.max_users()));
    ramp.set_when_busy(model.when_busy());
  };
  if (load->has_constant_arrival_rate()) {
    users(load->constant_arrival_rate());
  } else {
    users(load->ramping_arrival_rate());
  }
  *load->mutable_ramping_arrival_rate() = std::move(ramp);
}

// Where there are rates, they are what grows: users stay beside them as they are. Else every
// scenario becomes a rate.
void ApplyBreakpoint(int64_t ramp_ns, v1::Plan* plan) {
  bool some_rates = false;
  for (const v1::Scenario& scenario : plan->scenarios()) {
    some_rates = some_rates || (HasSize(scenario.load()) && IsArrivalRate(scenario.load()));
  }
  const auto grows = [&](const v1::Load& load) {
    return HasSize(load) && (!some_rates || IsArrivalRate(load));
  };
  const auto weight = [&](const v1::Load& load) {
    return some_rates ? Weight(HighestRate(load)) : MostUsers(load);
  };
  int64_t all = 0;
  int64_t all_weights = 0;
  for (const v1::Scenario& scenario : plan->scenarios()) {
    if (!grows(scenario.load())) continue;
    all += MostUsers(scenario.load());
    all_weights += weight(scenario.load());
  }
  UserShares millionths(all_weights);
  UserShares users(all);
  UserShares most(all);
  for (v1::Scenario& scenario : *plan->mutable_scenarios()) {
    v1::Load& load = *scenario.mutable_load();
    if (!HasSize(load)) continue;
    const int64_t own = MostUsers(load);
    if (!grows(load)) {
      ShapeUsers({{0, 100}, {ramp_ns, 100}}, {own, own}, &load);
      continue;
    }
    const int64_t share = std::max<int64_t>(1, millionths.Next(weight(load), kMillion));
    v1::RampingArrivalRate ramp;
    v1::Rate whole;
    whole.set_count(kBreakpointFrom);
    whole.set_per_ns(kSecond);
    *ramp.mutable_start_rate() = Times(whole, share, kMillion);
    auto* stage = ramp.add_stages();
    SetNs(ramp_ns, stage->mutable_duration());
    whole.set_count(kBreakpointTo);
    *stage->mutable_target() = Times(whole, share, kMillion);
    *stage->mutable_at() = load.at();
    ramp.set_users(std::max<int64_t>(1, users.Next(own, kBreakpointUsers)));
    ramp.set_max_users(std::max(ramp.users(), most.Next(own, kBreakpointMostUsers)));
    *load.mutable_ramping_arrival_rate() = std::move(ramp);
  }
}

// Says what of the shape a run cannot have, before validation says it of a plan that nobody wrote.
absl::Status CheckShape(std::string_view profile, const std::vector<Part>& parts, bool own_size,
                        const v1::Plan& plan) {
  int64_t length = 0;
  int64_t most_percent = 0;
  for (const Part& part : parts) {
    length += part.length_ns;
    most_percent = std::max(most_percent, part.percent);
  }
  if (length > kMaxPlanNs) {
    return absl::InvalidArgumentError(absl::StrCat("--duration: with it all of the profile `",
                                                   std::string(profile),
                                                   "`, ramps and steps, takes longer than 7 days"));
  }
  for (const v1::Scenario& scenario : plan.scenarios()) {
    const int64_t own = MostUsers(scenario.load());
    if (!own_size || own > kMaxUsers || own * most_percent / 100 <= kMaxUsers) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "the profile `", std::string(profile), "` takes the ", own, " users of the scenario `",
        scenario.name(), "` to ", own * most_percent / 100, "; a plan has at most 1,000,000"));
  }
  return absl::OkStatus();
}

}  // namespace

const std::vector<Profile>& Profiles() {
  static const auto& profiles = *new std::vector<Profile>{
      {"smoke", "5 users in all, or 1 % of a rate, for a minute: does it work?"},
      {"load", "up to the plan's own size in 2 min, 10 min there, down"},
      {"stress", "1, 1.5, 2 and 3 times the plan's own size, 5 min each"},
      {"spike", "five times the plan's own size within 10 s, for 3 min, and back"},
      {"soak", "the plan's own size for 4 h"},
      {"endurance", "the plan's own size for 48 h"},
      {"scalability", "0 to 10,000 users in five steps, 20 min at the top"},
      {"breakpoint", "100 to 10,000 iterations a second in 20 min, with up to 10,000 users"},
  };
  return profiles;
}

absl::Status ApplyProfile(std::string_view name, std::optional<int64_t> steady_ns, v1::Plan* plan) {
  if (steady_ns && *steady_ns <= 0) {
    return absl::InvalidArgumentError("--duration must be over 0");
  }
  std::vector<Part> parts;
  int64_t users_in_all = 0;  // 0: every scenario keeps its own
  const bool smoke = name == "smoke";
  if (smoke) {
    parts = {{0, 100}, {steady_ns.value_or(kMinute), 100}};
    users_in_all = kSmokeUsers;
  } else if (name == "load") {
    parts = Steady(2 * kMinute, steady_ns.value_or(10 * kMinute));
  } else if (name == "stress") {
    parts = Stress(steady_ns.value_or(5 * kMinute));
  } else if (name == "spike") {
    parts = Spike(steady_ns.value_or(3 * kMinute));
  } else if (name == "soak") {
    parts = Steady(5 * kMinute, steady_ns.value_or(4 * kHour));
  } else if (name == "endurance") {
    parts = Steady(5 * kMinute, steady_ns.value_or(48 * kHour));
  } else if (name == "scalability") {
    parts = Scalability(steady_ns.value_or(20 * kMinute));
    users_in_all = kScalabilityUsers;
  } else if (name == "breakpoint") {
    ApplyBreakpoint(steady_ns.value_or(20 * kMinute), plan);
    return absl::OkStatus();
  } else {
    std::vector<std::string> names;
    std::string list;
    for (const Profile& profile : Profiles()) {
      names.emplace_back(profile.name);
      list += (list.empty() ? "" : ", ") + names.back();
    }
    const std::string near = Nearest(name, names);
    return absl::NotFoundError("there is no profile `" + std::string(name) + "`" +
                               (near.empty() ? "" : " (did you mean `" + near + "`?)") +
                               "; there are " + list);
  }

  if (absl::Status status = CheckShape(name, parts, users_in_all == 0, *plan); !status.ok()) {
    return status;
  }
  int64_t all = 0;
  for (const v1::Scenario& scenario : plan->scenarios()) {
    if (HasSize(scenario.load()) && !IsArrivalRate(scenario.load()))
      all += MostUsers(scenario.load());
  }
  // Of a size of the profile's own, every part's users are shared out for themselves, so that what
  // the scenarios have together is exactly the profile's.
  std::vector<UserShares> shares(parts.size(), UserShares(all));
  for (v1::Scenario& scenario : *plan->mutable_scenarios()) {
    v1::Load& load = *scenario.mutable_load();
    if (!HasSize(load)) continue;
    if (IsArrivalRate(load)) {
      std::vector<Part> own = parts;
      for (Part& part : own) {
        if (smoke) part.percent /= kSmokeRateShare;
      }
      ShapeRate(own, &load);
      continue;
    }
    const int64_t own = MostUsers(load);
    std::vector<int64_t> targets;
    for (size_t i = 0; i < parts.size(); ++i) {
      const int64_t percent = parts[i].percent;
      const int64_t users = users_in_all == 0 ? own * percent / 100
                                              : shares[i].Next(own, users_in_all * percent / 100);
      // Nobody is left out where there should be somebody.
      targets.push_back(percent == 0 ? 0 : std::max<int64_t>(1, users));
    }
    ShapeUsers(parts, targets, &load);
  }
  return absl::OkStatus();
}

void HoldRate(double per_second, int64_t length_ns, v1::Plan* plan) {
  double top = 0;
  for (const v1::Scenario& scenario : plan->scenarios()) {
    if (IsArrivalRate(scenario.load())) top += PerSecondOf(HighestRate(scenario.load()));
  }
  for (v1::Scenario& scenario : *plan->mutable_scenarios()) {
    v1::Load& load = *scenario.mutable_load();
    if (!load.has_ramping_arrival_rate()) {
      if (load.ramping_users().stages().empty()) continue;
      SetNs(length_ns,
            load.mutable_ramping_users()->mutable_stages()->rbegin()->mutable_duration());
      continue;
    }
    const v1::RampingArrivalRate& ramp = load.ramping_arrival_rate();
    v1::ConstantArrivalRate held;
    // To a thousandth a second: exact shares would have denominators that no schedule holds.
    const double own = per_second * PerSecondOf(HighestRate(load)) / top;
    held.mutable_rate()->set_count(std::max<int64_t>(1, std::llround(own * 1'000)));
    held.mutable_rate()->set_per_ns(1'000 * kSecond);
    SetNs(length_ns, held.mutable_duration());
    held.set_users(ramp.users());
    held.set_max_users(ramp.max_users());
    held.set_when_busy(ramp.when_busy());
    *load.mutable_constant_arrival_rate() = std::move(held);
  }
}

}  // namespace rampart
