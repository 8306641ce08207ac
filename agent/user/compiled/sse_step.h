// SseStep: an `sse` step, compiled.
#ifndef RAMPART_AGENT_USER_COMPILED_SSE_STEP_H_
#define RAMPART_AGENT_USER_COMPILED_SSE_STEP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "agent/user/compiled/sample_series.h"
#include "agent/user/compiled/step_parts.h"

namespace rampart::agent {

struct SseStep {
  std::string name;
  UrlText url;
  HeaderText headers;
  Steps on_event;
  bool holds = false;
  DurationNs hold;
  int64_t timeout_ns = 0;
  std::vector<CheckCode> checks;
  Recordings record;
  SampleTags tags;
  SseSeries series;  // when no tag is rendered
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_COMPILED_SSE_STEP_H_
