// CompiledPlan: a plan's steps with their texts compiled and their series numbered, for one engine
// thread.
#ifndef RAMPART_AGENT_USER_COMPILED_PLAN_H_
#define RAMPART_AGENT_USER_COMPILED_PLAN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/stats/recorder.h"
#include "agent/user/sample_series.h"
#include "common/script/script.h"
#include "common/stats/metric.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::agent {

struct Step;
using Steps = std::vector<Step>;

struct NamedCode {
  std::string name;
  Expression code;
  v1::Position at;
};

struct CheckCode {
  Expression code;
  v1::Position at;
  SeriesId series = 0;
};

// Tags of samples: those known now, and those that are rendered each time.
struct SampleTags {
  Tags fixed;
  std::vector<std::pair<std::string, Template>> rendered;
};

// `metric: expression` pairs.
struct Recordings {
  struct One {
    std::string metric;
    Expression code;
    v1::Position at;
    SeriesId series = 0;  // when no tag is rendered
  };
  std::vector<One> all;
  SampleTags tags;
};

// Complete header lines as one text; `count` of them.
struct HeaderText {
  Template lines;
  int count = 0;
};

struct HttpStep {
  std::string name;
  std::string method;
  Template url;
  HeaderText headers;
  std::variant<std::monostate, ValueTemplate, std::vector<std::pair<std::string, Template>>,
               Template>
      content;  // none, json, form, raw
  std::vector<CheckCode> checks;
  Recordings record;
  std::vector<NamedCode> save;
  std::vector<NamedCode> append;
  SampleTags tags;
  int64_t timeout_ns = 0;
  uint32_t max_redirects = 0;
  std::vector<uint32_t> expect_status;
  bool reads_response = false;  // one of its expressions asks for body, json or headers

  // By outcome (status and error), filled as outcomes come; and by rendered tags and outcome.
  static constexpr size_t kMaxRendered = 1000;
  mutable std::vector<std::pair<uint32_t, HttpSeries>> series;
  mutable std::unordered_map<std::string, HttpSeries> rendered_series;
};

struct SendStep {
  std::variant<Template, ValueTemplate> content;
  bool binary = false;
};

struct DurationNs {
  int64_t min = 0;
  int64_t max = 0;
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

struct SleepStep {
  DurationNs duration;
};
struct SetStep {
  std::vector<NamedCode> variables;
};
struct WhenStep {
  Expression condition;
};
struct RepeatStep {
  Expression times;
  std::string as;
};
struct ForEachStep {
  Expression in;
  std::string as;
  std::string list;  // the hidden variable that holds it meanwhile
};
struct ChooseStep {
  std::vector<double> up_to;  // running sums of the weights
  std::vector<Steps> options;
};
struct GroupStep {
  SeriesId duration;
};
struct FailStep {
  Template message;
};
struct CheckStep {
  std::vector<CheckCode> checks;
};
struct CloseStep {
  uint16_t code = 1000;
  Template reason;
};

struct Step {
  std::variant<SleepStep, std::unique_ptr<HttpStep>, std::unique_ptr<WebsocketStep>, SetStep,
               WhenStep, RepeatStep, ForEachStep, ChooseStep, GroupStep, FailStep, CheckStep,
               Recordings, SendStep, CloseStep>
      kind;
  Steps steps;
  v1::Position at;
  std::string label;  // for errors: the step's name or kind
};

// What every iteration of a scenario counts into.
struct ScenarioSeries {
  SeriesId iterations, iteration_duration, dropped, interrupted, lateness, step_errors, data_sent,
      data_received;
};

struct CompiledScenario {
  std::string name;
  v1::Load load;
  int64_t start_ns = 0;
  int64_t graceful_stop_ns = 0;
  int64_t graceful_ramp_down_ns = 0;
  Steps steps;
  ScenarioSeries series;
};

struct CompiledPlan {
  CompiledScenario setup;     // without a load
  CompiledScenario teardown;  // without a load
  std::vector<CompiledScenario> scenarios;
  // An expression outside of an `http` step asks for the last response's body, json or headers: it
  // is kept until the next.
  bool keeps_response = false;
};

// `script` and `recorder` are those of the thread. Fails for a text that does not compile; the
// message has its position.
absl::StatusOr<CompiledPlan> Compile(const v1::Plan& plan, Script& script, Recorder& recorder);

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_COMPILED_PLAN_H_
