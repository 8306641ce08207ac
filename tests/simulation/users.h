// Users: who loads the target as which user of the plan, over all agents of one world.
#ifndef RAMPART_TESTS_SIMULATION_USERS_H_
#define RAMPART_TESTS_SIMULATION_USERS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/load/share.h"
#include "rampart/v1/fleet.pb.h"

namespace rampart::simulation {

class Users {
 public:
  explicit Users(v1::Load load) : load_(std::move(load)), all_(MostUsers(load_)) {}

  // Every user of the share loads there from now on.
  void Begin(size_t agent, const v1::Assignment& assignment) {
    const Stripe own = ShareOf(load_, *PlaceOf(assignment))->users;
    if (own.empty()) return;
    for (int64_t user = 0; user < all_; ++user) {
      if (!own.Contains(user)) continue;
      const auto [there, fresh] = holder_.emplace(user, agent);
      if (!fresh) {
        broken_.push_back("user " + std::to_string(user + 1) + " began on agent " +
                          std::to_string(agent) + " while it was on agent " +
                          std::to_string(there->second));
      }
    }
  }
  // All that loaded there have ended.
  void End(size_t agent) {
    std::erase_if(holder_, [agent](const auto& held) { return held.second == agent; });
  }

  // Of those that load there, those of none of the shares have ended.
  void Keep(size_t agent, const std::vector<v1::Assignment>& shares) {
    std::erase_if(holder_, [&](const auto& held) {
      if (held.second != agent) return false;
      for (const v1::Assignment& share : shares) {
        const Stripe own = ShareOf(load_, *PlaceOf(share))->users;
        if (!own.empty() && own.Contains(held.first)) return false;
      }
      return true;
    });
  }
  int64_t loading_on(size_t agent) const {
    int64_t users = 0;
    for (const auto& [user, holder] : holder_) users += holder == agent ? 1 : 0;
    return users;
  }

  int64_t loading() const { return static_cast<int64_t>(holder_.size()); }
  int64_t all() const { return all_; }
  const std::vector<std::string>& broken() const { return broken_; }

 private:
  const v1::Load load_;
  const int64_t all_;
  std::map<int64_t, size_t> holder_;
  std::vector<std::string> broken_;
};

}  // namespace rampart::simulation

#endif  // RAMPART_TESTS_SIMULATION_USERS_H_
