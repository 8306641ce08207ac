#include "common/plan/validation.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/load/arrival_schedule.h"
#include "common/load/nanoseconds.h"
#include "common/load/share.h"
#include "common/load/user_schedule.h"
#include "common/plan/coordination.h"
#include "common/plan/each_message.h"
#include "common/plan/each_text.h"
#include "common/plan/feed_validation.h"
#include "common/plan/step_validation.h"
#include "common/plan/variables.h"
#include "common/script/script.h"
#include "common/script/statements.h"
#include "common/stats/metric.h"
#include "common/stats/threshold.h"
#include "google/protobuf/reflection.h"

namespace rampart {
namespace {

using google::protobuf::Message;

// What the agent makes when an expression asks for it.
constexpr const char* kDynamicNames[] = {
    "status",    "ok",          "body",    "json",      "headers",  "error",    "user",
    "iteration", "duration_ms", "message", "connected", "url",      "scenario", "connecting_ms",
    "setup",     "data",        "errors",  "event",     "event_id", "args",     "sent_hash",
    "sent_size", "body_hash",   "cookies", "body_size", "timings",  "secret"};

// A token of RFC 9110, 5.6.2.
bool IsHeaderName(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           kMarks.find(c) != std::string_view::npos;
  });
}

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
    ForEachText(plan_, {},
                [this](const std::string& text, v1::Written written, const v1::Position& at) {
                  Text(text, written, at);
                });
    ForEachMessage(plan_, [this](const Message& part) {
      RecordedIn(part);
      HeadersIn(part);
      // ForEachText passes over what is empty, which elsewhere is as good as absent.
      const auto* named = dynamic_cast<const v1::NamedExpression*>(&part);
      if (named != nullptr && named->expression().empty()) {
        faults_->Add(named->at(), "`" + named->name() + "` has no expression");
      }
    });
    for (const v1::Scenario& scenario : plan_.scenarios()) {
      LoadOf(scenario);
      ValidateSteps(scenario.steps(), faults_);
    }
    ValidateSteps(plan_.setup(), faults_);
    ValidateSteps(plan_.teardown(), faults_);
    ValidateFeeds(plan_, faults_);
    Thresholds();
    ValidateCoordination(plan_, faults_);
    if (plan_.scenarios().empty()) {
      faults_->Add(0, 0, "a plan needs at least one scenario under `scenarios`");
    }
  }

 private:
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

  // Of what a part of the plan records.
  void RecordedIn(const Message& message) {
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

  // A part's `headers`: their values are templates, their names are not.
  void HeadersIn(const Message& part) {
    const auto* field = part.GetDescriptor()->FindFieldByName("headers");
    if (field == nullptr) return;
    for (const auto& header : part.GetReflection()->GetRepeatedFieldRef<v1::Field>(part, field)) {
      if (IsHeaderName(header.name())) continue;
      faults_->Add(header.at(), "`" + header.name() +
                                    "` is no name of a header: names are made of letters, digits "
                                    "and !#$%&'*+-.^_`|~; `${...}` works in values only");
    }
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
