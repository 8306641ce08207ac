#include "common/plan/secret_uses.h"

#include <algorithm>

#include "common/plan/each_text.h"
#include "common/plan/variables.h"
#include "common/script/lua_tokens.h"
#include "common/script/script.h"
#include "common/script/statements.h"

namespace rampart {
namespace {

using Kind = LuaToken::Kind;

struct Asked {
  std::vector<std::string> names;
  bool otherwise = false;  // than by a name
};

// What follows `secret` at tokens[i + 1]: `.NAME`, `["NAME"]`. Empty when it is neither.
std::string NameBehind(const std::vector<LuaToken>& tokens, size_t i) {
  if (tokens[i + 1].Is(".") && tokens[i + 2].kind == Kind::kName) {
    return std::string(tokens[i + 2].text);
  }
  if (tokens[i + 1].Is("[") && tokens[i + 2].kind == Kind::kString && tokens[i + 3].Is("]")) {
    const std::string_view quoted = tokens[i + 2].text;
    const std::string_view name = quoted.substr(1, quoted.size() - 2);
    if (IsSecretName(name)) return std::string(name);
  }
  return "";
}

Asked AskedIn(std::string_view lua) {
  Asked asked;
  std::vector<LuaToken> tokens = LuaTokens(lua);
  const size_t count = tokens.size();
  tokens.resize(count + 3);  // kEnd
  for (size_t i = 0; i < count; ++i) {
    if (tokens[i].kind != Kind::kName || tokens[i].text != kSecretTable) continue;
    if (i > 0 && (tokens[i - 1].Is(".") || tokens[i - 1].Is(":"))) continue;  // a field
    const bool key =
        i > 0 && (tokens[i - 1].Is("{") || tokens[i - 1].Is(",")) && tokens[i + 1].Is("=");
    if (key) continue;
    std::string name = NameBehind(tokens, i);
    asked.otherwise = asked.otherwise || name.empty();
    if (!name.empty()) asked.names.push_back(std::move(name));
  }
  return asked;
}

bool IsFree(std::string_view statements) {
  const absl::StatusOr<Statements> read = ReadStatements(statements);
  if (!read.ok()) return false;  // a fault of its own
  return std::any_of(read->free.begin(), read->free.end(),
                     [](const Statements::Name& name) { return name.name == kSecretTable; });
}

// `f(what is asked for, where)`.
template <typename F>
void ForEachAsked(const v1::Plan& plan, const F& f) {
  Script script(0);
  ForEachText(plan, {}, [&](const std::string& text, v1::Written written, const v1::Position& at) {
    if (text.find(kSecretTable) == text.npos) return;
    if (written == v1::EXPRESSION) {
      f(AskedIn(text), at);
    } else if (written == v1::STATEMENTS) {
      if (script.CompileProgram(text).ok() && IsFree(text)) f(AskedIn(text), at);
    } else if (written == v1::TEMPLATE) {
      const auto compiled = script.CompileTemplate(text);
      if (!compiled.ok()) return;
      for (const std::string& expression : compiled->texts) f(AskedIn(expression), at);
    }
  });
}

}  // namespace

bool IsSecretName(std::string_view name) {
  const std::vector<LuaToken> tokens = LuaTokens(name);
  return tokens[0].kind == Kind::kName && tokens[0].text == name;
}

bool AsksForSecret(std::string_view lua) {
  const Asked asked = AskedIn(lua);
  return asked.otherwise || !asked.names.empty();
}

std::vector<SecretUse> SecretUses(const v1::Plan& plan) {
  std::vector<SecretUse> uses;
  ForEachAsked(plan, [&](const Asked& asked, const v1::Position& at) {
    for (const std::string& name : asked.names) {
      const bool known = std::any_of(uses.begin(), uses.end(),
                                     [&](const SecretUse& use) { return use.name == name; });
      if (!known) uses.push_back({name, at});
    }
  });
  return uses;
}

void ValidateSecrets(const v1::Plan& plan, const std::optional<std::vector<std::string>>& given,
                     Faults* faults) {
  const std::string hides = "`secret` is the table of what --secret gives: choose another name";
  for (const v1::Param& param : plan.params()) {
    if (param.name() == kSecretTable) return faults->Add(param.at(), hides + " for the param");
  }
  if (VariableNames(plan).contains(std::string(kSecretTable))) {
    return faults->Add(0, 0, hides + " for the variable");
  }
  ForEachAsked(plan, [&](const Asked& asked, const v1::Position& at) {
    if (asked.otherwise) {
      faults->Add(at, "`secret` is a table of values that are asked for by name: secret.NAME");
    }
  });
  if (!given) return;
  const std::vector<SecretUse> uses = SecretUses(plan);
  std::string names;
  for (const SecretUse& use : uses) {
    names += (names.empty() ? "" : ", ") + use.name;
    if (std::find(given->begin(), given->end(), use.name) != given->end()) continue;
    faults->Add(use.at, "secret " + use.name + " is not given: --secret " + use.name +
                            "=env:VAR or file:PATH");
  }
  for (const std::string& name : *given) {
    const bool used = std::any_of(uses.begin(), uses.end(),
                                  [&](const SecretUse& use) { return use.name == name; });
    if (used) continue;
    faults->Add(0, 0,
                "--secret " + name + ": the plan does not use secret." + name +
                    (names.empty() ? "" : "; it uses " + names));
  }
}

}  // namespace rampart
