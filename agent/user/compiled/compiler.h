// Compiler: a plan's messages into compiled steps. Only compiled_plan's own files use it.
#ifndef RAMPART_AGENT_USER_COMPILED_COMPILER_H_
#define RAMPART_AGENT_USER_COMPILED_COMPILER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/stats/recorder.h"
#include "agent/user/compiled/compiled_plan.h"
#include "common/plan/plan_files.h"
#include "common/plan/rendezvous.h"
#include "common/script/script.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::agent {

inline constexpr int64_t kDefaultTimeoutNs = 60'000'000'000;

int64_t NsOr(bool set, const google::protobuf::Duration& duration, int64_t otherwise);
DurationNs Range(const v1::DurationRange& range);

// compiler_texts.cc
// What a template has to say for `text` to come out, whatever is in it.
std::string AsTemplate(const std::string& text);

// compiler_graphql.cc
// The `name` tag: the step's own name, the operation's, or the URL.
std::string GraphqlName(const std::string& name, const std::string& operation_name,
                        const std::string& query, const std::string& url);
// `{query, variables, operationName}`; strings in `variables` are templates, the others are not.
v1::Value GraphqlRequest(const std::string& query, const v1::Value& variables, bool has_variables,
                         const std::string& operation_name);

class Compiler {
 public:
  Compiler(const v1::Plan& plan, std::shared_ptr<const PlanFiles> files, Script& script,
           Recorder& recorder);

  // Every text has been compiled once before, by the controller, so the first fault is enough.
  absl::StatusOr<CompiledPlan> Run();

 private:
  // What surrounds a step.
  struct Around {
    SampleTags tags;  // scenario, group and the scenario's own
    std::string group;
    bool in_message = false;  // json is the message
  };

  CompiledScenario Aside(const std::string& name,
                         const google::protobuf::RepeatedPtrField<v1::Step>& steps);
  CompiledScenario ScenarioOf(const v1::Scenario& proto);
  ScenarioSeries SeriesOf(const Tags& tags);
  Steps StepsOf(const google::protobuf::RepeatedPtrField<v1::Step>& protos, const Around& around);
  Step StepOf(const v1::Step& proto, const Around& around);
  RepeatStep RepeatOf(const v1::Repeat& proto, const v1::Position& at, const Around& around);
  ChooseStep ChooseOf(const v1::Choose& proto, const Around& around);
  RendezvousStep RendezvousStepOf(const v1::Rendezvous& proto, const v1::Position& at,
                                  const Around& around);

  // compiler_http.cc
  std::unique_ptr<HttpStep> HttpOf(const v1::Http& proto, const Around& around);
  static std::pair<std::string, std::string> MethodAndUrl(const v1::Http& proto);
  UrlText UrlOf(const std::string& url, const v1::Position& at, const Around& around);
  int64_t DefaultTimeout() const;

  // compiler_multipart.cc
  std::vector<PartContent> PartsOf(const v1::Multipart& proto, const Around& around);

  // compiler_graphql.cc
  std::unique_ptr<HttpStep> GraphqlOf(const v1::Graphql& proto, const Around& around);

  // compiler_subscribe.cc
  std::unique_ptr<SubscribeStep> SubscribeOf(const v1::Subscribe& proto, const Around& around);

  // compiler_sse.cc
  std::unique_ptr<SseStep> SseOf(const v1::Sse& proto, const Around& around);

  // compiler_websocket.cc
  std::unique_ptr<WebsocketStep> WebsocketOf(const v1::Websocket& proto, const Around& around);
  SendStep SendOf(const v1::Send& proto, const v1::Position& at, const Around& around);
  // For every step over a WebSocket. `name`, `url`, `headers`, `timeout` and `tags` of the step;
  // the samples that the plan itself records carry those tags, ours also the name: NameTarget.
  template <typename Proto>
  WebsocketTarget TargetOf(const Proto& proto, const Around& around) {
    WebsocketTarget target;
    target.name = proto.name().empty() ? proto.url() : proto.name();
    target.url = TextOf(proto.url(), proto.at(), around);
    target.headers = HeadersOf(Headers(proto.headers()), around);
    target.timeout_ns = NsOr(proto.has_timeout(), proto.timeout(), kDefaultTimeoutNs);
    target.tags = around.tags;
    AddTags(proto.tags(), &target.tags);
    return target;
  }
  void NameTarget(WebsocketTarget* target);
  template <typename Proto>
  SessionTimes TimesOf(const Proto& proto,
                       const google::protobuf::RepeatedPtrField<v1::SendEvery>& every,
                       const Around& around) {
    SessionTimes times;
    times.holds = proto.has_hold();
    times.hold = Range(proto.hold());
    for (const v1::SendEvery& one : every) times.every.push_back(EveryOf(one, around));
    return times;
  }
  SessionTimes::Every EveryOf(const v1::SendEvery& proto, const Around& around);

  // compiler_take.cc
  TakeStep TakeOf(const v1::Take& proto, const v1::Position& at);

  // compiler_socketio.cc
  std::unique_ptr<SocketioStep> SocketioOf(const v1::Socketio& proto, const Around& around);
  std::unique_ptr<EmitStep> EmitOf(const v1::Emit& proto, const Around& around);

  // compiler_texts.cc: what all steps are made of
  // The plan's, then the step's own, which replace them.
  std::vector<v1::Field> Headers(const google::protobuf::RepeatedPtrField<v1::Field>& own) const;
  HeaderText HeadersOf(const std::vector<v1::Field>& headers, const Around& around);
  void AddTags(const google::protobuf::RepeatedPtrField<v1::Field>& fields, SampleTags* tags);
  std::vector<CheckCode> ChecksOf(
      const google::protobuf::RepeatedPtrField<v1::NamedExpression>& protos, const Around& around);
  Recordings RecordingsOf(const google::protobuf::RepeatedPtrField<v1::NamedExpression>& protos,
                          const SampleTags& tags, const Around& around);
  std::vector<NamedCode> Named(
      const google::protobuf::RepeatedPtrField<v1::NamedExpression>& protos, const Around& around);
  void Refuse(const v1::Position& at, std::string_view why);
  Expression Code(const std::string& text, const v1::Position& at, const Around& around);
  ScriptStep ScriptOf(const std::string& text, const v1::Position& at, const Around& around);
  Template TextOf(const std::string& text, const v1::Position& at, const Around& around);
  ValueTemplate ValueOf(const v1::Value& value, const v1::Position& at, const Around& around);
  void LookValue(const v1::Value& value, const Around& around);
  // Which of a response an expression asks for.
  void Look(const std::string& text, const Around& around);
  void LookAt(std::string_view name, const Around& around);

  const v1::Plan& plan_;
  // Find what the plan names; the compiled plan keeps it alive.
  std::shared_ptr<const PlanFiles> files_;
  Script& script_;
  Recorder& recorder_;
  std::unordered_map<std::string, std::string> params_;  // texts that no step changes
  std::vector<PlannedRendezvous> rendezvous_;
  absl::Status status_;  // the first fault
  bool reads_response_ = false;
  bool keeps_response_ = false;
  HashUses hashes_;        // like reads_response_
  HashUses later_hashes_;  // like keeps_response_
  bool measures_bodies_ = false;
  int lists_ = 0;
  size_t taker_ = 0;  // whose steps these are: see common/feed/feed_share.h
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_COMPILED_COMPILER_H_
