// The `graphql` step: an `http` step with a mark.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "agent/user/compiled/compiler.h"
#include "common/plan/graphql_document.h"

namespace rampart::agent {
namespace {

constexpr const char* kDefaultUrl = "/graphql";

void AddMember(const char* key, v1::Value value, v1::Value* object) {
  v1::Value::Member* member = object->mutable_object()->add_members();
  member->set_key(key);
  *member->mutable_value() = std::move(value);
}

// A text that stays as it is where the strings around it are templates.
v1::Value Literal(const std::string& text) {
  v1::Value value;
  value.set_string(AsTemplate(text));
  return value;
}

}  // namespace

std::string GraphqlName(const std::string& name, const std::string& operation_name,
                        const std::string& query, const std::string& url) {
  if (!name.empty()) return name;
  if (!operation_name.empty()) return operation_name;
  const GraphqlDocument document = ReadGraphqlDocument(query);
  const bool named = !document.operations.empty() && !document.operations[0].name.empty();
  return named ? document.operations[0].name : url;
}

v1::Value GraphqlRequest(const std::string& query, const v1::Value& variables, bool has_variables,
                         const std::string& operation_name) {
  v1::Value request;
  AddMember("query", Literal(query), &request);
  if (has_variables) AddMember("variables", variables, &request);
  if (!operation_name.empty()) AddMember("operationName", Literal(operation_name), &request);
  return request;
}

std::unique_ptr<HttpStep> Compiler::GraphqlOf(const v1::Graphql& proto, const Around& around) {
  const std::string url = proto.url().empty() ? kDefaultUrl : proto.url();
  v1::Http http;
  http.set_name(GraphqlName(proto.name(), proto.operation_name(), proto.query(), url));
  http.set_post(url);
  *http.mutable_headers() = proto.headers();
  const std::vector<v1::Field> headers = Headers(proto.headers());
  const bool accepts = std::any_of(headers.begin(), headers.end(), [](const v1::Field& field) {
    return absl::EqualsIgnoreCase(field.name(), "accept");
  });
  if (!accepts) {
    v1::Field* accept = http.add_headers();
    accept->set_name("Accept");
    accept->set_value("application/graphql-response+json, application/json");
    *accept->mutable_at() = proto.at();
  }
  *http.mutable_json() = GraphqlRequest(proto.query(), proto.variables(), proto.has_variables(),
                                        proto.operation_name());
  *http.mutable_checks() = proto.checks();
  *http.mutable_record() = proto.record();
  *http.mutable_save() = proto.save();
  *http.mutable_append() = proto.append();
  *http.mutable_tags() = proto.tags();
  if (proto.has_timeout()) *http.mutable_timeout() = proto.timeout();
  *http.mutable_at() = proto.at();

  std::unique_ptr<HttpStep> step = HttpOf(http, around);
  step->reads_response = true;  // whether it has errors
  step->graphql = std::make_unique<GraphqlMark>();
  step->graphql->tags = step->tags;
  std::erase_if(step->graphql->tags.fixed, [](const auto& tag) { return tag.first == "method"; });
  step->graphql->failed = recorder_.Find("graphql_failed", step->graphql->tags.fixed);
  return step;
}

}  // namespace rampart::agent
