// SubscribeStep: a `subscribe` step, compiled.
#ifndef RAMPART_AGENT_USER_COMPILED_SUBSCRIBE_STEP_H_
#define RAMPART_AGENT_USER_COMPILED_SUBSCRIBE_STEP_H_

#include <vector>

#include "agent/user/compiled/step_parts.h"
#include "agent/user/compiled/websocket_step.h"

namespace rampart::agent {

struct SubscribeStep {
  WebsocketTarget target;
  SessionTimes times;
  ValueTemplate init;       // the messages connection_init
  ValueTemplate subscribe;  // and subscribe
  Steps on_subscribed;
  Steps on_next;
  std::vector<CheckCode> checks;
  Recordings record;
  SeriesId results = 0;  // graphql_next, when no tag is rendered
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_COMPILED_SUBSCRIBE_STEP_H_
