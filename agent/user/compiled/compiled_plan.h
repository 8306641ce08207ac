// CompiledPlan: a plan's steps with their texts compiled and their series numbered, for one engine
// thread.
#ifndef RAMPART_AGENT_USER_COMPILED_COMPILED_PLAN_H_
#define RAMPART_AGENT_USER_COMPILED_COMPILED_PLAN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/stats/recorder.h"
#include "agent/user/compiled/http_step.h"
#include "agent/user/compiled/socketio_step.h"
#include "agent/user/compiled/sse_step.h"
#include "agent/user/compiled/step_parts.h"
#include "agent/user/compiled/subscribe_step.h"
#include "agent/user/compiled/take_step.h"
#include "agent/user/compiled/websocket_step.h"
#include "common/plan/plan_files.h"
#include "common/script/script.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::agent {

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
  std::optional<DurationNs> every;
  std::optional<Expression> until;
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
struct RendezvousStep {
  size_t meeting;  // of the thread
  std::string name;
  int64_t users;
  int64_t timeout_ns;
  SeriesId wait, timeouts;
};
struct CheckStep {
  std::vector<CheckCode> checks;
};
struct ScriptStep {
  Program program;
};

struct Step {
  std::variant<SleepStep, std::unique_ptr<HttpStep>, std::unique_ptr<WebsocketStep>,
               std::unique_ptr<SubscribeStep>, std::unique_ptr<SseStep>,
               std::unique_ptr<SocketioStep>, std::unique_ptr<EmitStep>, SetStep, WhenStep,
               RepeatStep, ForEachStep, ChooseStep, GroupStep, FailStep, CheckStep, Recordings,
               SendStep, CloseStep, TakeStep, RendezvousStep, ScriptStep>
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
  std::string start_after;  // the scenario that has to end before
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
  HashUses hashes;  // that such expressions ask for
  // An expression somewhere asks for `body_size`.
  bool measures_bodies = false;
  std::shared_ptr<const PlanFiles> files;  // what steps point into
};

// `script` and `recorder` are those of the thread, `files` are the process's. Fails for a text that
// does not compile; the message has its position.
absl::StatusOr<CompiledPlan> Compile(const v1::Plan& plan, std::shared_ptr<const PlanFiles> files,
                                     Script& script, Recorder& recorder);

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_COMPILED_COMPILED_PLAN_H_
