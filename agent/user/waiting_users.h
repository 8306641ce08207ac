// WaitingUsers: how many users of an agent wait at each rendezvous, over its threads.
#ifndef RAMPART_AGENT_USER_WAITING_USERS_H_
#define RAMPART_AGENT_USER_WAITING_USERS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/plan/rendezvous.h"
#include "rampart/v1/fleet.pb.h"

namespace rampart::agent {

// Owned by the Engine; any thread. Users count for the agent's current opening only: a thread that
// has not seen yet that the one before was opened counts as if nobody waited there, as all who do
// are called already.
class WaitingUsers {
 public:
  WaitingUsers(const v1::Plan& plan, size_t threads) {
    for (const PlannedRendezvous& one : RendezvousOf(plan)) {
      all_.push_back({one.name, 1, std::vector<OfThread>(threads)});
    }
  }

  // Called on engine threads, once a change or oftener. Before the first Set.
  void OnChange(std::function<void()> changed) { changed_ = std::move(changed); }

  void Set(size_t rendezvous, size_t thread, uint64_t opening, int64_t users) {
    {
      const std::lock_guard lock(mutex_);
      all_[rendezvous].threads[thread] = {opening, users};
    }
    if (changed_ != nullptr) changed_();
  }
  // Makes the next opening the current one; says which rendezvous it is. Nothing for an unknown
  // name, or an opening that is over.
  std::optional<size_t> Open(std::string_view name, uint64_t opening) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(all_, name, &Rendezvous::name);
    if (found == all_.end() || opening < found->opening) return std::nullopt;
    found->opening = opening + 1;
    return static_cast<size_t>(found - all_.begin());
  }

  std::vector<v1::Waiting> Now() const {
    std::vector<v1::Waiting> now;
    const std::lock_guard lock(mutex_);
    for (const Rendezvous& one : all_) {
      v1::Waiting& waiting = now.emplace_back();
      waiting.set_rendezvous(one.name);
      waiting.set_opening(one.opening);
      int64_t users = 0;
      for (const OfThread& thread : one.threads) {
        if (thread.opening == one.opening) users += thread.users;
      }
      waiting.set_users(static_cast<uint64_t>(users));
    }
    return now;
  }

 private:
  struct OfThread {
    uint64_t opening = 1;
    int64_t users = 0;
  };
  struct Rendezvous {
    std::string name;
    uint64_t opening;
    std::vector<OfThread> threads;
  };

  std::function<void()> changed_;
  mutable std::mutex mutex_;
  std::vector<Rendezvous> all_;  // their number and names never change
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_WAITING_USERS_H_
