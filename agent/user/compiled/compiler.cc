#include "agent/user/compiled/compiler.h"

#include <set>
#include <utility>

#include "common/feed/feed_share.h"
#include "common/load/grace.h"
#include "common/load/nanoseconds.h"
#include "common/plan/variables.h"

namespace rampart::agent {

int64_t NsOr(bool set, const google::protobuf::Duration& duration, int64_t otherwise) {
  return set ? Ns(duration) : otherwise;
}

DurationNs Range(const v1::DurationRange& range) { return {Ns(range.min()), Ns(range.max())}; }

Compiler::Compiler(const v1::Plan& plan, std::shared_ptr<const PlanFiles> files, Script& script,
                   Recorder& recorder)
    : plan_(plan),
      files_(std::move(files)),
      script_(script),
      recorder_(recorder),
      rendezvous_(RendezvousOf(plan)) {
  const std::set<std::string> variables = VariableNames(plan);
  for (const std::string& name : variables) script_.HideQuick(name);
  for (const v1::Param& param : plan.params()) {
    script_.SetShared(param.name(), param.value());
    if (param.value().has_string() && !variables.contains(param.name())) {
      params_[param.name()] = param.value().string();
    }
  }
}

absl::StatusOr<CompiledPlan> Compiler::Run() {
  CompiledPlan compiled;
  taker_ = kSetupTaker;
  compiled.setup = Aside("setup", plan_.setup());
  taker_ = kTeardownTaker;
  compiled.teardown = Aside("teardown", plan_.teardown());
  taker_ = kFirstScenario;
  for (const v1::Scenario& scenario : plan_.scenarios()) {
    compiled.scenarios.push_back(ScenarioOf(scenario));
    ++taker_;
  }
  compiled.keeps_response = keeps_response_;
  compiled.hashes = later_hashes_;
  compiled.measures_bodies = measures_bodies_;
  compiled.files = files_;
  if (!status_.ok()) return status_;
  return compiled;
}

CompiledScenario Compiler::Aside(const std::string& name,
                                 const google::protobuf::RepeatedPtrField<v1::Step>& steps) {
  CompiledScenario scenario;
  scenario.name = name;
  if (steps.empty()) return scenario;
  Around around;
  SetTag("scenario", name, &around.tags.fixed);
  scenario.series = SeriesOf(around.tags.fixed);
  scenario.steps = StepsOf(steps, around);
  return scenario;
}

CompiledScenario Compiler::ScenarioOf(const v1::Scenario& proto) {
  CompiledScenario scenario;
  scenario.name = proto.name();
  scenario.load = proto.load();
  scenario.start_after = proto.start_after();
  scenario.start_ns = Ns(proto.start());
  scenario.graceful_stop_ns = GracefulStopNs(proto);
  scenario.graceful_ramp_down_ns = GracefulRampDownNs(proto.load());
  Around around;
  SetTag("scenario", proto.name(), &around.tags.fixed);
  scenario.series = SeriesOf(around.tags.fixed);
  AddTags(proto.tags(), &around.tags);
  scenario.steps = StepsOf(proto.steps(), around);
  return scenario;
}

ScenarioSeries Compiler::SeriesOf(const Tags& tags) {
  const auto find = [&](const char* metric) { return recorder_.Find(metric, tags); };
  return {find("iterations"),         find("iteration_duration"),
          find("dropped_iterations"), find("interrupted_iterations"),
          find("iteration_lateness"), find("step_errors"),
          find("data_sent"),          find("data_received")};
}

Steps Compiler::StepsOf(const google::protobuf::RepeatedPtrField<v1::Step>& protos,
                        const Around& around) {
  Steps steps;
  for (const v1::Step& proto : protos) steps.push_back(StepOf(proto, around));
  return steps;
}

Step Compiler::StepOf(const v1::Step& proto, const Around& around) {
  Step step;
  step.at = proto.at();
  Around inside = around;
  switch (proto.kind_case()) {
    case v1::Step::kHttp:
      step.kind = HttpOf(proto.http(), around);
      step.label = std::get<std::unique_ptr<HttpStep>>(step.kind)->name;
      break;
    case v1::Step::kGraphql:
      step.kind = GraphqlOf(proto.graphql(), around);
      step.label = std::get<std::unique_ptr<HttpStep>>(step.kind)->name;
      break;
    case v1::Step::kWebsocket:
      step.kind = WebsocketOf(proto.websocket(), around);
      step.label = std::get<std::unique_ptr<WebsocketStep>>(step.kind)->target.name;
      break;
    case v1::Step::kSubscribe:
      step.kind = SubscribeOf(proto.subscribe(), around);
      step.label = std::get<std::unique_ptr<SubscribeStep>>(step.kind)->target.name;
      break;
    case v1::Step::kSse:
      step.kind = SseOf(proto.sse(), around);
      step.label = std::get<std::unique_ptr<SseStep>>(step.kind)->name;
      break;
    case v1::Step::kSleep:
      step.kind = SleepStep{Range(proto.sleep())};
      step.label = "sleep";
      break;
    case v1::Step::kSet:
      step.kind = SetStep{Named(proto.set().variables(), around)};
      step.label = "set";
      break;
    case v1::Step::kWhen:
      step.kind = WhenStep{Code(proto.when(), proto.at(), around)};
      step.label = "when";
      break;
    case v1::Step::kRepeat:
      step.kind = RepeatOf(proto.repeat(), proto.at(), around);
      step.label = "repeat";
      break;
    case v1::Step::kForEach:
      // No Lua name begins with a space, so no plan can reach it.
      step.kind = ForEachStep{Code(proto.for_each().in(), proto.at(), around),
                              proto.for_each().as(), " list " + std::to_string(++lists_)};
      step.label = "for_each";
      break;
    case v1::Step::kChoose:
      step.kind = ChooseOf(proto.choose(), around);
      step.label = "choose";
      break;
    case v1::Step::kGroup: {
      inside.group = around.group.empty() ? proto.group() : around.group + "::" + proto.group();
      SetTag("group", inside.group, &inside.tags.fixed);
      step.kind = GroupStep{recorder_.Find("group_duration", inside.tags.fixed)};
      step.label = proto.group();
      break;
    }
    case v1::Step::kFail:
      step.kind = FailStep{TextOf(proto.fail().message(), proto.at(), around)};
      step.label = "fail";
      break;
    case v1::Step::kRecord: {
      SampleTags tags = around.tags;
      AddTags(proto.record().tags(), &tags);
      step.kind = RecordingsOf(proto.record().values(), tags, around);
      step.label = "record";
      break;
    }
    case v1::Step::kCheck:
      step.kind = CheckStep{ChecksOf(proto.check().checks(), around)};
      step.label = "check";
      break;
    case v1::Step::kSend:
      step.kind = SendOf(proto.send(), proto.at(), around);
      step.label = "send";
      break;
    case v1::Step::kClose: {
      const uint32_t code = proto.close().code();
      step.kind = CloseStep{static_cast<uint16_t>(code == 0 ? 1000 : code),
                            TextOf(proto.close().reason(), proto.at(), around)};
      step.label = "close";
      break;
    }
    case v1::Step::kScript:
      step.kind = ScriptOf(proto.script(), proto.at(), around);
      step.label = "script";
      break;
    case v1::Step::kSocketio:
      step.kind = SocketioOf(proto.socketio(), around);
      step.label = std::get<std::unique_ptr<SocketioStep>>(step.kind)->target.name;
      break;
    case v1::Step::kEmit:
      step.kind = EmitOf(proto.emit(), around);
      step.label = "emit " + proto.emit().event();
      break;
    case v1::Step::kRendezvous:
      step.kind = RendezvousStepOf(proto.rendezvous(), proto.at(), around);
      step.label = proto.rendezvous().name();
      break;
    case v1::Step::kTake:
      step.kind = TakeOf(proto.take(), proto.at());
      step.label = "take";
      break;
    case v1::Step::KIND_NOT_SET:
      Refuse(proto.at(), "a step without a kind");
  }
  step.steps = StepsOf(proto.steps(), inside);
  return step;
}

RepeatStep Compiler::RepeatOf(const v1::Repeat& proto, const v1::Position& at,
                              const Around& around) {
  RepeatStep step{Code(proto.times(), at, around), proto.as(), {}, {}};
  if (proto.has_every()) step.every = Range(proto.every());
  if (!proto.until().empty()) step.until = Code(proto.until(), at, around);
  return step;
}

ChooseStep Compiler::ChooseOf(const v1::Choose& proto, const Around& around) {
  ChooseStep step;
  double sum = 0;
  for (const auto& option : proto.options()) {
    sum += option.weight() == 0 ? 1 : option.weight();
    step.up_to.push_back(sum);
    step.options.push_back(StepsOf(option.steps(), around));
  }
  return step;
}

absl::StatusOr<CompiledPlan> Compile(const v1::Plan& plan, std::shared_ptr<const PlanFiles> files,
                                     Script& script, Recorder& recorder) {
  return Compiler(plan, std::move(files), script, recorder).Run();
}

}  // namespace rampart::agent
