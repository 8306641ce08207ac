// Crowd: stands in for the users of one agent's engine that meet those of all others, round after
// round, and for the scenario that starts when everybody's rounds are over.
#ifndef RAMPART_TESTS_SIMULATION_CROWD_H_
#define RAMPART_TESTS_SIMULATION_CROWD_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/link/link_event.h"

namespace rampart::simulation {

// What the crowds of one world have in common, and what must not happen to them.
struct Gathering {
  struct Instants {
    int64_t first_ns = INT64_MAX;
    int64_t last_ns = INT64_MIN;
    void Add(int64_t ns) {
      first_ns = std::min(first_ns, ns);
      last_ns = std::max(last_ns, ns);
    }
  };

  int users = 0;
  int agents = 0;
  int64_t patience_ns = 0;  // of the least patient, who then goes on alone; 0: nobody ever does
  std::map<uint64_t, int> arrived;      // by round
  std::map<uint64_t, Instants> opened;  // by opening: when, as the agents were told
  Instants late;                        // when the second scenario began, likewise
  int rounds_ended = 0;                 // agents
  int late_ended = 0;                   // agents
  std::vector<std::string> broken;
};

class Crowd : public std::enable_shared_from_this<Crowd> {
 public:
  static constexpr uint64_t kRounds = 3;

  struct Shell {
    std::function<void(int64_t ns, std::function<void()>)> after;
    std::function<int64_t(int64_t low, int64_t high)> between;
    std::function<void(agent::LinkEvent)> tell;
    std::function<void()> drained;
  };

  Crowd(int users, Gathering& gathering, Shell shell)
      : users_(static_cast<size_t>(users)), gathering_(gathering), shell_(std::move(shell)) {}

  void Begin(int64_t in_ns) {
    if (users_.empty()) return EndRounds();
    for (User& user : users_) Think(user, in_ns);
  }

  // `at_ns` on the common clock.
  void Open(uint64_t opening, int64_t at_ns, int64_t now_ns) {
    if (opening < opening_) return Break("an opening was told twice");
    if (opening > opening_ && Strict()) Break("an opening happened without all users");
    gathering_.opened[opening].Add(at_ns);
    opening_ = opening + 1;
    for (User& user : users_) {
      if (!std::exchange(user.waiting, false)) continue;
      Later(std::max<int64_t>(0, at_ns - now_ns), [this, opening, &user] {
        if (Strict() && user.round != opening) Break("a user went on with another round's opening");
        if (Strict() && gathering_.arrived[user.round] != gathering_.users) {
          Break("a user went on before all had come");
        }
        Next(user);
      });
    }
    Report();
  }

  void BeginLate(int64_t at_ns, int64_t now_ns) {
    if (std::exchange(late_begun_, true)) Break("a scenario was begun twice");
    if (gathering_.rounds_ended != gathering_.agents)
      Break("a scenario began before another ended");
    gathering_.late.Add(at_ns);
    Later(std::max<int64_t>(0, at_ns - now_ns) + shell_.between(0, 1'000'000'000), [this] {
      ++gathering_.late_ended;
      shell_.tell(agent::ScenarioOver{"late"});
      shell_.drained();
    });
  }

  void Stop() {
    for (User& user : users_) user.waiting = false;
    Report();
    stopped_ = true;
  }

 private:
  struct User {
    uint64_t round = 1;
    uint64_t waits = 0;
    bool waiting = false;
  };

  bool Strict() const { return gathering_.patience_ns == 0; }
  void Break(std::string how) { gathering_.broken.push_back(std::move(how)); }
  void Later(int64_t ns, std::function<void()> what) {
    shell_.after(ns, [self = shared_from_this(), what = std::move(what)] {
      if (!self->stopped_) what();
    });
  }

  void Think(User& user, int64_t in_ns) {
    Later(in_ns + shell_.between(0, 2'000'000'000), [this, &user] { Arrive(user); });
  }
  void Arrive(User& user) {
    ++gathering_.arrived[user.round];
    user.waiting = true;
    Report();
    if (Strict()) return;
    Later(shell_.between(gathering_.patience_ns, 4 * gathering_.patience_ns),
          [this, &user, wait = ++user.waits] {
            if (user.waits != wait || !std::exchange(user.waiting, false)) return;
            Report();
            Next(user);
          });
  }
  void Next(User& user) {
    ++user.waits;
    if (++user.round <= kRounds) return Think(user, 0);
    if (std::ranges::all_of(users_, [](const User& u) { return u.round > kRounds; })) EndRounds();
  }
  void EndRounds() {
    ++gathering_.rounds_ended;
    shell_.tell(agent::ScenarioOver{"one"});
  }

  void Report() {
    v1::Waiting waiting;
    waiting.set_rendezvous("meet");
    waiting.set_opening(opening_);
    waiting.set_users(static_cast<uint64_t>(std::ranges::count_if(users_, &User::waiting)));
    shell_.tell(agent::UsersWait{{waiting}});
  }

  std::vector<User> users_;  // never grows: users are pointed to
  Gathering& gathering_;
  Shell shell_;
  uint64_t opening_ = 1;
  bool late_begun_ = false;
  bool stopped_ = false;
};

}  // namespace rampart::simulation

#endif  // RAMPART_TESTS_SIMULATION_CROWD_H_
