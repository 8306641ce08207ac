// ShownMessage: while it lives, a user's expressions see a message.
#ifndef RAMPART_AGENT_USER_WALK_SHOWN_MESSAGE_H_
#define RAMPART_AGENT_USER_WALK_SHOWN_MESSAGE_H_

#include <string_view>

#include "agent/script/scope.h"

namespace rampart::agent {

// A local of the coroutine that handles the message, which must outlive it.
class ShownMessage {
 public:
  ShownMessage(Scope& scope, ScopeNames& names, std::string_view message)
      : scope_(scope), names_(names) {
    Show(true, message);
  }
  ~ShownMessage() { Show(false, {}); }
  ShownMessage(const ShownMessage&) = delete;
  ShownMessage& operator=(const ShownMessage&) = delete;

 private:
  void Show(bool there, std::string_view message) {
    scope_.has_message = there;
    scope_.message = message;
    scope_.version = names_.NextVersion();
  }

  Scope& scope_;
  ScopeNames& names_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_WALK_SHOWN_MESSAGE_H_
