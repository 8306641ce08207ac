// GraphQL over HTTP: POST of JSON. Whatever is a request for GraphQL is answered with 200.
#include <boost/json.hpp>

#include "tests/chat/api/routes.h"
#include "tests/chat/graphql/executor.h"

namespace rampart::chat {
namespace {

Reply Malformed(std::string_view text) {
  const boost::json::object error = {
      {"message", boost::json::string_view(text.data(), text.size())},
      {"extensions", {{"code", "BAD_REQUEST"}}}};
  return JsonReply(400, {{"errors", {error}}});
}

}  // namespace

Reply AnswerGraphql(App& app, const Call& call) {
  const absl::StatusOr<boost::json::object> body = BodyObject(call);
  if (!body.ok()) return Malformed(std::string(body.status().message()));
  const std::optional<std::string> document = StringOf(*body, "query");
  if (!document.has_value()) return Malformed("query is missing, or is no string");
  graphql::Request request{*document, {}, {}};
  const boost::json::value* name = body->if_contains("operationName");
  if (name != nullptr && !name->is_null()) {
    if (!name->is_string()) return Malformed("operationName must be a string");
    request.operation_name = {name->get_string().data(), name->get_string().size()};
  }
  const boost::json::value* variables = body->if_contains("variables");
  if (variables != nullptr && !variables->is_null()) {
    if (!variables->is_object()) return Malformed("variables must be an object");
    request.variables = variables->get_object();
  }
  return JsonReply(200, graphql::Execute(app, call.user, request));
}

}  // namespace rampart::chat
