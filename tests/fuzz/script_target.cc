// Expressions, templates and programs: the sandbox holds whatever they do, and an expression that
// is answered without Lua is answered as Lua does. The first byte says which it is.
#include <lua.hpp>

#include "common/script/script.h"
#include "tests/fuzz/fuzz_target.h"

namespace rampart {
namespace {

class Names : public DynamicNames {
 public:
  explicit Names(bool quick) : quick_(quick) {}

  bool Push(lua_State* lua, std::string_view name) override {
    if (name == "status") {
      lua_pushinteger(lua, values_.status);
    } else if (name == "ok") {
      lua_pushboolean(lua, values_.ok);
    } else if (name == "duration_ms") {
      lua_pushnumber(lua, values_.duration_ms);
    } else if (name == "user") {
      lua_createtable(lua, 0, 1);
      lua_pushinteger(lua, values_.user_id);
      lua_setfield(lua, -2, "id");
    } else {
      return false;
    }
    return true;
  }
  const QuickValues* Quick() const override { return quick_ ? &values_ : nullptr; }

 private:
  bool quick_;
  QuickValues values_ = {.status = 201, .user_id = 7, .duration_ms = 12.5, .ok = true};
};

// One thread's script with what it needs.
class Sandbox {
 public:
  explicit Sandbox(bool quick) : names_(quick), script_(7) {
    v1::Value shared;
    FUZZ_CHECK(script_.SetSharedJson("shared", R"({"list": [1, 2, 3], "name": "n"})").ok());
    script_.SetDynamicNames(&names_);
    user_ = std::make_unique<Environment>(script_);
    const auto intact = script_.Compile(
        "#shared.list == 3 and shared.list[2] == 2 and shared.name == 'n' and math.max(1, 2) == 2 "
        "and string.rep('a', 3) == 'aaa' and ('x'):upper() == 'X' and io == nil and os == nil and "
        "load == nil and debug == nil and require == nil");
    FUZZ_CHECK(intact.ok());
    intact_ = *intact;
  }

  Script& script() { return script_; }
  const Environment& user() const { return *user_; }

  // What plans do changes nothing for other users.
  void CheckIntact() {
    FUZZ_CHECK(lua_gettop(script_.lua()) == 0);
    const Environment other(script_);
    const auto truth = script_.Truth(intact_, other);
    FUZZ_CHECK(truth.ok() && *truth);
  }

 private:
  Names names_;
  Script script_;
  std::unique_ptr<Environment> user_;
  Expression intact_;
};

void CheckExpression(std::string_view text) {
  Sandbox slow(false);
  const auto compiled = slow.script().Compile(text);
  const auto quick = QuickExpression::Of(text, {});
  FUZZ_CHECK(!quick || compiled.ok());
  if (!compiled.ok()) return slow.CheckIntact();
  const auto truth = slow.script().Truth(*compiled, slow.user());
  const auto number = slow.script().Sample(*compiled, slow.user());
  slow.CheckIntact();
  if (quick) {
    Sandbox fast(true);
    const auto the_same = fast.script().Compile(text);
    FUZZ_CHECK(the_same.ok() && the_same->quick >= 0);
    const auto fast_truth = fast.script().Truth(*the_same, fast.user());
    FUZZ_CHECK(fast_truth.ok() == truth.ok());
    FUZZ_CHECK(!truth.ok() || *fast_truth == *truth);
    const auto fast_number = fast.script().Sample(*the_same, fast.user());
    FUZZ_CHECK(fast_number.ok() == number.ok());
    FUZZ_CHECK(!number.ok() || *fast_number == *number);
    fast.CheckIntact();
  }
  (void)UnknownNames(text, FunctionNames());
}

void CheckTemplate(std::string_view text) {
  Sandbox sandbox(true);
  const auto compiled = sandbox.script().CompileTemplate(text);
  if (!compiled.ok()) return sandbox.CheckIntact();
  FUZZ_CHECK(compiled->literals.size() == compiled->expressions.size() + 1);
  FUZZ_CHECK(compiled->texts.size() == compiled->expressions.size());
  if (text.find('$') == std::string_view::npos) {
    FUZZ_CHECK(compiled->constant() && compiled->literals[0] == text);
  }
  std::string out = "kept ";
  const absl::Status status = sandbox.script().Render(*compiled, sandbox.user(), &out);
  FUZZ_CHECK(out.starts_with("kept "));
  if (status.ok() && compiled->constant()) FUZZ_CHECK(out == "kept " + compiled->literals[0]);
  sandbox.CheckIntact();
}

void CheckProgram(std::string_view text) {
  Sandbox sandbox(true);
  const auto compiled = sandbox.script().CompileProgram(text);
  if (!compiled.ok()) return sandbox.CheckIntact();
  const absl::Status status = sandbox.script().Run(*compiled, sandbox.user());
  FUZZ_CHECK(status.ok() || !status.message().empty());
  (void)sandbox.script().ToJson(sandbox.user());
  sandbox.CheckIntact();
}

}  // namespace

void FuzzScript(std::string_view input) {
  if (input.empty()) return;
  const std::string_view text = input.substr(1);
  switch (input[0]) {
    case 't':
      return CheckTemplate(text);
    case 'p':
      return CheckProgram(text);
    default:
      return CheckExpression(text);
  }
}

}  // namespace rampart
