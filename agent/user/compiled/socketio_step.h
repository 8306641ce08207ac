// SocketioStep: a `socketio` step, compiled; and `emit`, which stands only inside of it.
#ifndef RAMPART_AGENT_USER_COMPILED_SOCKETIO_STEP_H_
#define RAMPART_AGENT_USER_COMPILED_SOCKETIO_STEP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/user/compiled/sample_series.h"
#include "agent/user/compiled/step_parts.h"
#include "agent/user/compiled/websocket_step.h"

namespace rampart::agent {

struct EmitStep {
  Template event;
  std::optional<ValueTemplate> args;
  bool ack = false;
  int64_t timeout_ns = 0;
  std::vector<CheckCode> checks;
  Recordings record;
  std::vector<NamedCode> save;
};

struct SocketioStep {
  WebsocketTarget target;
  SessionTimes times;
  Template space;  // the namespace
  std::optional<ValueTemplate> auth;
  Steps on_connect;
  std::vector<std::pair<std::string, Steps>> on;  // by event; `*` is every other
  std::vector<CheckCode> checks;
  Recordings record;
  SocketioSeries series;  // when no tag is rendered

  // Null when the event has no steps.
  const Steps* StepsOn(std::string_view event) const {
    const Steps* other = nullptr;
    for (const auto& [name, steps] : on) {
      if (name == event) return &steps;
      if (name == "*") other = &steps;
    }
    return other;
  }
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_COMPILED_SOCKETIO_STEP_H_
