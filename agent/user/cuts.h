// Cuts: ends users whose grace has run out.
#ifndef RAMPART_AGENT_USER_CUTS_H_
#define RAMPART_AGENT_USER_CUTS_H_

#include <cstdint>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

#include "agent/engine/loop.h"
#include "agent/engine/task.h"
#include "agent/user/user.h"

namespace rampart::agent {

// Of one thread. A cut first interrupts a user softly, and `cancel_ns` later what it still has in
// flight. Users that have ended by then, or were told to go on (User::cuts was raised), are let be.
class Cuts {
 public:
  Cuts(Loop& loop, int64_t cancel_ns) : loop_(loop), cancel_ns_(cancel_ns) {}

  void At(int64_t at_ns, const std::shared_ptr<User>& user) {
    planned_.push({at_ns, user, user->cuts, false});
    wake_.Request();
  }
  void Now(const std::shared_ptr<User>& user) {
    user->soft.Request();
    planned_.push({MonotonicNow() + cancel_ns_, user, user->cuts, true});
    wake_.Request();
  }

  // Until Stop.
  Task<> Run() {
    while (!stopped_) {
      wake_.Reset();
      const int64_t next_ns = planned_.empty() ? kNever : planned_.top().at_ns;
      if (next_ns > MonotonicNow()) co_await loop_.SleepUntil(next_ns, &wake_);
      while (!planned_.empty() && planned_.top().at_ns <= MonotonicNow()) {
        const Cut cut = planned_.top();
        planned_.pop();
        const std::shared_ptr<User> user = cut.user.lock();
        if (user == nullptr || user->cuts != cut.number) continue;
        if (cut.hard) {
          user->hard.Request();
        } else {
          Now(user);
        }
      }
    }
  }
  void Stop() {
    stopped_ = true;
    wake_.Request();
  }

 private:
  struct Cut {
    int64_t at_ns;
    std::weak_ptr<User> user;
    uint32_t number;
    bool hard;
    bool operator>(const Cut& other) const { return at_ns > other.at_ns; }
  };

  Loop& loop_;
  int64_t cancel_ns_;
  std::priority_queue<Cut, std::vector<Cut>, std::greater<>> planned_;
  Interrupt wake_;
  bool stopped_ = false;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_CUTS_H_
