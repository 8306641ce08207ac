// How the texts of a plan become expressions and templates.
#include <lua.hpp>
#include <utility>

#include "common/script/append_number.h"
#include "common/script/json.h"
#include "common/script/script.h"
#include "common/script/statements.h"

namespace rampart {

absl::StatusOr<Expression> Script::Compile(std::string_view text) {
  // Only expressions change nothing. `function` would bring statements in.
  if (text.find("function") != std::string_view::npos) {
    const std::vector<std::string> unknown = UnknownNames(text, {});
    for (const std::string& name : unknown) {
      if (name == "function") {
        return absl::InvalidArgumentError("functions cannot be defined in an expression");
      }
    }
  }
  const auto load = [this](const std::string& chunk) {
    return luaL_loadbufferx(lua_, chunk.data(), chunk.size(), "=?", "t") == LUA_OK;
  };
  const std::string shown(text);
  // Alone first: a text that closes the parenthesis around it is no expression.
  if (!load("return " + shown + "\n")) {
    const absl::Status status = ErrorFromStack();
    return absl::InvalidArgumentError("`" + shown +
                                      "` is no Lua expression: " + std::string(status.message()));
  }
  lua_pop(lua_, 1);
  if (!load("return function(_ENV) return (" + shown + "\n) end")) {
    lua_pop(lua_, 1);
    return absl::InvalidArgumentError("`" + shown + "` is no single Lua expression");
  }
  if (lua_pcall(lua_, 0, 1, 0) != LUA_OK) return ErrorFromStack();
  Expression expression{luaL_ref(lua_, LUA_REGISTRYINDEX)};
  if (std::optional<QuickExpression> quick = QuickExpression::Of(text, hidden_)) {
    expression.quick = static_cast<int>(quick_.size());
    quick_.push_back(*std::move(quick));
  }
  return expression;
}

absl::StatusOr<Program> Script::CompileProgram(std::string_view text) {
  const auto load = [this](std::string_view chunk) {
    return luaL_loadbufferx(lua_, chunk.data(), chunk.size(), "=?", "t") == LUA_OK;
  };
  // Alone first: a text that closes the function around it is none.
  if (!load(text)) return ErrorFromStack("line ");
  lua_pop(lua_, 1);
  const absl::StatusOr<Statements> statements = ReadStatements(text);
  if (!statements.ok()) return statements.status();
  // On one line with the text's first, so that lines keep their numbers.
  if (!load("return function(_ENV, " + std::string(kGuardName) + ") " + statements->guarded +
            "\n end")) {
    return ErrorFromStack("line ");
  }
  if (lua_pcall(lua_, 0, 1, 0) != LUA_OK) return ErrorFromStack();
  return Program{luaL_ref(lua_, LUA_REGISTRYINDEX)};
}

absl::StatusOr<Template> Script::CompileTemplate(std::string_view text) {
  Template compiled;
  compiled.literals.emplace_back();
  while (!text.empty()) {
    const size_t dollar = text.find("${");
    if (dollar == std::string_view::npos) {
      compiled.literals.back().append(text);
      break;
    }
    if (dollar > 0 && text[dollar - 1] == '$') {  // $${ is a literal ${
      compiled.literals.back().append(text.substr(0, dollar)).append("{");
      text.remove_prefix(dollar + 2);
      continue;
    }
    compiled.literals.back().append(text.substr(0, dollar));
    text.remove_prefix(dollar + 2);
    int depth = 1;
    size_t end = 0;
    char quote = 0;
    for (; end < text.size(); ++end) {
      const char c = text[end];
      if (quote != 0) {
        if (c == '\\') ++end;
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '{') {
        ++depth;
      } else if (c == '}' && --depth == 0) {
        break;
      }
    }
    if (end >= text.size()) return absl::InvalidArgumentError("`${` without its `}`");
    absl::StatusOr<Expression> expression = Compile(text.substr(0, end));
    if (!expression.ok()) return expression.status();
    compiled.expressions.push_back(*expression);
    compiled.texts.emplace_back(text.substr(0, end));
    compiled.literals.emplace_back();
    text.remove_prefix(end + 1);
  }
  return compiled;
}

absl::StatusOr<ValueTemplate> Script::CompileValue(const v1::Value& value) {
  ValueTemplate compiled;
  compiled.literals.emplace_back();
  const auto append = [&](auto& self, const v1::Value& part) -> absl::Status {
    std::string* out = &compiled.literals.back();
    switch (part.kind_case()) {
      case v1::Value::kBoolean:
        out->append(part.boolean() ? "true" : "false");
        break;
      case v1::Value::kInteger:
        AppendNumber(part.integer(), out);
        break;
      case v1::Value::kNumber:
        AppendNumber(part.number(), out);
        break;
      case v1::Value::kString: {
        absl::StatusOr<Template> text = CompileTemplate(part.string());
        if (!text.ok()) return text.status();
        if (text->constant()) {
          AppendJsonString(text->literals[0], out);
          break;
        }
        ValueTemplate::Hole hole;
        hole.typed =
            text->expressions.size() == 1 && text->literals[0].empty() && text->literals[1].empty();
        if (hole.typed) {
          hole.value = text->expressions[0];
        } else {
          hole.text = *std::move(text);
        }
        compiled.holes.push_back(std::move(hole));
        compiled.literals.emplace_back();
        break;
      }
      case v1::Value::kList: {
        out->push_back('[');
        bool first = true;
        for (const v1::Value& item : part.list().items()) {
          if (!std::exchange(first, false)) compiled.literals.back().push_back(',');
          if (absl::Status status = self(self, item); !status.ok()) return status;
        }
        compiled.literals.back().push_back(']');
        break;
      }
      case v1::Value::kObject: {
        out->push_back('{');
        bool first = true;
        for (const v1::Value::Member& member : part.object().members()) {
          if (!std::exchange(first, false)) compiled.literals.back().push_back(',');
          AppendJsonString(member.key(), &compiled.literals.back());
          compiled.literals.back().push_back(':');
          if (absl::Status status = self(self, member.value()); !status.ok()) return status;
        }
        compiled.literals.back().push_back('}');
        break;
      }
      default:
        out->append("null");
    }
    return absl::OkStatus();
  };
  if (absl::Status status = append(append, value); !status.ok()) return status;
  return compiled;
}

}  // namespace rampart
