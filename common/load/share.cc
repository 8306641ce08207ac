#include "common/load/share.h"

#include <algorithm>
#include <utility>

#include "common/load/user_schedule.h"
#include "rampart/v1/fleet.pb.h"

namespace rampart {

int64_t MostUsers(const v1::Load& load) {
  const auto most = [](const auto& rate) { return std::max(rate.users(), rate.max_users()); };
  if (load.has_constant_arrival_rate()) return most(load.constant_arrival_rate());
  if (load.has_ramping_arrival_rate()) return most(load.ramping_arrival_rate());
  const absl::StatusOr<UserSchedule> schedule = UserSchedule::Make(load);
  return schedule.ok() ? schedule->MaxUsers() : 0;
}

namespace {

// Of one dealing, what `hand` has of `users` and of `arrivals`. Arrivals go by weight to those who
// have users for them.
absl::Status Deal(const Hand& hand, int64_t most_users, Stripe* users,
                  std::optional<Stripe>* arrivals) {
  const absl::StatusOr<Stripes> stripes = Stripes::Make(hand.weights);
  if (!stripes.ok()) return stripes.status();
  if (arrivals->has_value()) {
    std::vector<uint32_t> weights = hand.weights;
    for (int agent = 0; agent < stripes->agents(); ++agent) {
      if (stripes->Of(agent).Of(*users).CountBefore(most_users) == 0) {
        weights[static_cast<size_t>(agent)] = 0;
      }
    }
    const absl::StatusOr<Stripes> taking_part = Stripes::Make(std::move(weights));
    if (!taking_part.ok()) return taking_part.status();
    const Stripe own = taking_part->Of(hand.agent);
    *arrivals = own.empty() ? std::nullopt : std::optional(own.Of(**arrivals));
  }
  *users = stripes->Of(hand.agent).Of(*users);
  return absl::OkStatus();
}

absl::StatusOr<Hand> HandOf(uint32_t agent,
                            const google::protobuf::RepeatedField<uint32_t>& weights) {
  if (agent >= static_cast<uint32_t>(weights.size())) {
    return absl::InvalidArgumentError("the assignment has no weight for this agent");
  }
  return Hand{static_cast<int>(agent), {weights.begin(), weights.end()}};
}

}  // namespace

absl::StatusOr<Hand> HandOf(const v1::Hand& hand) { return HandOf(hand.agent(), hand.weights()); }

absl::StatusOr<Place> PlaceOf(const v1::Assignment& assignment, int threads) {
  absl::StatusOr<Hand> first = HandOf(assignment.agent(), assignment.weights());
  if (!first.ok()) return first.status();
  Place place;
  place.agent = first->agent;
  place.weights = std::move(first->weights);
  place.threads = threads;
  for (const v1::Hand& again : assignment.again()) {
    absl::StatusOr<Hand> hand = HandOf(again);
    if (!hand.ok()) return hand.status();
    place.again.push_back(*std::move(hand));
  }
  return place;
}

absl::StatusOr<Share> ShareOf(const v1::Load& load, const Place& place) {
  const int64_t most = MostUsers(load);
  Stripe users = Stripe::Whole();
  std::optional<Stripe> arrivals;
  if (IsArrivalRate(load)) arrivals = Stripe::Whole();
  absl::Status status = Deal({place.agent, place.weights}, most, &users, &arrivals);
  for (const Hand& hand : place.again) {
    if (!status.ok()) break;
    status = Deal(hand, most, &users, &arrivals);
  }
  if (!status.ok()) return status;

  Share share;
  share.users = users.Part(place.thread, place.threads);
  if (arrivals) {
    const int parts = static_cast<int>(std::min<int64_t>(place.threads, users.CountBefore(most)));
    if (place.thread < parts) share.arrivals = arrivals->Part(place.thread, parts);
  }
  if (load.has_shared_iterations() && !share.users.empty()) {
    // Iteration i belongs to user i % users.
    const int64_t all = load.shared_iterations().users();
    const int64_t iterations = load.shared_iterations().iterations();
    share.iterations =
        iterations / all * share.users.CountBefore(all) + share.users.CountBefore(iterations % all);
  }
  return share;
}

}  // namespace rampart
