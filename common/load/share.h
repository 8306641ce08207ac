// Share: which users and arrivals of a scenario are those of one engine thread of one agent.
#ifndef RAMPART_COMMON_LOAD_SHARE_H_
#define RAMPART_COMMON_LOAD_SHARE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "common/load/stripe.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {
namespace v1 {
class Assignment;
class Hand;
}  // namespace v1

// One of those over whom something is dealt out by weight.
struct Hand {
  int agent = 0;
  std::vector<uint32_t> weights = {1};
};

// Where a thread stands in the cluster.
struct Place {
  int agent = 0;
  std::vector<uint32_t> weights = {1};  // of all agents
  int thread = 0;
  int threads = 1;  // of this agent; others may have other numbers
  // Of what was dealt to `agent` first, when that one was lost: dealt out again over others, and
  // perhaps again.
  std::vector<Hand> again = {};
};

// Fails where it has no weight.
absl::StatusOr<Hand> HandOf(const v1::Hand& hand);

// The first of its threads. Fails where somebody has no weight.
absl::StatusOr<Place> PlaceOf(const v1::Assignment& assignment, int threads = 1);

// Taken over all agents and threads, users, arrivals and iterations are the plan's, each once.
struct Share {
  Stripe users = Stripe::None();  // user u is index u-1
  // Of an arrival rate: only who owns a user takes part. Nothing: this thread has no arrivals.
  std::optional<Stripe> arrivals;
  int64_t iterations = 0;  // of shared_iterations: in proportion to the own users
};

// Fails when the weights share out nothing.
absl::StatusOr<Share> ShareOf(const v1::Load& load, const Place& place);

// Whether iterations are due by themselves, whatever the users do: the open models.
inline bool IsArrivalRate(const v1::Load& load) {
  return load.has_constant_arrival_rate() || load.has_ramping_arrival_rate();
}

// Whether the load ends when its iterations are made.
inline bool CountsIterations(const v1::Load& load) {
  return load.has_iterations_per_user() || load.has_shared_iterations();
}

// The most users that a scenario has at a time.
int64_t MostUsers(const v1::Load& load);

}  // namespace rampart

#endif  // RAMPART_COMMON_LOAD_SHARE_H_
