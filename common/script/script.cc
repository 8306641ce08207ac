#include "common/script/script.h"

#include <algorithm>
#include <cstdlib>
#include <lua.hpp>

#include "common/script/append_number.h"
#include "common/script/json.h"
#include "common/script/library.h"
#include "common/script/pattern_cache.h"
#include "common/script/tables.h"

namespace rampart {
namespace {

constexpr int kHookInterval = 10'000;

// Errors begin with the chunk's name, a line number and a colon.
constexpr std::string_view kPlace = "?:";

absl::Status AppendText(lua_State* lua, std::string* out) {
  switch (lua_type(lua, -1)) {
    case LUA_TSTRING: {
      size_t size = 0;
      const char* text = lua_tolstring(lua, -1, &size);
      out->append(text, size);
      return absl::OkStatus();
    }
    case LUA_TNUMBER:
      if (lua_isinteger(lua, -1) != 0) {
        AppendNumber(lua_tointeger(lua, -1), out);
      } else {
        AppendNumber(lua_tonumber(lua, -1), out);
      }
      return absl::OkStatus();
    case LUA_TBOOLEAN:
      out->append(lua_toboolean(lua, -1) != 0 ? "true" : "false");
      return absl::OkStatus();
    case LUA_TTABLE:
      return absl::InvalidArgumentError("a table in a text: write ${json_encode(...)}");
    case LUA_TNIL:
      return absl::InvalidArgumentError("the value in ${...} is nil");
    default:
      return absl::InvalidArgumentError(std::string("a ") + luaL_typename(lua, -1) + " in a text");
  }
}

}  // namespace

// What Lua calls. Its errors are longjmps: nothing here owns memory across them.
struct Script::Functions {
  static void Hook(lua_State* lua, lua_Debug*) {
    Script& script = Of(lua);
    script.instructions_ += kHookInterval;
    if (script.instructions_ <= script.max_instructions_) return;
    luaL_where(lua, 0);
    lua_pushfstring(lua, "it ran over its limit of %I instructions",
                    static_cast<LUAI_UACINT>(script.max_instructions_));
    lua_concat(lua, 2);
    lua_error(lua);
  }

  static int Dynamic(lua_State* lua) {
    Script& script = Of(lua);
    size_t size = 0;
    if (lua_type(lua, 2) != LUA_TSTRING || script.names_ == nullptr) return 0;
    const char* name = lua_tolstring(lua, 2, &size);
    return script.names_->Push(lua, {name, size}) ? 1 : 0;
  }

  // Runs protected: opens the libraries and keeps what is harmless.
  static int Open(lua_State* lua) {
    Script& script = Of(lua);
    luaL_requiref(lua, "_G", luaopen_base, 1);
    luaL_requiref(lua, "string", luaopen_string, 1);
    luaL_requiref(lua, "table", luaopen_table, 1);
    luaL_requiref(lua, "math", luaopen_math, 1);
    luaL_requiref(lua, "utf8", luaopen_utf8, 1);
    lua_settop(lua, 0);

    OpenTableMarks(lua);

    lua_newtable(lua);  // 1: shared
    // Not `error`: that is the class of the last exchange's failure.
    static constexpr const char* kBase[] = {"tostring", "tonumber", "type",
                                            "select",   "ipairs",   "pairs"};
    for (const char* name : kBase) {
      lua_getglobal(lua, name);
      lua_setfield(lua, 1, name);
    }
    for (const char* library : {"string", "table", "math", "utf8"}) {
      lua_getglobal(lua, library);
      lua_setfield(lua, 1, library);
    }
    const auto without = [lua](const char* library, std::initializer_list<const char*> names) {
      lua_getglobal(lua, library);
      for (const char* name : names) {
        lua_pushnil(lua);
        lua_setfield(lua, -2, name);
      }
      lua_pop(lua, 1);
    };
    without("string", {"dump"});
    without("math", {"random", "randomseed"});
    lua_getfield(lua, 1, "table");
    GuardTableLibrary(lua);
    lua_getfield(lua, 1, "string");
    GuardStringLibrary(lua);
    lua_settop(lua, 1);
    for (const char* library : {"string", "table", "math", "utf8"}) {
      lua_getfield(lua, 1, library);
      PushMark(lua, TableMark::kSharedObject);
      lua_setmetatable(lua, -2);
      lua_pop(lua, 1);
    }
    OpenLibrary(lua);
    OpenEncodings(lua);
    OpenPatterns(lua);
    lua_pushlightuserdata(lua, nullptr);
    lua_setfield(lua, 1, "null");
    lua_newtable(lua);
    lua_pushcfunction(lua, Dynamic);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, 1);

    lua_newtable(lua);  // a user's metatable
    lua_pushvalue(lua, 1);
    lua_setfield(lua, -2, "__index");
    script.user_meta_ = luaL_ref(lua, LUA_REGISTRYINDEX);
    script.shared_ = luaL_ref(lua, LUA_REGISTRYINDEX);

    lua_pushnil(lua);
    lua_rawseti(lua, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    return 0;
  }
};

void* Script::Allocate(void* script, void* block, size_t old_size, size_t new_size) {
  auto* self = static_cast<Script*>(script);
  if (block == nullptr) old_size = 0;
  if (new_size == 0) {
    self->bytes_ -= old_size;
    std::free(block);
    return nullptr;
  }
  if (self->limited_ && new_size > old_size && self->bytes_ + (new_size - old_size) > kMaxBytes) {
    return nullptr;
  }
  void* made = std::realloc(block, new_size);
  if (made != nullptr) self->bytes_ = self->bytes_ - old_size + new_size;
  return made;
}

Script::Script(uint64_t seed) : random_(seed), patterns_(std::make_unique<PatternCache>()) {
  lua_ = lua_newstate(&Script::Allocate, this);
  if (lua_ == nullptr) std::abort();
  *static_cast<Script**>(lua_getextraspace(lua_)) = this;
  lua_pushcfunction(lua_, Functions::Open);
  if (lua_pcall(lua_, 0, 0, 0) != LUA_OK) std::abort();
  lua_sethook(lua_, Functions::Hook, LUA_MASKCOUNT, kHookInterval);
}

Script::~Script() { lua_close(lua_); }

Script& Script::Of(lua_State* lua) { return **static_cast<Script**>(lua_getextraspace(lua)); }

Environment::Environment(Script& script) : script_(&script) {
  lua_State* lua = script.lua_;
  lua_createtable(lua, 0, 0);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, script.user_meta_);
  lua_setmetatable(lua, -2);
  reference_ = luaL_ref(lua, LUA_REGISTRYINDEX);
}

Environment::~Environment() {
  if (reference_ >= 0) luaL_unref(script_->lua_, LUA_REGISTRYINDEX, reference_);
}

double Script::Draw() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

absl::Status Script::ErrorFromStack(std::string_view line) {
  size_t size = 0;
  const char* text = lua_tolstring(lua_, -1, &size);
  std::string message = text == nullptr ? "an error that is no text" : std::string(text, size);
  lua_pop(lua_, 1);
  if (message.starts_with(kPlace)) {
    message.erase(
        0, line.empty() ? std::min(message.find(": "), message.size() - 2) + 2 : kPlace.size());
    message.insert(0, line);
  }
  return absl::InvalidArgumentError(message);
}

void Script::SetShared(std::string_view name, const v1::Value& value) {
  HideQuick(name);
  if (value.has_string()) {
    lua_rawgeti(lua_, LUA_REGISTRYINDEX, shared_);
    lua_pushlstring(lua_, name.data(), name.size());
    lua_pushlstring(lua_, value.string().data(), value.string().size());
    lua_rawset(lua_, -3);
    lua_pop(lua_, 1);
    return;
  }
  // Other values have no templates in them, or had them expanded: their JSON is constant.
  const absl::StatusOr<ValueTemplate> json = CompileValue(value);
  if (json.ok() && json->holes.empty()) (void)SetSharedJson(name, json->literals[0]);
}

absl::Status Script::SetSharedJson(std::string_view name, std::string_view json) {
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, shared_);
  lua_pushlstring(lua_, name.data(), name.size());
  limited_ = true;
  const absl::Status status = PushSharedJson(lua_, json);
  limited_ = false;
  if (!status.ok()) {
    lua_pop(lua_, 2);
    return status;
  }
  lua_rawset(lua_, -3);
  lua_pop(lua_, 1);
  return absl::OkStatus();
}

int Script::Call(int arguments, int results, int64_t max_instructions) {
  instructions_ = 0;
  max_instructions_ = max_instructions;
  limited_ = true;
  const int error = lua_pcall(lua_, arguments, results, 0);
  limited_ = false;
  return error;
}

absl::Status Script::Evaluate(const Expression& expression, const Environment& user) {
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, expression.function);
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, user.reference_);
  if (Call(1, 1, kMaxInstructions) == LUA_OK) return absl::OkStatus();
  return ErrorFromStack();
}

absl::Status Script::Run(const Program& program, const Environment& user) {
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, program.function);
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, user.reference_);
  lua_pushcfunction(lua_, GuardWrite);
  if (Call(2, 0, kMaxProgramInstructions) == LUA_OK) return absl::OkStatus();
  return ErrorFromStack("line ");
}

absl::StatusOr<bool> Script::Truth(const Expression& expression, const Environment& user) {
  const QuickValues* values = nullptr;
  if (const QuickExpression* quick = QuickOf(expression, &values)) return quick->Truth(*values);
  if (absl::Status status = Evaluate(expression, user); !status.ok()) return status;
  const bool truth = lua_toboolean(lua_, -1) != 0;
  lua_pop(lua_, 1);
  return truth;
}

std::optional<QuickName> Script::QuickNameOf(const Expression& expression,
                                             const QuickValues** values) const {
  const QuickExpression* const quick = QuickOf(expression, values);
  return quick == nullptr ? std::nullopt : quick->name();
}

absl::StatusOr<double> Script::Number(const Expression& expression, const Environment& user) {
  const absl::StatusOr<std::optional<double>> sample = Sample(expression, user);
  if (!sample.ok()) return sample.status();
  return sample->value_or(0);
}

absl::StatusOr<std::optional<double>> Script::Sample(const Expression& expression,
                                                     const Environment& user) {
  const QuickValues* values = nullptr;
  if (const auto name = QuickNameOf(expression, &values)) return values->Number(*name);
  if (absl::Status status = Evaluate(expression, user); !status.ok()) return status;
  int is_number = 1;
  std::optional<double> number;
  if (lua_isboolean(lua_, -1)) {
    number = lua_toboolean(lua_, -1);
  } else if (!lua_isnil(lua_, -1)) {
    number = lua_tonumberx(lua_, -1, &is_number);
  }
  const char* type = luaL_typename(lua_, -1);
  lua_pop(lua_, 1);
  if (is_number == 0) {
    return absl::InvalidArgumentError(std::string("a number is needed, this is a ") + type);
  }
  return number;
}

absl::Status Script::Render(const Template& text, const Environment& user, std::string* out) {
  out->append(text.literals[0]);
  for (size_t i = 0; i < text.expressions.size(); ++i) {
    const QuickValues* values = nullptr;
    if (const auto name = QuickNameOf(text.expressions[i], &values)) {
      values->Append(*name, out);
    } else {
      if (absl::Status status = Evaluate(text.expressions[i], user); !status.ok()) return status;
      const absl::Status status = AppendText(lua_, out);
      lua_pop(lua_, 1);
      if (!status.ok()) return status;
    }
    out->append(text.literals[i + 1]);
  }
  return absl::OkStatus();
}

absl::Status Script::RenderJson(const ValueTemplate& value, const Environment& user,
                                std::string* out) {
  out->append(value.literals[0]);
  for (size_t i = 0; i < value.holes.size(); ++i) {
    const ValueTemplate::Hole& hole = value.holes[i];
    absl::Status status;
    const QuickValues* values = nullptr;
    if (!hole.typed) {
      hole_.clear();
      status = Render(hole.text, user, &hole_);
      AppendJsonString(hole_, out);
    } else if (const auto name = QuickNameOf(hole.value, &values)) {
      values->Append(*name, out);
    } else {
      status = Evaluate(hole.value, user);
      if (!status.ok()) return status;
      status = AppendJson(lua_, lua_gettop(lua_), out);
      lua_pop(lua_, 1);
    }
    if (!status.ok()) return status;
    out->append(value.literals[i + 1]);
  }
  return absl::OkStatus();
}

absl::Status Script::Store(const Expression& expression, const Environment& user,
                           const std::string& name) {
  if (absl::Status status = Evaluate(expression, user); !status.ok()) return status;
  StoreTop(user, name);
  return absl::OkStatus();
}

void Script::StoreTop(const Environment& user, const std::string& name) {
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, user.reference_);
  lua_pushlstring(lua_, name.data(), name.size());
  lua_pushvalue(lua_, -3);
  lua_rawset(lua_, -3);
  lua_pop(lua_, 2);
}

absl::Status Script::Append(const Expression& expression, const Environment& user,
                            const std::string& name) {
  if (absl::Status status = Evaluate(expression, user); !status.ok()) return status;
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, user.reference_);
  lua_pushlstring(lua_, name.data(), name.size());
  if (lua_rawget(lua_, -2) != LUA_TTABLE) {
    lua_pop(lua_, 1);
    (void)PushJson(lua_, "[]");
    lua_pushlstring(lua_, name.data(), name.size());
    lua_pushvalue(lua_, -2);
    lua_rawset(lua_, -4);
  } else if (IsShared(lua_, -1)) {
    // What others see stays: the variable gets a list of its own.
    (void)PushJson(lua_, "[]");
    const auto size = static_cast<lua_Integer>(lua_rawlen(lua_, -2));
    for (lua_Integer i = 1; i <= size; ++i) {
      lua_rawgeti(lua_, -2, i);
      lua_rawseti(lua_, -2, i);
    }
    lua_remove(lua_, -2);
    lua_pushlstring(lua_, name.data(), name.size());
    lua_pushvalue(lua_, -2);
    lua_rawset(lua_, -4);
  }
  lua_pushvalue(lua_, -3);
  lua_rawseti(lua_, -2, static_cast<lua_Integer>(lua_rawlen(lua_, -2)) + 1);
  lua_pop(lua_, 3);
  return absl::OkStatus();
}

absl::StatusOr<bool> Script::StoreElement(const std::string& list, int64_t index,
                                          const Environment& user, const std::string& name) {
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, user.reference_);
  lua_pushlstring(lua_, list.data(), list.size());
  if (lua_rawget(lua_, -2) != LUA_TTABLE) {
    const std::string type = luaL_typename(lua_, -1);
    lua_pop(lua_, 2);
    return absl::InvalidArgumentError("a list is needed, this is a " + type);
  }
  const bool there = index <= static_cast<int64_t>(lua_rawlen(lua_, -1));
  if (there) {
    lua_pushlstring(lua_, name.data(), name.size());
    lua_rawgeti(lua_, -2, index);
    lua_rawset(lua_, -4);
  }
  lua_pop(lua_, 2);
  return there;
}

void Script::SetNumber(const Environment& user, const std::string& name, int64_t value) {
  lua_pushinteger(lua_, value);
  StoreTop(user, name);
}

void Script::Unset(const Environment& user, const std::string& name) {
  lua_pushnil(lua_);
  StoreTop(user, name);
}

absl::StatusOr<std::string> Script::ToJson(const Environment& user) {
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, user.reference_);
  std::string json;
  const absl::Status status = AppendJson(lua_, lua_gettop(lua_), &json);
  lua_pop(lua_, 1);
  if (!status.ok()) return status;
  return json;
}

}  // namespace rampart
