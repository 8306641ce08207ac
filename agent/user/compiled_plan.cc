#include "agent/user/compiled_plan.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "agent/protocol/url.h"
#include "common/load/grace.h"
#include "common/load/nanoseconds.h"
#include "common/plan/variables.h"

namespace rampart::agent {
namespace {

constexpr int64_t kDefaultTimeoutNs = 60'000'000'000;
constexpr uint32_t kDefaultMaxRedirects = 10;

int64_t NsOr(bool set, const google::protobuf::Duration& duration, int64_t otherwise) {
  return set ? Ns(duration) : otherwise;
}

DurationNs Range(const v1::DurationRange& range) { return {Ns(range.min()), Ns(range.max())}; }

bool SameHeader(const std::string& a, const std::string& b) { return absl::EqualsIgnoreCase(a, b); }

class Compiler {
 public:
  Compiler(const v1::Plan& plan, Script& script, Recorder& recorder)
      : plan_(plan), script_(script), recorder_(recorder) {
    const std::set<std::string> variables = VariableNames(plan);
    for (const v1::Param& param : plan.params()) {
      script_.SetShared(param.name(), param.value());
      if (param.value().has_string() && !variables.contains(param.name())) {
        params_[param.name()] = param.value().string();
      }
    }
  }

  // Every text has been compiled once before, by the controller, so the first fault is enough.
  absl::StatusOr<CompiledPlan> Run() {
    CompiledPlan compiled;
    compiled.setup = Aside("setup", plan_.setup());
    compiled.teardown = Aside("teardown", plan_.teardown());
    for (const v1::Scenario& scenario : plan_.scenarios()) {
      compiled.scenarios.push_back(ScenarioOf(scenario));
    }
    compiled.keeps_response = keeps_response_;
    if (!status_.ok()) return status_;
    return compiled;
  }

 private:
  // What surrounds a step.
  struct Around {
    SampleTags tags;  // scenario, group and the scenario's own
    std::string group;
    bool in_message = false;  // json is the message
  };

  CompiledScenario Aside(const std::string& name,
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

  CompiledScenario ScenarioOf(const v1::Scenario& proto) {
    CompiledScenario scenario;
    scenario.name = proto.name();
    scenario.load = proto.load();
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

  ScenarioSeries SeriesOf(const Tags& tags) {
    const auto find = [&](const char* metric) { return recorder_.Find(metric, tags); };
    return {find("iterations"),         find("iteration_duration"),
            find("dropped_iterations"), find("interrupted_iterations"),
            find("iteration_lateness"), find("step_errors"),
            find("data_sent"),          find("data_received")};
  }

  Steps StepsOf(const google::protobuf::RepeatedPtrField<v1::Step>& protos, const Around& around) {
    Steps steps;
    for (const v1::Step& proto : protos) steps.push_back(StepOf(proto, around));
    return steps;
  }

  Step StepOf(const v1::Step& proto, const Around& around) {
    Step step;
    step.at = proto.at();
    Around inside = around;
    switch (proto.kind_case()) {
      case v1::Step::kHttp:
        step.kind = HttpOf(proto.http(), around);
        step.label = std::get<std::unique_ptr<HttpStep>>(step.kind)->name;
        break;
      case v1::Step::kWebsocket:
        step.kind = WebsocketOf(proto.websocket(), around);
        step.label = std::get<std::unique_ptr<WebsocketStep>>(step.kind)->name;
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
        step.kind =
            RepeatStep{Code(proto.repeat().times(), proto.at(), around), proto.repeat().as()};
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
      case v1::Step::KIND_NOT_SET:
        Refuse(proto.at(), "a step without a kind");
    }
    step.steps = StepsOf(proto.steps(), inside);
    return step;
  }

  std::unique_ptr<HttpStep> HttpOf(const v1::Http& proto, const Around& around) {
    auto step = std::make_unique<HttpStep>();
    std::string url;
    std::tie(step->method, url) = MethodAndUrl(proto);
    step->name = proto.name().empty() ? url : proto.name();
    if (url.starts_with('/')) url = BaseUrl() + url;
    step->url = TextOf(url, proto.at(), around);

    std::vector<v1::Field> headers = Headers(proto.headers());
    const auto content_type = [&](const char* type) {
      for (const v1::Field& field : headers) {
        if (SameHeader(field.name(), "content-type")) return;
      }
      headers.emplace_back();
      headers.back().set_name("Content-Type");
      headers.back().set_value(type);
    };
    switch (proto.content_case()) {
      case v1::Http::kJson:
        step->content = ValueOf(proto.json(), proto.at(), around);
        content_type("application/json");
        break;
      case v1::Http::kForm: {
        std::vector<std::pair<std::string, Template>> fields;
        for (const v1::Field& field : proto.form().fields()) {
          std::string name;
          AppendFormEncoded(field.name(), &name);
          fields.emplace_back(std::move(name), TextOf(field.value(), field.at(), around));
        }
        step->content = std::move(fields);
        content_type("application/x-www-form-urlencoded");
        break;
      }
      case v1::Http::kBody:
        step->content = TextOf(proto.body(), proto.at(), around);
        break;
      case v1::Http::CONTENT_NOT_SET:
        break;
    }
    step->headers = HeadersOf(headers, around);

    Around own = around;
    own.in_message = true;  // json is this step's response: nothing has to be kept for later
    const bool kept_before = keeps_response_;
    reads_response_ = false;
    step->checks = ChecksOf(proto.checks(), own);
    step->save = Named(proto.save(), own);
    step->append = Named(proto.append(), own);
    SampleTags custom = around.tags;
    AddTags(proto.tags(), &custom);
    step->record = RecordingsOf(proto.record(), custom, own);
    step->reads_response = reads_response_;
    keeps_response_ = kept_before;

    step->tags = std::move(custom);
    SetTag("name", step->name, &step->tags.fixed);
    SetTag("method", step->method, &step->tags.fixed);
    step->timeout_ns = NsOr(proto.has_timeout(), proto.timeout(), DefaultTimeout());
    step->max_redirects = proto.has_max_redirects()          ? proto.max_redirects()
                          : plan_.http().has_max_redirects() ? plan_.http().max_redirects()
                                                             : kDefaultMaxRedirects;
    step->expect_status.assign(proto.expect_status().begin(), proto.expect_status().end());
    return step;
  }

  static std::pair<std::string, std::string> MethodAndUrl(const v1::Http& proto) {
    switch (proto.target_case()) {
      case v1::Http::kGet:
        return {"GET", proto.get()};
      case v1::Http::kPost:
        return {"POST", proto.post()};
      case v1::Http::kPut:
        return {"PUT", proto.put()};
      case v1::Http::kPatch:
        return {"PATCH", proto.patch()};
      case v1::Http::kDelete:
        return {"DELETE", proto.delete_()};
      case v1::Http::kHead:
        return {"HEAD", proto.head()};
      case v1::Http::kOptions:
        return {"OPTIONS", proto.options()};
      default:
        return {proto.request().method(), proto.request().url()};
    }
  }

  std::unique_ptr<WebsocketStep> WebsocketOf(const v1::Websocket& proto, const Around& around) {
    auto step = std::make_unique<WebsocketStep>();
    step->name = proto.name().empty() ? proto.url() : proto.name();
    step->url = TextOf(proto.url(), proto.at(), around);
    step->headers = HeadersOf(Headers(proto.headers()), around);
    for (const std::string& protocol : proto.subprotocols()) {
      if (!step->subprotocols.empty()) step->subprotocols += ", ";
      step->subprotocols += protocol;
    }
    step->on_open = StepsOf(proto.on_open(), around);
    Around in_message = around;
    in_message.in_message = true;
    step->on_message = StepsOf(proto.on_message(), in_message);
    for (const v1::SendEvery& every : proto.send_every()) {
      WebsocketStep::Every made;
      made.interval = Range(every.interval());
      made.at = every.at();
      if (made.interval.min <= 0) Refuse(every.at(), "`send_every` needs an interval over 0");
      if (every.has_message()) {
        made.message = std::make_unique<SendStep>(SendOf(every.message(), every.at(), around));
      }
      made.steps = StepsOf(every.steps(), around);
      step->every.push_back(std::move(made));
    }
    step->holds = proto.has_hold();
    step->hold = Range(proto.hold());
    step->timeout_ns = NsOr(proto.has_timeout(), proto.timeout(), kDefaultTimeoutNs);
    step->ping_every_ns = Ns(proto.ping_every());
    step->checks = ChecksOf(proto.checks(), around);
    step->tags = around.tags;
    AddTags(proto.tags(), &step->tags);
    step->record = RecordingsOf(proto.record(), step->tags, around);
    SetTag("name", step->name, &step->tags.fixed);
    step->series = MakeWebsocketSeries(step->tags.fixed, recorder_);
    return step;
  }

  SendStep SendOf(const v1::Send& proto, const v1::Position& at, const Around& around) {
    SendStep step;
    if (proto.has_json()) {
      step.content = ValueOf(proto.json(), at, around);
    } else {
      step.binary = proto.has_binary();
      step.content = TextOf(proto.has_binary() ? proto.binary() : proto.text(), at, around);
    }
    return step;
  }

  ChooseStep ChooseOf(const v1::Choose& proto, const Around& around) {
    ChooseStep step;
    double sum = 0;
    for (const auto& option : proto.options()) {
      sum += option.weight() == 0 ? 1 : option.weight();
      step.up_to.push_back(sum);
      step.options.push_back(StepsOf(option.steps(), around));
    }
    return step;
  }

  std::string BaseUrl() const {
    std::string base = plan_.http().base_url();
    if (base.ends_with('/')) base.pop_back();
    return base;
  }

  int64_t DefaultTimeout() const {
    return NsOr(plan_.http().has_timeout(), plan_.http().timeout(), kDefaultTimeoutNs);
  }

  // The plan's, then the step's own, which replace them.
  std::vector<v1::Field> Headers(const google::protobuf::RepeatedPtrField<v1::Field>& own) const {
    std::vector<v1::Field> headers;
    for (const v1::Field& field : plan_.http().headers()) {
      const bool replaced = std::any_of(own.begin(), own.end(), [&](const v1::Field& other) {
        return SameHeader(other.name(), field.name());
      });
      if (!replaced) headers.push_back(field);
    }
    headers.insert(headers.end(), own.begin(), own.end());
    return headers;
  }

  HeaderText HeadersOf(const std::vector<v1::Field>& headers, const Around& around) {
    HeaderText text;
    std::string lines;
    v1::Position at;
    for (const v1::Field& field : headers) {
      lines += field.name() + ": " + field.value() + "\r\n";
      at = field.at();
    }
    text.lines = TextOf(lines, at, around);
    text.count = static_cast<int>(headers.size());
    return text;
  }

  void AddTags(const google::protobuf::RepeatedPtrField<v1::Field>& fields, SampleTags* tags) {
    for (const v1::Field& field : fields) {
      Template value = TextOf(field.value(), field.at(), Around{});
      if (!value.literals.empty() && value.constant()) {
        SetTag(field.name(), value.literals[0], &tags->fixed);
      } else {
        tags->rendered.emplace_back(field.name(), std::move(value));
      }
    }
  }

  std::vector<CheckCode> ChecksOf(
      const google::protobuf::RepeatedPtrField<v1::NamedExpression>& protos, const Around& around) {
    std::vector<CheckCode> checks;
    for (const v1::NamedExpression& proto : protos) {
      Tags tags = around.tags.fixed;
      SetTag("check", proto.name(), &tags);
      checks.push_back({Code(proto.expression(), proto.at(), around), proto.at(),
                        recorder_.Find("checks", tags)});
    }
    return checks;
  }

  Recordings RecordingsOf(const google::protobuf::RepeatedPtrField<v1::NamedExpression>& protos,
                          const SampleTags& tags, const Around& around) {
    Recordings recordings;
    if (protos.empty()) return recordings;
    recordings.tags = tags;
    for (const v1::NamedExpression& proto : protos) {
      recordings.all.push_back({proto.name(), Code(proto.expression(), proto.at(), around),
                                proto.at(), recorder_.Find(proto.name(), tags.fixed)});
    }
    return recordings;
  }

  std::vector<NamedCode> Named(
      const google::protobuf::RepeatedPtrField<v1::NamedExpression>& protos, const Around& around) {
    std::vector<NamedCode> named;
    for (const v1::NamedExpression& proto : protos) {
      named.push_back({proto.name(), Code(proto.expression(), proto.at(), around), proto.at()});
    }
    return named;
  }

  void Refuse(const v1::Position& at, std::string_view why) {
    status_.Update(absl::InvalidArgumentError(plan_.file() + ":" + std::to_string(at.line()) + ":" +
                                              std::to_string(at.column()) + ": " +
                                              std::string(why)));
  }

  Expression Code(const std::string& text, const v1::Position& at, const Around& around) {
    const absl::StatusOr<Expression> compiled = script_.Compile(text);
    if (!compiled.ok()) {
      Refuse(at, std::string(compiled.status().message()));
      return {};
    }
    Look(text, around);
    return *compiled;
  }

  Template TextOf(const std::string& text, const v1::Position& at, const Around& around) {
    absl::StatusOr<Template> compiled = script_.CompileTemplate(text);
    if (!compiled.ok()) {
      Refuse(at, std::string(compiled.status().message()));
      return {};
    }
    Template folded;
    folded.literals.push_back(compiled->literals[0]);
    for (size_t i = 0; i < compiled->expressions.size(); ++i) {
      const auto param = params_.find(compiled->texts[i]);
      if (param != params_.end()) {
        folded.literals.back() += param->second + compiled->literals[i + 1];
        continue;
      }
      Look(compiled->texts[i], around);
      folded.expressions.push_back(compiled->expressions[i]);
      folded.texts.push_back(compiled->texts[i]);
      folded.literals.push_back(compiled->literals[i + 1]);
    }
    return folded;
  }

  ValueTemplate ValueOf(const v1::Value& value, const v1::Position& at, const Around& around) {
    absl::StatusOr<ValueTemplate> compiled = script_.CompileValue(value);
    if (!compiled.ok()) {
      Refuse(at, std::string(compiled.status().message()));
      return {};
    }
    LookValue(value, around);
    return *std::move(compiled);
  }

  void LookValue(const v1::Value& value, const Around& around) {
    if (value.has_string()) Look(value.string(), around);
    for (const v1::Value& item : value.list().items()) LookValue(item, around);
    for (const auto& member : value.object().members()) LookValue(member.value(), around);
  }

  // Which of a response an expression asks for.
  void Look(const std::string& text, const Around& around) {
    for (const std::string& name : UnknownNames(text, {})) {
      if (name != "body" && name != "json" && name != "headers") continue;
      reads_response_ = true;
      if (name != "json" || !around.in_message) keeps_response_ = true;
    }
  }

  const v1::Plan& plan_;
  Script& script_;
  Recorder& recorder_;
  std::unordered_map<std::string, std::string> params_;  // texts that no step changes
  absl::Status status_;                                  // the first fault
  bool reads_response_ = false;
  bool keeps_response_ = false;
  int lists_ = 0;
};

}  // namespace

absl::StatusOr<CompiledPlan> Compile(const v1::Plan& plan, Script& script, Recorder& recorder) {
  return Compiler(plan, script, recorder).Run();
}

}  // namespace rampart::agent
