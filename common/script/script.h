// Script: the Lua 5.4 expressions and templates of a plan, compiled once and run in a sandbox.
#ifndef RAMPART_COMMON_SCRIPT_SCRIPT_H_
#define RAMPART_COMMON_SCRIPT_SCRIPT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/script/quick_expression.h"
#include "rampart/v1/plan.pb.h"

struct lua_State;

namespace rampart {

class Script;

// A compiled Lua expression; valid with the Script that compiled it.
struct Expression {
  int function = -1;  // reference in the Lua registry
  int quick = -1;     // the Script's number of it as a QuickExpression; -1: only Lua can tell
};

// Compiled statements; likewise.
struct Program {
  int function = -1;
};

// `text ${expression} text`: literals and expressions in turn, beginning with a literal.
struct Template {
  std::vector<std::string> literals;  // one more than expressions
  std::vector<Expression> expressions;
  std::vector<std::string> texts;  // of the expressions

  bool constant() const { return expressions.empty(); }
};

// A JSON text with holes.
struct ValueTemplate {
  struct Hole {
    Template text;  // becomes a JSON string ...
    Expression
        value;  // ... or, when the string was exactly one `${...}`, whatever JSON the value is
    bool typed = false;
  };
  std::vector<std::string> literals;  // one more than holes
  std::vector<Hole> holes;
};

// A user's variables. Costs a Lua table: about 56 bytes and 40 a variable.
class Environment {
 public:
  explicit Environment(Script& script);
  Environment(Environment&& other) noexcept
      : script_(other.script_), reference_(std::exchange(other.reference_, -1)) {}
  Environment& operator=(Environment&&) = delete;
  ~Environment();

 private:
  friend class Script;

  Script* script_;
  int reference_;
};

// Names whose values are made when an expression asks for them: the response, the message, the
// user.
class DynamicNames {
 public:
  virtual ~DynamicNames() = default;
  // Pushes one value and returns true, or pushes nothing and returns false. Must not raise a Lua
  // error.
  virtual bool Push(lua_State* lua, std::string_view name) = 0;
  // The quick ones among them, as Push has them; null while it has none.
  virtual const QuickValues* Quick() const { return nullptr; }
};

class PatternCache;

// One Lua state, for one thread. Expressions and programs see, in this order: the user's variables,
// params, setup's data and functions, dynamic names. They cannot load code or reach the system.
// Globals that a program sets are the user's variables. Tables that users share (params, setup's
// data, parsed responses, libraries) are marked and never change: a write to one is an error.
// What they use is limited by kMaxBytes in all and by instructions each time.
//
// Functions are those of library.h, and Lua's string, math, table and utf8 without what could load
// code.
class Script {
 public:
  static constexpr size_t kMaxBytes = 256 * 1024 * 1024;
  static constexpr int64_t kMaxInstructions = 1'000'000;
  static constexpr int64_t kMaxProgramInstructions = 10'000'000;

  // `seed`: of the random functions.
  explicit Script(uint64_t seed);
  ~Script();
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  absl::StatusOr<Expression> Compile(std::string_view text);
  absl::StatusOr<Template> CompileTemplate(std::string_view text);
  // A status has the line within the text.
  absl::StatusOr<Program> CompileProgram(std::string_view text);
  // Strings in `value` are templates.
  absl::StatusOr<ValueTemplate> CompileValue(const v1::Value& value);

  // Before compiling: names that the plan's own variables have, so that none of them is quick.
  void HideQuick(std::string_view name) { hidden_.emplace(name); }

  // Known to every user: a param, or setup's data from JSON.
  void SetShared(std::string_view name, const v1::Value& value);
  absl::Status SetSharedJson(std::string_view name, std::string_view json);
  // A table of texts by their names, as many as texts.
  absl::Status SetSharedTexts(std::string_view name, const std::vector<std::string>& names,
                              const std::vector<std::string_view>& texts);
  // Must outlive its use; null for none.
  void SetDynamicNames(DynamicNames* names) { names_ = names; }

  // An error has the line within the program: `line 3: attempt to ...`. What was set before stays.
  absl::Status Run(const Program& program, const Environment& user);
  // false and nil are false, like in Lua.
  absl::StatusOr<bool> Truth(const Expression& expression, const Environment& user);
  // true is 1, false and nil are 0.
  absl::StatusOr<double> Number(const Expression& expression, const Environment& user);
  // The same for a sample: nothing when the value is nil.
  absl::StatusOr<std::optional<double>> Sample(const Expression& expression,
                                               const Environment& user);
  // Appends to `out`. nil and tables are errors.
  absl::Status Render(const Template& text, const Environment& user, std::string* out);
  absl::Status RenderJson(const ValueTemplate& value, const Environment& user, std::string* out);
  // user.name = expression; or puts it at the end of the list user.name.
  absl::Status Store(const Expression& expression, const Environment& user,
                     const std::string& name);
  absl::Status Append(const Expression& expression, const Environment& user,
                      const std::string& name);
  // For `for_each`: puts element `index` (from 1) of the list into user.name. False past its end.
  absl::StatusOr<bool> StoreElement(const std::string& list, int64_t index, const Environment& user,
                                    const std::string& name);
  void SetNumber(const Environment& user, const std::string& name, int64_t value);
  void Unset(const Environment& user, const std::string& name);
  // user.name = a table of texts by their names (as many as texts), or what a JSON text says.
  absl::Status SetTexts(const Environment& user, const std::string& name,
                        const std::vector<std::string>& names,
                        const std::vector<std::string_view>& texts);
  absl::Status SetJson(const Environment& user, const std::string& name, std::string_view json);

  // The user's variables as a JSON object.
  absl::StatusOr<std::string> ToJson(const Environment& user);

  std::mt19937_64& random() { return random_; }
  // Uniform in [0, 1).
  double Draw();
  lua_State* lua() { return lua_; }
  PatternCache& patterns() { return *patterns_; }
  // For a C function of Lua's that may not own memory.
  std::string& scratch() { return scratch_; }
  static Script& Of(lua_State* lua);

 private:
  friend class Environment;
  struct Functions;

  static void* Allocate(void* script, void* block, size_t old_size, size_t new_size);
  // Null when only Lua can tell.
  const QuickExpression* QuickOf(const Expression& expression, const QuickValues** values) const {
    if (expression.quick < 0 || names_ == nullptr) return nullptr;
    *values = names_->Quick();
    return *values == nullptr ? nullptr : &quick_[static_cast<size_t>(expression.quick)];
  }
  // The same where the expression is one of the names alone.
  std::optional<QuickName> QuickNameOf(const Expression& expression,
                                       const QuickValues** values) const;
  // Leaves the value on the stack.
  absl::Status Evaluate(const Expression& expression, const Environment& user);
  int Call(int arguments, int results, int64_t max_instructions);
  // `line` stands before the number of the line; without it, the place is left out.
  absl::Status ErrorFromStack(std::string_view line = "");
  // Pops the value and makes it user.name.
  void StoreTop(const Environment& user, const std::string& name);

  lua_State* lua_ = nullptr;
  size_t bytes_ = 0;
  // Outside of what plans run only single steps are taken, such as a variable's name: they may go
  // over the limit, since nothing could catch their failing.
  bool limited_ = false;
  int64_t instructions_ = 0;
  int64_t max_instructions_ = 0;
  int shared_ = -1;  // registry references
  int user_meta_ = -1;
  std::mt19937_64 random_;
  DynamicNames* names_ = nullptr;
  std::vector<QuickExpression> quick_;
  std::set<std::string, std::less<>> hidden_;
  std::unique_ptr<PatternCache> patterns_;
  std::string scratch_;
  std::string hole_;  // what RenderJson is about to escape
};

// Free names of an expression (or of the expressions in a template) that are not in `known`.
std::vector<std::string> UnknownNames(std::string_view expression,
                                      const std::vector<std::string>& known);
// The name of `known` that is nearest to `name`, or empty when none is near.
std::string Nearest(std::string_view name, const std::vector<std::string>& known);
// The names that Script itself gives.
const std::vector<std::string>& FunctionNames();

}  // namespace rampart

#endif  // RAMPART_COMMON_SCRIPT_SCRIPT_H_
