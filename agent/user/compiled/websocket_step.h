// WebsocketStep: a `websocket` step, compiled; and the steps that stand only inside of it.
#ifndef RAMPART_AGENT_USER_COMPILED_WEBSOCKET_STEP_H_
#define RAMPART_AGENT_USER_COMPILED_WEBSOCKET_STEP_H_

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "agent/user/compiled/sample_series.h"
#include "agent/user/compiled/step_parts.h"

namespace rampart::agent {

struct SendStep {
  std::variant<Template, ValueTemplate> content;
  bool binary = false;
};

struct WebsocketStep {
  struct Every {
    DurationNs interval;
    std::unique_ptr<SendStep> message;  // or steps
    Steps steps;
    v1::Position at;
  };
  std::string name;
  Template url;
  HeaderText headers;
  std::string subprotocols;
  Steps on_open;
  Steps on_message;
  std::vector<Every> every;
  bool holds = false;
  DurationNs hold;
  int64_t timeout_ns = 0;
  int64_t ping_every_ns = 0;  // 0: never
  std::vector<CheckCode> checks;
  Recordings record;
  SampleTags tags;
  WebsocketSeries series;  // when no tag is rendered
};

struct CloseStep {
  uint16_t code = 1000;
  Template reason;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_COMPILED_WEBSOCKET_STEP_H_
