// The `subscribe` step.
#include <utility>

#include "agent/protocol/graphql.h"
#include "agent/user/compiled/compiler.h"

namespace rampart::agent {
namespace {

// `{"type": type}`; `payload` is added when it is there.
v1::Value Message(const char* type, const char* id, const v1::Value* payload) {
  v1::Value message;
  const auto add = [&message](const char* key) {
    v1::Value::Member* member = message.mutable_object()->add_members();
    member->set_key(key);
    return member->mutable_value();
  };
  if (id != nullptr) add("id")->set_string(id);
  add("type")->set_string(type);
  if (payload != nullptr) *add("payload") = *payload;
  return message;
}

}  // namespace

std::unique_ptr<SubscribeStep> Compiler::SubscribeOf(const v1::Subscribe& proto,
                                                     const Around& around) {
  auto step = std::make_unique<SubscribeStep>();
  step->target = TargetOf(proto, around);
  step->target.name = GraphqlName(proto.name(), proto.operation_name(), proto.query(), proto.url());
  step->target.subprotocols = kGraphqlSubprotocol;
  step->times = TimesOf(proto, proto.every(), around);
  const v1::Value request = GraphqlRequest(proto.query(), proto.variables(), proto.has_variables(),
                                           proto.operation_name());
  step->init =
      ValueOf(Message("connection_init", nullptr,
                      proto.has_connection_params() ? &proto.connection_params() : nullptr),
              proto.at(), around);
  step->subscribe =
      ValueOf(Message("subscribe", kGraphqlSubscription, &request), proto.at(), around);
  step->on_subscribed = StepsOf(proto.on_subscribed(), around);
  Around in_message = around;
  in_message.in_message = true;
  step->on_next = StepsOf(proto.on_next(), in_message);
  step->checks = ChecksOf(proto.checks(), around);
  step->record = RecordingsOf(proto.record(), step->target.tags, around);
  NameTarget(&step->target);
  step->results = recorder_.Find("graphql_next", step->target.tags.fixed);
  return step;
}

}  // namespace rampart::agent
