#include "tests/chat/graphql/document.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/chat/graphql/lexer.h"

namespace rampart::chat::graphql {
namespace {

// Recursive descent with one token of lookahead. Every method returns false after a fault.
class Parser {
 public:
  Parser(std::string_view text, Fault& fault) : lexer_(text), fault_(fault) { Advance(); }

  bool Document(std::vector<Operation>& operations) {
    while (token_.kind != TokenKind::kEnd) {
      if (operations.size() >= kMaxOperations) return Fail("the document has over 50 operations");
      if (!OneOperation(operations.emplace_back())) return false;
    }
    return !operations.empty() || Fail("the document has no operation");
  }

 private:
  void Advance() { token_ = lexer_.Next(); }

  bool Fail(std::string message) {
    fault_ = {"GRAPHQL_PARSE_FAILED", std::move(message), token_.at};
    return false;
  }
  bool Unexpected(const char* wanted) {
    if (token_.kind == TokenKind::kWrong) return Fail(token_.text);
    if (IsSign("@")) return Fail("directives are not supported here");
    if (IsSign("...")) return Fail("fragments are not supported here");
    return Fail(absl::StrCat("expected ", wanted, ", found ", token_.text));
  }

  bool IsSign(std::string_view sign) const {
    return token_.kind == TokenKind::kSign && token_.text == sign;
  }
  bool Take(std::string_view sign) {
    if (!IsSign(sign)) return false;
    Advance();
    return true;
  }
  bool Expect(const char* sign) { return Take(sign) || Unexpected(sign); }
  bool Name(std::string& name) {
    if (token_.kind != TokenKind::kName) return Unexpected("a name");
    name = std::move(token_.text);
    Advance();
    return true;
  }

  bool OneOperation(Operation& operation) {
    operation.at = token_.at;
    if (!IsSign("{")) {
      if (token_.kind == TokenKind::kName && token_.text == "fragment") {
        return Fail("fragments are not supported here");
      }
      if (token_.kind == TokenKind::kName && token_.text == "subscription") {
        return Fail("subscriptions are not supported here");
      }
      if (token_.kind != TokenKind::kName ||
          (token_.text != "query" && token_.text != "mutation")) {
        return Unexpected("query or mutation");
      }
      operation.is_mutation = token_.text == "mutation";
      Advance();
      if (token_.kind == TokenKind::kName && !Name(operation.name)) return false;
      if (IsSign("(") && !Variables(operation.variables)) return false;
    }
    return Selection(operation.fields, 1);
  }

  bool Variables(std::vector<Variable>& variables) {
    Advance();
    do {
      if (variables.size() >= kMaxArguments) return Fail("there are over 100 variables");
      Variable& variable = variables.emplace_back();
      variable.at = token_.at;
      if (!Expect("$") || !Name(variable.name) || !Expect(":") || !Type(variable)) return false;
      if (Take("=")) {
        if (!OneValue(variable.absent.emplace())) return false;
        if (variable.absent->kind == ValueKind::kVariable) {
          return Fail("a default must not be a variable");
        }
      }
    } while (!IsSign(")"));
    Advance();
    return true;
  }

  bool Type(Variable& variable) {
    std::string name;
    if (Take("[")) {
      if (!Name(name)) return false;
      Take("!");
      if (!Expect("]")) return false;
      variable.type = absl::StrCat("[", name, "]");
    } else if (!Name(variable.type)) {
      return false;
    }
    variable.is_required = Take("!");
    return true;
  }

  bool Selection(std::vector<Field>& fields, int depth) {
    if (depth > kMaxDepth) return Fail("selections are nested over 16 deep");
    if (!Expect("{")) return false;
    do {
      if (++fields_ > kMaxFields) return Fail("the document has over 500 fields");
      if (!OneField(fields.emplace_back(), depth)) return false;
    } while (!IsSign("}"));
    Advance();
    return true;
  }

  bool OneField(Field& field, int depth) {
    field.at = token_.at;
    if (!Name(field.name)) return false;
    if (Take(":")) {
      field.alias = std::move(field.name);
      if (!Name(field.name)) return false;
    }
    if (Take("(")) {
      do {
        if (field.arguments.size() >= kMaxArguments) return Fail("there are over 100 arguments");
        Argument& argument = field.arguments.emplace_back();
        argument.at = token_.at;
        if (!Name(argument.name) || !Expect(":") || !OneValue(argument.value)) return false;
      } while (!IsSign(")"));
      Advance();
    }
    return !IsSign("{") || Selection(field.fields, depth + 1);
  }

  bool OneValue(Value& value) {
    value.at = token_.at;
    value.text = token_.text;
    switch (token_.kind) {
      case TokenKind::kInt:
        value.kind = ValueKind::kInt;
        break;
      case TokenKind::kFloat:
        value.kind = ValueKind::kFloat;
        break;
      case TokenKind::kString:
        value.kind = ValueKind::kString;
        break;
      case TokenKind::kName:
        value.kind = value.text == "null"                            ? ValueKind::kNull
                     : value.text == "true" || value.text == "false" ? ValueKind::kBoolean
                                                                     : ValueKind::kEnum;
        break;
      default:
        if (Take("$")) {
          value.kind = ValueKind::kVariable;
          return Name(value.text);
        }
        if (IsSign("[") || IsSign("{")) return Fail("nothing here takes a list or an object");
        return Unexpected("a value");
    }
    Advance();
    return true;
  }

  Lexer lexer_;
  Fault& fault_;
  Token token_;
  int fields_ = 0;
};

}  // namespace

std::optional<std::vector<Operation>> ParseDocument(std::string_view text, Fault& fault) {
  if (text.size() > kMaxDocumentBytes) {
    fault = {"GRAPHQL_PARSE_FAILED", "the document is over 64 KiB", {}};
    return std::nullopt;
  }
  std::vector<Operation> operations;
  if (!Parser(text, fault).Document(operations)) return std::nullopt;
  return operations;
}

}  // namespace rampart::chat::graphql
