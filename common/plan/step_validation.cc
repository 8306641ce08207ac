#include "common/plan/step_validation.h"

#include <string>
#include <type_traits>

#include "absl/strings/match.h"
#include "common/load/nanoseconds.h"
#include "common/plan/graphql_document.h"
#include "common/plan/units.h"

namespace rampart {
namespace {

using StepList = google::protobuf::RepeatedPtrField<v1::Step>;

// The step around a step that keeps a connection while the steps in it run.
enum class Session { kNone, kWebsocket, kSocketio, kSubscribe, kSse };

class StepValidator {
 public:
  explicit StepValidator(Faults* faults) : faults_(faults) {}

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

 private:
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
      if (part.has_file() && part.file().empty()) faults_->Add(part.at(), "`file` is empty");
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

  Faults* faults_;
};

}  // namespace

void ValidateSteps(const StepList& steps, Faults* faults) {
  StepValidator(faults).Steps(steps, Session::kNone);
}

}  // namespace rampart
