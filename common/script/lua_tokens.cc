#include "common/script/lua_tokens.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace rampart {
namespace {

constexpr std::array<std::string_view, 22> kWords = {
    "and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
    "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
    "repeat",   "return", "then", "true", "until",  "while"};

// The longest first.
constexpr std::array<std::string_view, 10> kSymbols = {
    "...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"};

bool IsNameStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool IsNamePart(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<LuaToken> Run() {
    std::vector<LuaToken> tokens;
    while (true) {
      SkipSpace();
      LuaToken token{LuaToken::Kind::kEnd, {}, at_, line_};
      if (at_ >= text_.size()) {
        tokens.push_back(token);
        return tokens;
      }
      token.kind = One();
      token.text = text_.substr(token.at, at_ - token.at);
      if (token.kind == LuaToken::Kind::kName &&
          std::find(kWords.begin(), kWords.end(), token.text) != kWords.end()) {
        token.kind = LuaToken::Kind::kWord;
      }
      tokens.push_back(token);
    }
  }

 private:
  char At(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void Advance() {
    if (at_ >= text_.size()) return;
    if (text_[at_] == '\n') ++line_;
    ++at_;
  }
  void AdvanceTo(size_t end) {
    while (at_ < std::min(end, text_.size())) Advance();
  }

  void SkipSpace() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
        Advance();
      } else if (At(0) == '-' && At(1) == '-') {
        at_ += 2;
        if (At(0) != '[' || !LongBracket()) AdvanceTo(text_.find('\n', at_));
      } else {
        return;
      }
    }
  }

  // `[[...]]`, `[==[...]==]`. False, and nothing is taken, when none begins here.
  bool LongBracket() {
    size_t level = 0;
    while (At(1 + level) == '=') ++level;
    if (At(1 + level) != '[') return false;
    const std::string close = "]" + std::string(level, '=') + "]";
    const size_t end = text_.find(close, at_ + level + 2);
    AdvanceTo(end == std::string_view::npos ? end : end + close.size());
    return true;
  }

  void QuotedString() {
    const char quote = text_[at_];
    Advance();
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\') Advance();
      Advance();
    }
    Advance();
  }

  void Number() {
    const bool hex = At(0) == '0' && (At(1) == 'x' || At(1) == 'X');
    while (at_ < text_.size() && (IsNamePart(text_[at_]) || text_[at_] == '.')) {
      const char c = static_cast<char>(std::tolower(static_cast<unsigned char>(text_[at_])));
      Advance();
      if (c == (hex ? 'p' : 'e') && (At(0) == '+' || At(0) == '-')) Advance();
    }
  }

  LuaToken::Kind One() {
    const char c = text_[at_];
    if (IsNameStart(c)) {
      while (at_ < text_.size() && IsNamePart(text_[at_])) ++at_;
      return LuaToken::Kind::kName;
    }
    if (IsDigit(c) || (c == '.' && IsDigit(At(1)))) {
      Number();
      return LuaToken::Kind::kNumber;
    }
    if (c == '"' || c == '\'') {
      QuotedString();
      return LuaToken::Kind::kString;
    }
    if (c == '[' && LongBracket()) return LuaToken::Kind::kString;
    for (const std::string_view symbol : kSymbols) {
      if (!text_.substr(at_).starts_with(symbol)) continue;
      at_ += symbol.size();
      return LuaToken::Kind::kSymbol;
    }
    ++at_;
    return LuaToken::Kind::kSymbol;
  }

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<LuaToken> LuaTokens(std::string_view text) { return Lexer(text).Run(); }

}  // namespace rampart
