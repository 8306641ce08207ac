// A scenario's load in words: what it is, and each agent's share of it.
#ifndef RAMPART_CONTROLLER_PLANS_LOAD_WORDS_H_
#define RAMPART_CONTROLLER_PLANS_LOAD_WORDS_H_

#include <string>
#include <string_view>

#include "controller/plans/load_plot.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

// The unit in which a rate is one or more: `1,000/s`, `30/m`, `2/h`.
struct RateUnit {
  double scale = 1;  // of what is a second
  std::string_view name = "s";
  std::string_view long_name = "second";
};
RateUnit RateUnitOf(double per_second);

// `1 user`, `2 users`
std::string Count(int64_t n, std::string_view what);

// `0 users, to 1,000 in 5m, hold 10m, to 0 in 5m`
std::string LoadWords(const v1::Load& load);

// `each of 4 agents: 2,500 users`; of equal agents.
std::string ShareWords(const v1::Load& load, const LoadCurve& curve, int agents);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_PLANS_LOAD_WORDS_H_
