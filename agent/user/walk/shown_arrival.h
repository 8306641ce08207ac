// ShownArrival: while it lives, a user's expressions see what a step handles.
#ifndef RAMPART_AGENT_USER_WALK_SHOWN_ARRIVAL_H_
#define RAMPART_AGENT_USER_WALK_SHOWN_ARRIVAL_H_

#include <string_view>

#include "agent/script/scope.h"

namespace rampart::agent {

// A local of the coroutine that handles the arrival, which must outlive it. One without a message
// is of Socket.IO: its event and args are seen.
class ShownArrival {
 public:
  ShownArrival(Scope& scope, ScopeNames& names, const Arrival& arrival, bool has_message = true)
      : scope_(scope), names_(names) {
    Show(has_message, &arrival);
  }
  ~ShownArrival() { Show(false, nullptr); }
  ShownArrival(const ShownArrival&) = delete;
  ShownArrival& operator=(const ShownArrival&) = delete;

 private:
  void Show(bool has_message, const Arrival* arrival) {
    scope_.has_message = has_message;
    scope_.arrival = arrival;
    scope_.version = names_.NextVersion();
  }

  Scope& scope_;
  ScopeNames& names_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_WALK_SHOWN_ARRIVAL_H_
