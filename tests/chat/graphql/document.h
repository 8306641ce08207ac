// A GraphQL document, parsed: operations of fields with arguments.
#ifndef RAMPART_TESTS_CHAT_GRAPHQL_DOCUMENT_H_
#define RAMPART_TESTS_CHAT_GRAPHQL_DOCUMENT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rampart::chat::graphql {

// Both from 1; columns in bytes.
struct Location {
  int line = 1;
  int column = 1;
};

// Why a request was not executed, or a part of it.
struct Fault {
  std::string code;  // of `extensions`
  std::string message;
  Location at;
};

enum class ValueKind { kNull, kInt, kFloat, kString, kBoolean, kEnum, kVariable };

struct Value {
  ValueKind kind = ValueKind::kNull;
  std::string text;  // as written; of a string what it stands for, of a variable its name
  Location at;
};

struct Argument {
  std::string name;
  Value value;
  Location at;
};

struct Field {
  std::string alias;  // empty: none
  std::string name;
  std::vector<Argument> arguments;
  std::vector<Field> fields;  // empty: it has no selection
  Location at;

  const std::string& key() const { return alias.empty() ? name : alias; }
};

struct Variable {
  std::string name;
  std::string type;  // without its `!`; a list begins with `[`
  bool is_required = false;
  std::optional<Value> absent;  // its default
  Location at;
};

struct Operation {
  bool is_mutation = false;
  std::string name;  // may be empty
  std::vector<Variable> variables;
  std::vector<Field> fields;
  Location at;
};

inline constexpr size_t kMaxDocumentBytes = 64 * 1024;
inline constexpr int kMaxDepth = 16;       // selections within selections
inline constexpr int kMaxFields = 500;     // of a document
inline constexpr int kMaxArguments = 100;  // of a field; and variables of an operation
inline constexpr size_t kMaxOperations = 50;

// Queries and mutations with variables, arguments, aliases and nested selections. Fragments,
// directives, subscriptions, block strings, and lists and objects as values are refused: nothing in
// this server's schema takes them. nullopt: `fault` says why.
std::optional<std::vector<Operation>> ParseDocument(std::string_view text, Fault& fault);

}  // namespace rampart::chat::graphql

#endif  // RAMPART_TESTS_CHAT_GRAPHQL_DOCUMENT_H_
