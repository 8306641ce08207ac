// WebsocketStep: a `websocket` step, compiled; and the steps that stand only inside of it.
#ifndef RAMPART_AGENT_USER_COMPILED_WEBSOCKET_STEP_H_
#define RAMPART_AGENT_USER_COMPILED_WEBSOCKET_STEP_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/user/compiled/sample_series.h"
#include "agent/user/compiled/step_parts.h"

namespace rampart::agent {

struct SendStep {
  std::variant<Template, ValueTemplate> content;
  bool binary = false;
};

// What is opened, and what its samples are named.
struct WebsocketTarget {
  std::string name;
  Template url;
  HeaderText headers;
  std::string subprotocols;
  int64_t timeout_ns = 0;
  SampleTags tags;
  WebsocketSeries series;  // when no tag is rendered
  // Makes the address that is opened of the URL as rendered; null: it is that.
  absl::StatusOr<std::string> (*address)(std::string_view url) = nullptr;
};

// What happens by the clock while a connection is open.
struct SessionTimes {
  struct Every {
    DurationNs interval;
    std::unique_ptr<SendStep> message;  // or steps
    Steps steps;
  };
  std::vector<Every> every;
  bool holds = false;
  DurationNs hold;
  int64_t ping_every_ns = 0;  // 0: never
};

struct WebsocketStep {
  WebsocketTarget target;
  SessionTimes times;
  Steps on_open;
  Steps on_message;
  Steps on_close;
  std::vector<CheckCode> checks;
  Recordings record;
};

struct CloseStep {
  uint16_t code = 1000;
  Template reason;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_COMPILED_WEBSOCKET_STEP_H_
