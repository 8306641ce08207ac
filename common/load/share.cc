#include "common/load/share.h"

#include <algorithm>
#include <utility>

#include "common/load/user_schedule.h"

namespace rampart {

int64_t MostUsers(const v1::Load& load) {
  const auto most = [](const auto& rate) { return std::max(rate.users(), rate.max_users()); };
  if (load.has_constant_arrival_rate()) return most(load.constant_arrival_rate());
  if (load.has_ramping_arrival_rate()) return most(load.ramping_arrival_rate());
  const absl::StatusOr<UserSchedule> schedule = UserSchedule::Make(load);
  return schedule.ok() ? schedule->MaxUsers() : 0;
}

absl::StatusOr<Share> ShareOf(const v1::Load& load, const Place& place) {
  const absl::StatusOr<Stripes> stripes = Stripes::Make(place.weights);
  if (!stripes.ok()) return stripes.status();
  Share share;
  share.users = stripes->Of(place.agent).Part(place.thread, place.threads);

  if (load.has_shared_iterations() && !share.users.empty()) {
    // Iteration i belongs to user i % users.
    const int64_t users = load.shared_iterations().users();
    const int64_t iterations = load.shared_iterations().iterations();
    share.iterations = iterations / users * share.users.CountBefore(users) +
                       share.users.CountBefore(iterations % users);
  }

  if (IsArrivalRate(load)) {
    const int64_t most = MostUsers(load);
    std::vector<uint32_t> weights = place.weights;
    for (int agent = 0; agent < stripes->agents(); ++agent) {
      const Stripe users = stripes->Of(agent);
      if (users.empty() || users.CountBefore(most) == 0) weights[static_cast<size_t>(agent)] = 0;
    }
    const absl::StatusOr<Stripes> taking_part = Stripes::Make(std::move(weights));
    if (!taking_part.ok()) return taking_part.status();
    const Stripe own = taking_part->Of(place.agent);
    if (!own.empty()) {
      const int64_t own_users = stripes->Of(place.agent).CountBefore(most);
      const int parts = static_cast<int>(std::min<int64_t>(place.threads, own_users));
      if (place.thread < parts) share.arrivals = own.Part(place.thread, parts);
    }
  }
  return share;
}

}  // namespace rampart
