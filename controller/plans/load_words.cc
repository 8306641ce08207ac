#include "controller/plans/load_words.h"

#include <algorithm>
#include <utility>

#include "common/load/arrival_schedule.h"
#include "common/load/nanoseconds.h"
#include "common/load/rate.h"
#include "common/load/share.h"
#include "common/load/user_schedule.h"
#include "controller/report/text/number.h"

namespace rampart::controller {
namespace {

constexpr int kMaxStages = 40;

std::string RateWords(double per_second) {
  const RateUnit unit = RateUnitOf(per_second);
  return Number(per_second * unit.scale).append("/").append(unit.name);
}
std::string Size(const v1::Rate& rate) { return RateWords(PerSecondOf(rate)); }
std::string Size(int64_t users) { return Grouped(static_cast<uint64_t>(users)); }

// `, to 1,000 in 5m, hold 10m`
template <typename From, typename Stages>
std::string StageWords(const From& from, const Stages& stages) {
  std::string words;
  std::string before = Size(from);
  int told = 0;
  for (const auto& stage : stages) {
    if (++told > kMaxStages) {
      return words + ", and " + std::to_string(stages.size() - kMaxStages) + " more stages";
    }
    const int64_t length = Ns(stage.duration());
    std::string after = Size(stage.target());
    if (length == 0) {
      words += ", at once to " + after;
    } else if (before == after) {
      words += ", hold " + PlanDuration(length);
    } else {
      words += ", to " + after + " in " + PlanDuration(length);
    }
    before = std::move(after);
  }
  return words;
}

// How many of what every agent has at least and at most.
class Span {
 public:
  void Add(int64_t n) {
    least_ = any_ ? std::min(least_, n) : n;
    most_ = any_ ? std::max(most_, n) : n;
    any_ = true;
  }
  std::string Words(std::string_view what) const {
    if (least_ == most_) return Count(most_, what);
    return Grouped(static_cast<uint64_t>(least_)) + " to " + Count(most_, what);
  }

 private:
  bool any_ = false;
  int64_t least_ = 0;
  int64_t most_ = 0;
};

std::string Pool(const auto& rate) {
  const int64_t most = std::max(rate.users(), rate.max_users());
  std::string words = "by " + Count(rate.users(), "user");
  if (most > rate.users()) words += ", " + Grouped(static_cast<uint64_t>(most)) + " at most";
  if (rate.when_busy() == v1::WAIT) words += ", which arrivals wait for";
  return words;
}

// 0 of loads that plan users.
int64_t ArrivalCount(const v1::Load& load) {
  const absl::StatusOr<ArrivalSchedule> schedule = ArrivalSchedule::Make(load);
  return schedule.ok() ? schedule->Count() : 0;
}

std::string AtLongest(const v1::Load& load) {
  const absl::StatusOr<UserSchedule> schedule = UserSchedule::Make(load);
  return schedule.ok() ? ", " + PlanDuration(schedule->Length()) + " at the longest" : "";
}

}  // namespace

RateUnit RateUnitOf(double per_second) {
  if (per_second >= 1 || per_second <= 0) return {};
  if (per_second * 60 >= 1) return {60, "m", "minute"};
  return {3600, "h", "hour"};
}

std::string Count(int64_t n, std::string_view what) {
  return Grouped(static_cast<uint64_t>(n)) + " " + std::string(what) + (n == 1 ? "" : "s");
}

std::string LoadWords(const v1::Load& load) {
  switch (load.kind_case()) {
    case v1::Load::kConstantUsers:
      return Count(load.constant_users().users(), "user") + " for " +
             PlanDuration(Ns(load.constant_users().duration()));
    case v1::Load::kRampingUsers: {
      const v1::RampingUsers& ramp = load.ramping_users();
      return Count(ramp.start_users(), "user") + StageWords(ramp.start_users(), ramp.stages());
    }
    case v1::Load::kIterationsPerUser: {
      const v1::IterationsPerUser& each = load.iterations_per_user();
      return Count(each.users(), "user") + ", " + Count(each.iterations(), "iteration") + " each" +
             AtLongest(load);
    }
    case v1::Load::kSharedIterations: {
      const v1::SharedIterations& shared = load.shared_iterations();
      return Count(shared.users(), "user") + " share " + Count(shared.iterations(), "iteration") +
             AtLongest(load);
    }
    case v1::Load::kConstantArrivalRate: {
      const v1::ConstantArrivalRate& rate = load.constant_arrival_rate();
      return Size(rate.rate()) + " for " + PlanDuration(Ns(rate.duration())) + ": " +
             Count(ArrivalCount(load), "iteration") + ", " + Pool(rate);
    }
    case v1::Load::kRampingArrivalRate: {
      const v1::RampingArrivalRate& ramp = load.ramping_arrival_rate();
      return Size(ramp.start_rate()) + StageWords(ramp.start_rate(), ramp.stages()) + ": " +
             Count(ArrivalCount(load), "iteration") + ", " + Pool(ramp);
    }
    default:
      return "";
  }
}

std::string ShareWords(const v1::Load& load, const LoadCurve& curve, int agents) {
  agents = std::max(agents, 1);
  const int64_t arrivals = ArrivalCount(load);
  const int64_t most = MostUsers(load);
  Span users;
  Span iterations;
  int taking_part = 0;
  Place place;
  place.weights.assign(static_cast<size_t>(agents), 1);
  for (place.agent = 0; place.agent < agents; ++place.agent) {
    const absl::StatusOr<Share> share = ShareOf(load, place);
    if (!share.ok()) continue;
    const int64_t own = share->users.CountBefore(most);
    if (own == 0) continue;
    ++taking_part;
    users.Add(own);
    if (load.has_shared_iterations()) iterations.Add(share->iterations);
    if (load.has_iterations_per_user()) {
      iterations.Add(own * load.iterations_per_user().iterations());
    }
    if (curve.arrivals) {
      iterations.Add(share->arrivals ? share->arrivals->CountBefore(arrivals) : 0);
    }
  }
  if (taking_part == 0) return "no agent has a user";

  std::string words = agents == 1 ? "the one agent: "
                      : taking_part == agents
                          ? "each of " + Grouped(static_cast<uint64_t>(agents)) + " agents: "
                          : "each of " + Grouped(static_cast<uint64_t>(taking_part)) + " of " +
                                Count(agents, "agent") + ": ";
  if (curve.arrivals) {
    words += RateWords(curve.peak / taking_part) + (curve.flat ? "" : " at the peak") + ", " +
             iterations.Words("iteration") + ", " + users.Words("user") + " at most";
  } else {
    words += users.Words("user") + (curve.flat ? "" : " at the peak");
    if (curve.may_end_sooner) words += ", " + iterations.Words("iteration");
  }
  if (taking_part < agents) words += "; no user is left for the others";
  return words;
}

}  // namespace rampart::controller
