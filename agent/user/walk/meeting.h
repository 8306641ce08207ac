// Meeting: one rendezvous as one engine thread sees it.
#ifndef RAMPART_AGENT_USER_WALK_MEETING_H_
#define RAMPART_AGENT_USER_WALK_MEETING_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "agent/engine/loop.h"
#include "agent/engine/task.h"

namespace rampart::agent {

// Users that come wait for the current opening, the first of which has the number 1. Opening it
// calls all that wait, who go on at its instant, and makes the next one the current one: who comes
// after that, even before the instant, waits for the next. Of one thread; must outlive its users.
class Meeting {
 public:
  // Told whenever it changes: how many wait for the current opening.
  using Changed = std::function<void(uint64_t opening, int64_t users)>;
  enum class Outcome : uint8_t { kMet, kTimeout, kInterrupted };

  Meeting(Loop& loop, Changed changed) : loop_(loop), changed_(std::move(changed)) {}

  // Of one user, whose `soft` interrupt ends it. Who was called is not left behind by a timeout.
  Task<Outcome> Wait(Interrupt& soft, int64_t timeout_ns);
  // An opening before the current one is known already, and nothing happens. One after it means
  // that those between happened too: whoever waits goes on.
  void Open(uint64_t opening, int64_t at_ns);

 private:
  struct Place {
    Interrupt* soft;
    int64_t until_ns;
    size_t index;
    bool called = false;
  };

  void Leave(const Place& place);
  void Report() { changed_(opening_, static_cast<int64_t>(waiting_.size())); }

  Loop& loop_;
  Changed changed_;
  uint64_t opening_ = 1;
  std::vector<Place*> waiting_;  // not called yet; in their coroutines' frames
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_WALK_MEETING_H_
