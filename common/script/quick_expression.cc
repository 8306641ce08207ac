#include "common/script/quick_expression.h"

#include <charconv>

#include "common/script/append_number.h"
#include "common/script/lua_tokens.h"

namespace rampart {
namespace {

// Takes a name off the tokens from `at` on.
std::optional<QuickName> TakeName(const std::vector<LuaToken>& tokens,
                                  const std::set<std::string, std::less<>>& hidden, size_t* at) {
  const LuaToken& token = tokens[*at];
  if (token.kind != LuaToken::Kind::kName || hidden.contains(token.text)) return std::nullopt;
  ++*at;
  if (token.text == "status") return QuickName::kStatus;
  if (token.text == "ok") return QuickName::kOk;
  if (token.text == "duration_ms") return QuickName::kDurationMs;
  if (token.text == "user" && tokens.size() > *at + 1 && tokens[*at].Is(".") &&
      tokens[*at + 1].kind == LuaToken::Kind::kName && tokens[*at + 1].text == "id") {
    *at += 2;
    return QuickName::kUserId;
  }
  return std::nullopt;
}

}  // namespace

std::optional<QuickExpression> QuickExpression::Of(
    std::string_view text, const std::set<std::string, std::less<>>& hidden) {
  static constexpr struct {
    std::string_view symbol;
    Test test;
  } kTests[] = {{"==", Test::kEqual},       {"~=", Test::kUnequal}, {"<", Test::kLess},
                {"<=", Test::kLessOrEqual}, {">", Test::kMore},     {">=", Test::kMoreOrEqual}};
  const std::vector<LuaToken> tokens = LuaTokens(text);
  QuickExpression expression;
  size_t at = 0;
  for (;;) {
    Term term{};
    if (tokens[at].Is("not")) {
      term.negated = true;
      ++at;
    }
    const std::optional<QuickName> name = TakeName(tokens, hidden, &at);
    if (!name) return std::nullopt;
    term.name = *name;
    for (const auto& [symbol, test] : kTests) {
      if (tokens[at].Is(symbol)) term.test = test;
    }
    if (term.test != Test::kTruth) {
      // `not a == 1` compares a boolean; booleans are not ordered, and equal to no number.
      if (term.negated || *name == QuickName::kOk) return std::nullopt;
      const LuaToken& number = tokens[++at];
      const char* const end = number.text.data() + number.text.size();
      // Whole and decimal numbers mean the same here and in Lua; others are left to it.
      if (number.kind != LuaToken::Kind::kNumber ||
          number.text.find_first_not_of("0123456789.") != std::string_view::npos ||
          number.text.size() > 15) {
        return std::nullopt;
      }
      const auto [stop, error] = std::from_chars(number.text.data(), end, term.number);
      if (error != std::errc() || stop != end) return std::nullopt;
      ++at;
    }
    const bool more = tokens[at].Is("and") || tokens[at].Is("or");
    term.ends_group = !tokens[at].Is("and");
    expression.terms_.push_back(term);
    if (!more) break;
    ++at;
  }
  if (tokens[at].kind != LuaToken::Kind::kEnd) return std::nullopt;
  return expression;
}

double QuickValues::Number(QuickName name) const {
  switch (name) {
    case QuickName::kStatus:
      return static_cast<double>(status);
    case QuickName::kOk:
      return ok ? 1 : 0;
    case QuickName::kDurationMs:
      return duration_ms;
    case QuickName::kUserId:
      return static_cast<double>(user_id);
  }
  return 0;
}

void QuickValues::Append(QuickName name, std::string* out) const {
  switch (name) {
    case QuickName::kStatus:
      AppendNumber(status, out);
      break;
    case QuickName::kOk:
      out->append(ok ? "true" : "false");
      break;
    case QuickName::kDurationMs:
      AppendNumber(duration_ms, out);
      break;
    case QuickName::kUserId:
      AppendNumber(user_id, out);
      break;
  }
}

bool QuickExpression::Term::Holds(const QuickValues& values) const {
  if (name == QuickName::kOk) return values.ok != negated;
  const double value = values.Number(name);
  switch (test) {
    case Test::kTruth:
      return !negated;  // every number is true
    case Test::kEqual:
      return value == number;
    case Test::kUnequal:
      return value != number;
    case Test::kLess:
      return value < number;
    case Test::kLessOrEqual:
      return value <= number;
    case Test::kMore:
      return value > number;
    case Test::kMoreOrEqual:
      return value >= number;
  }
  return false;
}

bool QuickExpression::Truth(const QuickValues& values) const {
  bool group = true;
  for (const Term& term : terms_) {
    group = group && term.Holds(values);
    if (!term.ends_group) continue;
    if (group) return true;
    group = true;
  }
  return false;
}

std::optional<QuickName> QuickExpression::name() const {
  if (terms_.size() != 1 || terms_[0].test != Test::kTruth || terms_[0].negated) {
    return std::nullopt;
  }
  return terms_[0].name;
}

}  // namespace rampart
