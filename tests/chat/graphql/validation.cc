#include "tests/chat/graphql/validation.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace rampart::chat::graphql {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

bool IsLiteralOf(const Value& value, std::string_view type) {
  switch (value.kind) {
    case ValueKind::kInt:
      return type == "Int" || type == "ID" || type == "Float";
    case ValueKind::kFloat:
      return type == "Float";
    case ValueKind::kString:
      return type == "String" || type == "ID";
    case ValueKind::kBoolean:
      return type == "Boolean";
    default:
      return false;
  }
}

class Validator {
 public:
  explicit Validator(const Operation& operation) : operation_(operation) {
    for (const Variable& variable : operation.variables) CheckVariable(variable);
  }

  std::vector<Fault> Run() {
    if (operation_.fields.size() > kMaxRootFields) {
      Fail(operation_.at, "the operation has over 20 fields at its top");
    }
    CheckFields(operation_.fields, RootOf(operation_));
    for (const Variable& variable : operation_.variables) {
      if (!used_.contains(variable.name)) {
        Fail(variable.at, absl::StrCat("variable $", variable.name, " is not used"));
      }
    }
    return std::move(faults_);
  }

 private:
  void Fail(Location at, std::string message) {
    if (faults_.size() >= kMaxFaults) return;
    faults_.push_back({"GRAPHQL_VALIDATION_FAILED", std::move(message), at});
  }

  void CheckVariable(const Variable& variable) {
    if (!variables_.emplace(variable.name, &variable).second) {
      Fail(variable.at, absl::StrCat("variable $", variable.name, " is there twice"));
    }
    constexpr std::string_view kScalars[] = {"ID", "Int", "String", "Float", "Boolean"};
    const std::string& type = variable.type;
    if (!type.starts_with('[') && std::count(std::begin(kScalars), std::end(kScalars), type) == 0) {
      Fail(variable.at, absl::StrCat("there is no input type ", type));
    }
    if (variable.absent.has_value() && !IsLiteralOf(*variable.absent, type) &&
        (variable.absent->kind != ValueKind::kNull || variable.is_required)) {
      Fail(variable.absent->at, absl::StrCat("the default of $", variable.name, " is no ", type));
    }
  }

  void CheckFields(const std::vector<Field>& fields, const ObjectType& type) {
    std::map<std::string_view, const Field*> by_key;
    for (const Field& field : fields) {
      const auto [first, is_new] = by_key.emplace(field.key(), &field);
      // Two leaves that are the same are one; what else has the same key would need merging.
      if (!is_new && (first->second->name != field.name || !field.arguments.empty() ||
                      !field.fields.empty())) {
        Fail(field.at, absl::StrCat("there are two fields ", field.key(), ": give one an alias"));
      }
      if (field.name == "__typename") {
        CheckLeaf(field);
        continue;
      }
      const Member* member = type.Find(field.name);
      if (member == nullptr) {
        Fail(field.at, absl::StrCat("type ", View(type.name), " has no field ", field.name));
        continue;
      }
      CheckArguments(field, member->parameters);
      const ObjectType* inner = FindType(member->type);
      if (inner == nullptr) {
        if (!field.fields.empty()) Fail(field.at, NoSelection(field));
      } else if (field.fields.empty()) {
        Fail(field.at, absl::StrCat("field ", field.name, " needs a selection of what ",
                                    View(inner->name), " has"));
      } else {
        CheckFields(field.fields, *inner);
      }
    }
  }

  static std::string NoSelection(const Field& field) {
    return absl::StrCat("field ", field.name, " is a scalar and takes no selection");
  }
  void CheckLeaf(const Field& field) {
    if (!field.fields.empty()) Fail(field.at, NoSelection(field));
    CheckArguments(field, {});
  }

  void CheckArguments(const Field& field, const std::vector<Parameter>& parameters) {
    std::set<std::string_view> given;
    for (const Argument& argument : field.arguments) {
      if (!given.insert(argument.name).second) {
        Fail(argument.at, absl::StrCat("argument ", argument.name, " is there twice"));
      }
      const auto parameter =
          std::find_if(parameters.begin(), parameters.end(),
                       [&](const Parameter& one) { return one.name == argument.name; });
      if (parameter == parameters.end()) {
        Fail(argument.at, absl::StrCat("field ", field.name, " has no argument ", argument.name));
        if (argument.value.kind == ValueKind::kVariable) used_.insert(argument.value.text);
        continue;
      }
      CheckValue(argument, *parameter);
    }
    for (const Parameter& parameter : parameters) {
      if (parameter.is_required && !given.contains(parameter.name)) {
        Fail(field.at,
             absl::StrCat("field ", field.name, " needs the argument ", View(parameter.name)));
      }
    }
  }

  void CheckValue(const Argument& argument, const Parameter& parameter) {
    const Value& value = argument.value;
    const std::string wanted = absl::StrCat(View(parameter.type), parameter.is_required ? "!" : "");
    if (value.kind != ValueKind::kVariable) {
      if (value.kind == ValueKind::kNull ? parameter.is_required
                                         : !IsLiteralOf(value, parameter.type)) {
        Fail(value.at, absl::StrCat("argument ", argument.name, " must be ", wanted));
      }
      return;
    }
    used_.insert(value.text);
    const auto found = variables_.find(value.text);
    if (found == variables_.end()) {
      Fail(value.at, absl::StrCat("variable $", value.text, " is not declared"));
      return;
    }
    const Variable& variable = *found->second;
    const bool may_be_null = !variable.is_required && !variable.absent.has_value();
    if (variable.type != parameter.type || (parameter.is_required && may_be_null)) {
      Fail(value.at,
           absl::StrCat("variable $", value.text, " of type ", variable.type,
                        variable.is_required ? "!" : "", " is given where ", wanted, " is needed"));
    }
  }

  const Operation& operation_;
  std::map<std::string_view, const Variable*> variables_;
  std::set<std::string_view> used_;
  std::vector<Fault> faults_;
};

}  // namespace

const ObjectType& RootOf(const Operation& operation) {
  return *FindType(operation.is_mutation ? "Mutation" : "Query");
}

std::vector<Fault> Validate(const Operation& operation) { return Validator(operation).Run(); }

}  // namespace rampart::chat::graphql
