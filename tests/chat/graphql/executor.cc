#include "tests/chat/graphql/executor.h"

#include <boost/json.hpp>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/chat/api/query.h"
#include "tests/chat/graphql/document.h"
#include "tests/chat/graphql/schema.h"
#include "tests/chat/graphql/validation.h"

namespace rampart::chat::graphql {
namespace {

namespace json = boost::json;

json::string_view View(std::string_view text) { return {text.data(), text.size()}; }

json::object ErrorJson(const Fault& fault) {
  return {{"message", fault.message},
          {"locations", {{{"line", fault.at.line}, {"column", fault.at.column}}}},
          {"extensions", {{"code", fault.code}}}};
}

json::object Refused(const std::vector<Fault>& faults) {
  json::array errors;
  for (const Fault& fault : faults) errors.push_back(ErrorJson(fault));
  return {{"errors", std::move(errors)}};
}

const char* CodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
      return "UNAUTHENTICATED";
    case absl::StatusCode::kInvalidArgument:
      return "BAD_USER_INPUT";
    case absl::StatusCode::kNotFound:
      return "NOT_FOUND";
    default:
      return "INTERNAL_SERVER_ERROR";
  }
}

const Operation* FindOperation(const std::vector<Operation>& operations, std::string_view name,
                               Fault& fault) {
  fault.code = "OPERATION_RESOLUTION_FAILURE";
  if (name.empty() && operations.size() == 1) return &operations[0];
  if (name.empty()) {
    fault.message = "the document has several operations: operationName must say which";
    return nullptr;
  }
  const Operation* found = nullptr;
  for (const Operation& operation : operations) {
    if (operation.name != name) continue;
    if (found != nullptr) fault.message = absl::StrCat("there are two operations ", operation.name);
    found = found == nullptr ? &operation : found;
  }
  if (found == nullptr) fault.message = absl::StrCat("there is no operation ", std::string(name));
  return fault.message.empty() ? found : nullptr;
}

// The value as an argument of `type` has it: an ID is a string. nullopt: it is something else.
std::optional<json::value> Coerce(const json::value& value, std::string_view type) {
  if (value.is_null()) return value;
  if (type == "String" && value.is_string()) return value;
  if (type == "Boolean" && value.is_bool()) return value;
  if (type == "Float" && value.is_number()) return value;
  if (type == "ID" && value.is_string()) return value;
  if (type != "ID" && type != "Int") return std::nullopt;
  // Languages with one kind of number write 12.0.
  const std::optional<int64_t> number = value.is_string() ? std::nullopt : IdOf(&value);
  if (!number.has_value()) return std::nullopt;
  if (type == "ID") return json::value(std::to_string(*number));
  if (*number < std::numeric_limits<int32_t>::min() ||
      *number > std::numeric_limits<int32_t>::max()) {
    return std::nullopt;
  }
  return json::value(*number);
}

json::value LiteralValue(const Value& value) {
  switch (value.kind) {
    case ValueKind::kInt:
      // Beyond 64 bits it is beyond every type as well.
      return ParseNumber(value.text).value_or(std::numeric_limits<int64_t>::max());
    case ValueKind::kBoolean:
      return value.text == "true";
    case ValueKind::kNull:
      return nullptr;
    default:
      return json::value(value.text);
  }
}

// Executes one operation that was found valid.
class Execution {
 public:
  Execution(App& app, const std::optional<User>& user, const Operation& operation)
      : app_(app), user_(user), operation_(operation) {}

  // What the variables are; faults of them end the request.
  std::vector<Fault> SetVariables(const json::object& given) {
    std::vector<Fault> faults;
    for (const Variable& variable : operation_.variables) {
      const json::value* value = given.if_contains(variable.name);
      json::value absent;
      if (value == nullptr && variable.absent.has_value()) {
        absent = LiteralValue(*variable.absent);
        value = &absent;
      }
      if (value == nullptr && !variable.is_required) continue;
      const std::optional<json::value> good =
          value != nullptr ? Coerce(*value, variable.type) : std::nullopt;
      if (good.has_value() && !(good->is_null() && variable.is_required)) {
        variables_[variable.name] = *good;
        continue;
      }
      faults.push_back({"BAD_USER_INPUT",
                        absl::StrCat("variable $", variable.name, " must be ", variable.type,
                                     variable.is_required ? "!" : "",
                                     value == nullptr ? ", and is missing" : ""),
                        variable.at});
    }
    return faults;
  }

  json::object Run() {
    const ObjectType& root = RootOf(operation_);
    json::object data;
    json::array errors;
    for (const Field& field : operation_.fields) {
      absl::StatusOr<json::value> value = Resolve(field, root);
      if (value.ok()) {
        data[field.key()] = *std::move(value);
        continue;
      }
      json::object error =
          ErrorJson({CodeOf(value.status()), std::string(value.status().message()), field.at});
      error["path"] = {field.key()};
      errors.push_back(std::move(error));
      data[field.key()] = nullptr;
    }
    json::object answer;
    if (!errors.empty()) answer["errors"] = std::move(errors);
    answer["data"] = std::move(data);
    return answer;
  }

 private:
  absl::StatusOr<json::value> Resolve(const Field& field, const ObjectType& root) {
    if (field.name == "__typename") return json::value(View(root.name));
    const Member& member = *root.Find(field.name);
    if (member.needs_user && !user_.has_value()) {
      return absl::UnauthenticatedError("sign in first: a bearer token is missing, or not valid");
    }
    Asked asked{app_, user_.has_value() ? &*user_ : nullptr, {}};
    for (const Parameter& parameter : member.parameters) {
      const json::value* given = nullptr;
      json::value literal;
      for (const Argument& argument : field.arguments) {
        if (argument.name != parameter.name) continue;
        const bool is_variable = argument.value.kind == ValueKind::kVariable;
        if (!is_variable) literal = LiteralValue(argument.value);
        given = is_variable ? variables_.if_contains(argument.value.text) : &literal;
      }
      if (given == nullptr) continue;
      const std::optional<json::value> good = Coerce(*given, parameter.type);
      if (!good.has_value() || (good->is_null() && parameter.is_required)) {
        return absl::InvalidArgumentError(absl::StrCat("argument ", std::string(parameter.name),
                                                       " must be ", std::string(parameter.type)));
      }
      asked.arguments[View(parameter.name)] = *good;
    }
    absl::StatusOr<json::value> whole = member.resolve(asked);
    if (!whole.ok()) return whole.status();
    return Selected(*whole, field.fields, FindType(member.type));
  }

  static json::value Selected(const json::value& whole, const std::vector<Field>& fields,
                              const ObjectType* type) {
    if (type == nullptr || whole.is_null()) return whole;
    if (whole.is_array()) {
      json::array list;
      for (const json::value& item : whole.get_array()) {
        list.push_back(Selected(item, fields, type));
      }
      return list;
    }
    json::object object;
    for (const Field& field : fields) {
      if (field.name == "__typename") {
        object[field.key()] = View(type->name);
        continue;
      }
      object[field.key()] = Selected(whole.get_object().at(field.name), field.fields,
                                     FindType(type->Find(field.name)->type));
    }
    return object;
  }

  App& app_;
  const std::optional<User>& user_;
  const Operation& operation_;
  json::object variables_;
};

}  // namespace

json::object Execute(App& app, const std::optional<User>& user, const Request& request) {
  Fault fault;
  const std::optional<std::vector<Operation>> operations = ParseDocument(request.document, fault);
  if (!operations.has_value()) return Refused({fault});
  const Operation* operation = FindOperation(*operations, request.operation_name, fault);
  if (operation == nullptr) return Refused({fault});
  if (const std::vector<Fault> faults = Validate(*operation); !faults.empty()) {
    return Refused(faults);
  }
  Execution execution(app, user, *operation);
  if (const std::vector<Fault> faults = execution.SetVariables(request.variables);
      !faults.empty()) {
    return Refused(faults);
  }
  return execution.Run();
}

}  // namespace rampart::chat::graphql
