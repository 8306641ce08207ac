// Pause: while it lasts, nothing that loads the target begins on a thread.
#ifndef RAMPART_AGENT_USER_PAUSE_H_
#define RAMPART_AGENT_USER_PAUSE_H_

#include <cstdint>

#include "absl/container/flat_hash_set.h"
#include "agent/engine/loop.h"
#include "agent/engine/task.h"

namespace rampart::agent {

// Of one thread. Schedules and users stand still in it, and afterwards go on as if its time had not
// passed: who would have begun something two seconds into it does so two seconds after its end.
class Pause {
 public:
  explicit Pause(Loop& loop) : loop_(loop) {}

  bool on() const { return on_; }
  int64_t since_ns() const { return since_ns_; }
  // Of all pauses that have ended.
  int64_t total_ns() const { return total_ns_; }

  // At an instant on MonotonicNow's clock that has come.
  void Begin(int64_t at_ns);
  // Says how long it was.
  int64_t End(int64_t at_ns);

  // Before a user begins something. Ends early when it is interrupted.
  Task<> Hold(Interrupt& interrupt);
  // Until it ends, or whatever else ends the interrupt's wait.
  Task<> Wait(Interrupt& interrupt);
  // The end of the pause ends the wait of `interrupt` that there is then; until Forget.
  void Remember(Interrupt& interrupt) { waiting_.insert(&interrupt); }
  void Forget(Interrupt& interrupt) {
    if (!waiting_.empty()) waiting_.erase(&interrupt);
  }

 private:
  Loop& loop_;
  bool on_ = false;
  int64_t since_ns_ = 0;
  int64_t last_ns_ = 0;  // the length of the last one
  int64_t total_ns_ = 0;
  absl::flat_hash_set<Interrupt*> waiting_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_PAUSE_H_
