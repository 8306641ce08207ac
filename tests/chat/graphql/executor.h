// GraphQL requests to their answers.
#ifndef RAMPART_TESTS_CHAT_GRAPHQL_EXECUTOR_H_
#define RAMPART_TESTS_CHAT_GRAPHQL_EXECUTOR_H_

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

#include "tests/chat/api/app.h"
#include "tests/chat/store/user_table.h"

namespace rampart::chat::graphql {

struct Request {
  std::string_view document;
  std::string_view operation_name;  // empty: the only one
  boost::json::object variables;
};

// `{data}`, `{errors}` of a request that cannot be executed, or both: a root field that failed is
// null. Every error has a message, a location and `extensions.code`. Runs on the caller's thread.
boost::json::object Execute(App& app, const std::optional<User>& user, const Request& request);

}  // namespace rampart::chat::graphql

#endif  // RAMPART_TESTS_CHAT_GRAPHQL_EXECUTOR_H_
