#include "common/plan/validation.h"

#include <algorithm>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/match.h"
#include "common/load/arrival_schedule.h"
#include "common/load/nanoseconds.h"
#include "common/load/share.h"
#include "common/load/user_schedule.h"
#include "common/plan/coordination.h"
#include "common/plan/feed_validation.h"
#include "common/plan/graphql_document.h"
#include "common/plan/units.h"
#include "common/plan/variables.h"
#include "common/script/script.h"
#include "common/script/statements.h"
#include "common/stats/metric.h"
#include "common/stats/threshold.h"
#include "google/protobuf/descriptor.h"

namespace rampart {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// What the agent makes when an expression asks for it.
constexpr const char* kDynamicNames[] = {
    "status",    "ok",          "body",    "json",      "headers",  "error",    "user",
    "iteration", "duration_ms", "message", "connected", "url",      "scenario", "connecting_ms",
    "setup",     "data",        "errors",  "event",     "event_id", "args",     "sent_hash",
    "sent_size", "body_hash",   "cookies", "body_size", "timings"};

// The step around a step that keeps a connection while the steps in it run.
enum class Session { kNone, kWebsocket, kSocketio, kSubscribe, kSse };

class Validator {
 public:
  Validator(const v1::Plan& plan, Faults* faults)
      : plan_(plan), faults_(faults), catalog_(plan), script_(0) {}

  void Run() {
    known_ = FunctionNames();
    known_.insert(known_.end(), std::begin(kDynamicNames), std::end(kDynamicNames));
    for (const v1::Param& param : plan_.params()) known_.push_back(param.name());
    // Names that steps set are known everywhere.
    for (const std::string& name : VariableNames(plan_)) known_.push_back(name);
    Metrics();
    Texts(plan_, {});
    for (const v1::Scenario& scenario : plan_.scenarios()) {
      LoadOf(scenario);
      Steps(scenario.steps(), Session::kNone);
    }
    Steps(plan_.setup(), Session::kNone);
    Steps(plan_.teardown(), Session::kNone);
    ValidateFeeds(plan_, faults_);
    Thresholds();
    ValidateCoordination(plan_, faults_);
    if (plan_.scenarios().empty()) {
      faults_->Add(0, 0, "a plan needs at least one scenario under `scenarios`");
    }
  }

 private:
  // Which connection a step can use.
  enum class Inside { kNothing, kWebsocket, kSocketio };

  void Metrics() {
    std::set<std::string> built_in;
    for (const MetricInfo& metric : BuiltInMetrics()) built_in.insert(metric.name);
    for (const v1::Metric& metric : plan_.metrics()) {
      if (built_in.contains(metric.name())) {
        faults_->Add(metric.at(), "`" + metric.name() + "` is the name of a built-in metric");
      }
    }
  }

  const MetricInfo* Metric(const std::string& name, const v1::Position& at) {
    const MetricInfo* found = catalog_.Find(name);
    if (found != nullptr) return found;
    std::vector<std::string> names;
    for (const MetricInfo& metric : catalog_.all()) names.push_back(metric.name);
    const std::string near = Nearest(name, names);
    faults_->Add(
        at, "there is no metric `" + name + "`" +
                (near.empty() ? ": name it under `metrics`" : " (did you mean `" + near + "`?)"));
    return nullptr;
  }

  // Every text that runs later; `at` is the place of the nearest part that has one.
  void Texts(const Message& message, v1::Position at) {
    const auto* reflection = message.GetReflection();
    if (const auto* own = message.GetDescriptor()->FindFieldByName("at")) {
      at = static_cast<const v1::Position&>(reflection->GetMessage(message, own));
    }
    std::vector<const FieldDescriptor*> fields;
    reflection->ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      const v1::Written written = field->options().GetExtension(v1::written);
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && !field->is_repeated()) {
        Text(reflection->GetString(message, field), written, at);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
        for (int i = 0; i < count; ++i) {
          const Message& part = field->is_repeated()
                                    ? reflection->GetRepeatedMessage(message, field, i)
                                    : reflection->GetMessage(message, field);
          const auto* value = dynamic_cast<const v1::Value*>(&part);
          if (value != nullptr) {
            if (written == v1::TEMPLATE) ValueTexts(*value, at);
          } else {
            Texts(part, at);
          }
        }
      }
    }
    if (const auto* http = dynamic_cast<const v1::Http*>(&message)) Recorded(http->record());
    if (const auto* graphql = dynamic_cast<const v1::Graphql*>(&message)) {
      Recorded(graphql->record());
    }
    if (const auto* subscribe = dynamic_cast<const v1::Subscribe*>(&message)) {
      Recorded(subscribe->record());
    }
    if (const auto* sse = dynamic_cast<const v1::Sse*>(&message)) Recorded(sse->record());
    if (const auto* ws = dynamic_cast<const v1::Websocket*>(&message)) Recorded(ws->record());
    if (const auto* io = dynamic_cast<const v1::Socketio*>(&message)) Recorded(io->record());
    if (const auto* emit = dynamic_cast<const v1::Emit*>(&message)) Recorded(emit->record());
    if (const auto* record = dynamic_cast<const v1::Record*>(&message)) Recorded(record->values());
  }

  template <typename Expressions>
  void Recorded(const Expressions& expressions) {
    for (const v1::NamedExpression& one : expressions) {
      const MetricInfo* metric = Metric(one.name(), one.at());
      if (metric != nullptr && metric->built_in) {
        faults_->Add(one.at(),
                     "`" + one.name() + "` is measured by Rampart, a plan cannot record it");
      }
    }
  }

  void ValueTexts(const v1::Value& value, const v1::Position& at) {
    if (value.has_string()) Text(value.string(), v1::TEMPLATE, at);
    for (const v1::Value& item : value.list().items()) ValueTexts(item, at);
    for (const auto& member : value.object().members()) ValueTexts(member.value(), at);
  }

  void Text(const std::string& text, v1::Written written, const v1::Position& at) {
    if (written == v1::EXPRESSION) {
      const auto compiled = script_.Compile(text);
      if (!compiled.ok()) return faults_->Add(at, std::string(compiled.status().message()));
      Names(text, at);
    } else if (written == v1::TEMPLATE) {
      const auto compiled = script_.CompileTemplate(text);
      if (!compiled.ok()) return faults_->Add(at, std::string(compiled.status().message()));
      for (const std::string& expression : compiled->texts) Names(expression, at);
    } else if (written == v1::STATEMENTS) {
      StatementsOf(text, at);
    }
  }

  void StatementsOf(const std::string& text, const v1::Position& at) {
    const auto compiled = script_.CompileProgram(text);
    if (!compiled.ok()) return faults_->Add(at, std::string(compiled.status().message()));
    const auto statements = ReadStatements(text);
    if (!statements.ok()) return faults_->Add(at, std::string(statements.status().message()));
    for (const Statements::Name& read : statements->free) {
      if (std::find(known_.begin(), known_.end(), read.name) != known_.end()) continue;
      Unknown(read.name, "line " + std::to_string(read.line), at);
    }
    // It would hide what everything else in the plan means by that name.
    for (const Statements::Name& set : statements->assigned) {
      if (!IsReserved(set.name)) continue;
      faults_->Add(at, "line " + std::to_string(set.line) + ": `" + set.name +
                           "` is a name of Rampart's: choose another for the variable, or write "
                           "`local " +
                           set.name + "`");
    }
  }

  static bool IsReserved(const std::string& name) {
    const std::vector<std::string>& functions = FunctionNames();
    return std::find(functions.begin(), functions.end(), name) != functions.end() ||
           std::find(std::begin(kDynamicNames), std::end(kDynamicNames), name) !=
               std::end(kDynamicNames);
  }

  void Names(const std::string& expression, const v1::Position& at) {
    for (const std::string& name : UnknownNames(expression, known_)) {
      Unknown(name, "`" + expression + "`", at);
    }
  }

  void Unknown(const std::string& name, const std::string& where, const v1::Position& at) {
    const std::string near = Nearest(name, known_);
    faults_->Add(at, "`" + name + "` in " + where + " is not known" +
                         (near.empty() ? "" : " (did you mean `" + near + "`?)"));
  }

  void LoadOf(const v1::Scenario& scenario) {
    const v1::Load& load = scenario.load();
    const v1::Position& at = load.at();
    int64_t users = 0;
    int64_t length = 0;
    if (load.kind_case() == v1::Load::KIND_NOT_SET) {
      return faults_->Add(at, "`load` needs a model, such as `constant_users`");
    }
    if (IsArrivalRate(load)) {
      const auto schedule = ArrivalSchedule::Make(load);
      if (!schedule.ok()) return faults_->Add(at, std::string(schedule.status().message()));
      const auto most = [&](const auto& model) {
        if (model.max_users() != 0 && model.max_users() < model.users()) {
          faults_->Add(at, "`max_users` is under `users`");
        }
        return std::max(model.users(), model.max_users());
      };
      users = load.has_constant_arrival_rate() ? most(load.constant_arrival_rate())
                                               : most(load.ramping_arrival_rate());
      length = schedule->Length();
      if (users == 0) faults_->Add(at, "an arrival rate needs at least one user");
    } else {
      const auto schedule = UserSchedule::Make(load);
      users = schedule->MaxUsers();
      length = schedule->Length();
      if (users == 0) faults_->Add(at, "this load never has a user");
    }
    if (users > kMaxUsers) faults_->Add(at, "more than 1,000,000 users");
    if (length == 0) faults_->Add(at, "this load has no length");
    if (Ns(scenario.start()) + length > kMaxPlanNs) faults_->Add(at, "longer than 7 days");
  }

  template <typename StepList>
  void Steps(const StepList& steps, Session session) {
    for (const v1::Step& step : steps) {
      const bool wants_steps =
          step.has_when() || step.has_repeat() || step.has_for_each() || step.has_group();
      switch (step.kind_case()) {
        case v1::Step::KIND_NOT_SET:
          faults_->Add(step.at(), "a step needs a kind, such as `http`");
          break;
        case v1::Step::kSend:
          if (session != Session::kWebsocket) {
            faults_->Add(step.at(), "`send` works inside a `websocket` only");
          }
          break;
        case v1::Step::kEmit:
          Emit(step.emit(), step.at(), session);
          break;
        case v1::Step::kClose:
          if (const uint32_t code = step.close().code();
              code != 0 && code != 1000 && (code < 3000 || code > 4999)) {
            faults_->Add(step.at(), "a client closes with 1000 or a code from 3000 to 4999");
          }
          if (session == Session::kNone) {
            faults_->Add(
                step.at(),
                "`close` works inside a `websocket`, `socketio`, `subscribe` or `sse` only");
          }
          break;
        case v1::Step::kWebsocket:
          Begin(step.at(), session);
          Steps(step.websocket().on_open(), Session::kWebsocket);
          Steps(step.websocket().on_message(), Session::kWebsocket);
          Steps(step.websocket().on_close(), Session::kNone);
          NothingWaits(step.websocket().on_close());
          for (const auto& every : step.websocket().send_every()) {
            Every(every, "send_every", Session::kWebsocket);
          }
          break;
        case v1::Step::kSocketio:
          Begin(step.at(), session);
          Socketio(step.socketio());
          break;
        case v1::Step::kSubscribe:
          Begin(step.at(), session);
          Operation(step.subscribe(), step.at());
          Steps(step.subscribe().on_subscribed(), Session::kSubscribe);
          Steps(step.subscribe().on_next(), Session::kSubscribe);
          for (const auto& every : step.subscribe().every()) {
            Every(every, "every", Session::kSubscribe);
          }
          break;
        case v1::Step::kSse:
          Begin(step.at(), session);
          Steps(step.sse().on_event(), Session::kSse);
          break;
        case v1::Step::kRepeat:
          if (step.repeat().has_every() && Ns(step.repeat().every().min()) <= 0) {
            faults_->Add(step.at(), "`every` must be over 0");
          }
          break;
        case v1::Step::kChoose:
          Choices(step.choose(), step.at(), session);
          break;
        case v1::Step::kHttp:
          if (step.http().target_case() == v1::Http::TARGET_NOT_SET) {
            faults_->Add(step.at(), "`http` needs a method with a URL, such as `get: /api/health`");
          }
          if (step.http().has_multipart()) Multipart(step.http());
          break;
        case v1::Step::kGraphql:
          Operation(step.graphql(), step.at());
          break;
        default:
          break;
      }
      if (wants_steps && step.steps().empty())
        faults_->Add(step.at(), "`steps` is missing or empty");
      if (!wants_steps && !step.steps().empty()) {
        faults_->Add(step.at(), "`steps` belongs to `when`, `repeat`, `for_each` and `group`");
      }
      Steps(step.steps(), session);
    }
  }

  void Multipart(const v1::Http& http) {
    for (const v1::Field& header : http.headers()) {
      if (absl::EqualsIgnoreCase(header.name(), "content-type")) {
        faults_->Add(header.at(), "`multipart` makes its own Content-Type, with the boundary");
      }
    }
    if (http.multipart().parts().empty()) faults_->Add(http.at(), "`multipart` needs a part");
    for (const v1::Part& part : http.multipart().parts()) {
      if (part.content_case() == v1::Part::CONTENT_NOT_SET) {
        faults_->Add(part.at(), "a part needs `value`, `generate` or `file`");
      }
      if (part.content_type().find_first_of("\r\n") != std::string::npos) {
        faults_->Add(part.at(), "`content_type` has a line break in it");
      }
      if (part.has_generate() && part.generate().find("${") == std::string::npos) {
        const auto size = ParseSize(part.generate());
        if (!size.ok()) faults_->Add(part.at(), std::string(size.status().message()));
      }
    }
  }

  template <typename StepKind>
  void Operation(const StepKind& step, const v1::Position& at) {
    const GraphqlDocument document = ReadGraphqlDocument(step.query());
    if (!document.fault.empty()) {
      return faults_->Add(at, "`query` is no GraphQL document: " + document.fault);
    }
    const std::string fault = OperationFault(document, step.operation_name());
    if (!fault.empty()) return faults_->Add(at, fault);
    if (std::is_same_v<StepKind, v1::Graphql> &&
        ChosenOperation(document, step.operation_name()).kind == "subscription") {
      faults_->Add(at,
                   "a subscription needs a `subscribe` step: its results come over a WebSocket");
    }
  }

  void Begin(const v1::Position& at, Session session) {
    if (session == Session::kNone) return;
    faults_->Add(at,
                 "a `websocket`, `socketio`, `subscribe` or `sse` inside of another: a user has "
                 "one at a time");
  }

  void Every(const v1::SendEvery& every, const std::string& name, Session session) {
    if (Ns(every.interval().min()) <= 0) {
      faults_->Add(every.at(), "`interval` must be over 0");
    }
    if (session == Session::kWebsocket && every.has_message() != every.steps().empty()) {
      faults_->Add(every.at(), "`" + name + "` needs either a `message` or `steps`");
    }
    if (session != Session::kWebsocket && (every.has_message() || every.steps().empty())) {
      faults_->Add(every.at(), "`" + name + "` needs `steps`, and no `message`");
    }
    Steps(every.steps(), session);
  }

  void Socketio(const v1::Socketio& socketio) {
    if (socketio.has_auth() && !socketio.auth().has_object()) {
      faults_->Add(socketio.at(), "`auth` must be a map, such as `{ token: \"${token}\" }`");
    }
    Steps(socketio.on_connect(), Session::kSocketio);
    for (const v1::EventSteps& on : socketio.on()) {
      if (on.steps().empty()) faults_->Add(on.at(), "`on` needs steps for each event");
      Steps(on.steps(), Session::kSocketio);
    }
    for (const v1::SendEvery& every : socketio.every()) {
      Every(every, "every", Session::kSocketio);
    }
  }

  void Emit(const v1::Emit& emit, const v1::Position& at, Session session) {
    if (session != Session::kSocketio) {
      faults_->Add(at, "`emit` works inside a `socketio` only");
    }
    const bool after = !emit.checks().empty() || !emit.record().empty() || !emit.save().empty();
    if (!emit.ack() && (after || emit.has_timeout())) {
      faults_->Add(at,
                   "`checks`, `record`, `save` and `timeout` of an `emit` are of its "
                   "acknowledgement: they need `ack: true`");
    }
  }

  // The connection is gone, and the user may have been stopped.
  template <typename StepList>
  void NothingWaits(const StepList& steps) {
    for (const v1::Step& step : steps) {
      switch (step.kind_case()) {
        case v1::Step::kRecord:
        case v1::Step::kSet:
        case v1::Step::kCheck:
        case v1::Step::kScript:
        case v1::Step::kWhen:
        case v1::Step::kGroup:
        case v1::Step::kFail:
        case v1::Step::KIND_NOT_SET:
          break;
        case v1::Step::kChoose:
          for (const auto& option : step.choose().options()) NothingWaits(option.steps());
          break;
        default:
          faults_->Add(step.at(),
                       "`on_close` takes steps that wait for nothing only: record, set, check, "
                       "script, when, choose, group and fail");
      }
      NothingWaits(step.steps());
    }
  }

  void Choices(const v1::Choose& choose, const v1::Position& at, Session session) {
    if (choose.options().empty()) faults_->Add(at, "`choose` needs at least one option");
    for (const auto& option : choose.options()) {
      if (option.weight() < 0) faults_->Add(option.at(), "a weight is under 0");
      Steps(option.steps(), session);
    }
  }

  void Thresholds() {
    for (const v1::Threshold& threshold : plan_.thresholds()) {
      const auto selector = Selector::Parse(threshold.metric());
      if (!selector.ok()) {
        faults_->Add(threshold.at(), std::string(selector.status().message()));
        continue;
      }
      const MetricInfo* metric = Metric(selector->metric, threshold.at());
      if (metric == nullptr) continue;
      for (const auto& condition : threshold.conditions()) {
        const auto parsed = Condition::Parse(condition.expression(), metric->kind);
        if (!parsed.ok()) faults_->Add(condition.at(), std::string(parsed.status().message()));
      }
    }
  }

  const v1::Plan& plan_;
  Faults* faults_;
  MetricCatalog catalog_;
  Script script_;
  std::vector<std::string> known_;
};

}  // namespace

void Validate(const v1::Plan& plan, Faults* faults) { Validator(plan, faults).Run(); }

}  // namespace rampart
