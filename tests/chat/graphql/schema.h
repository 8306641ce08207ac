// What can be asked for over GraphQL, and what answers it.
#ifndef RAMPART_TESTS_CHAT_GRAPHQL_SCHEMA_H_
#define RAMPART_TESTS_CHAT_GRAPHQL_SCHEMA_H_

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/chat/api/app.h"
#include "tests/chat/store/user_table.h"

namespace rampart::chat::graphql {

// The arguments of a root field, of the types that the schema gives them; who asks, or nullptr.
struct Asked {
  App& app;
  const User* user;
  boost::json::object arguments;
};

// A member's value, its nested objects whole: the executor takes from it what was selected.
using Resolver = absl::StatusOr<boost::json::value> (*)(const Asked& asked);

struct Parameter {
  std::string_view name;
  std::string_view type;  // ID, Int or String
  bool is_required = true;
};

struct Member {
  std::string_view name;
  std::string_view type;  // a scalar, or the name of an ObjectType; lists like what they hold
  std::vector<Parameter> parameters = {};
  Resolver resolve = nullptr;  // of root types
  bool needs_user = true;
};

struct ObjectType {
  std::string_view name;
  std::vector<Member> members;

  const Member* Find(std::string_view member) const;
};

// nullptr: a scalar.
const ObjectType* FindType(std::string_view name);

}  // namespace rampart::chat::graphql

#endif  // RAMPART_TESTS_CHAT_GRAPHQL_SCHEMA_H_
