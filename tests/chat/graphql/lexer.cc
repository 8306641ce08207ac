#include "tests/chat/graphql/lexer.h"

#include <charconv>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace rampart::chat::graphql {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || IsDigit(c);
}

void AppendUtf8(uint32_t code, std::string& text) {
  const auto byte = [&text](uint32_t value) { text += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

bool Hex4(std::string_view text, uint32_t& code) {
  if (text.size() < 4) return false;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + 4, code, 16);
  return error == std::errc() && stop == text.data() + 4;
}

}  // namespace

void Lexer::SkipIgnored() {
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '#') {
      while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
    } else if (c == '\n') {
      ++line_;
      line_begin_ = at_ + 1;
    } else if (c != ' ' && c != '\t' && c != '\r' && c != ',') {
      return;
    }
  }
}

Token Lexer::Next() {
  SkipIgnored();
  const Location at{line_, static_cast<int>(at_ - line_begin_) + 1};
  if (at_ >= text_.size()) return {TokenKind::kEnd, "the end", at};
  const char c = text_[at_];
  if (c == '"') return String(at);
  if (IsDigit(c) || c == '-') return Number(at);
  const size_t begin = at_;
  if (IsNameByte(c)) {
    while (IsNameByte(Peek())) ++at_;
    return {TokenKind::kName, std::string(text_.substr(begin, at_ - begin)), at};
  }
  if (text_.substr(at_, 3) == "...") {
    at_ += 3;
    return {TokenKind::kSign, "...", at};
  }
  constexpr std::string_view kSigns = "!$&():=@[]{|}";
  ++at_;
  if (kSigns.find(c) != std::string_view::npos) return {TokenKind::kSign, std::string(1, c), at};
  return {TokenKind::kWrong, "there is a character that no GraphQL document has", at};
}

Token Lexer::Number(Location at) {
  const size_t begin = at_;
  if (Peek() == '-') ++at_;
  const size_t digits = at_;
  while (IsDigit(Peek())) ++at_;
  bool good = at_ > digits && (text_[digits] != '0' || at_ == digits + 1);
  bool is_float = false;
  if (Peek() == '.') {
    is_float = true;
    good = good && IsDigit(Peek(1));
    ++at_;
    while (IsDigit(Peek())) ++at_;
  }
  if (Peek() == 'e' || Peek() == 'E') {
    is_float = true;
    ++at_;
    if (Peek() == '+' || Peek() == '-') ++at_;
    good = good && IsDigit(Peek());
    while (IsDigit(Peek())) ++at_;
  }
  if (!good || IsNameByte(Peek()) || Peek() == '.') {
    return {TokenKind::kWrong, "this is no number", at};
  }
  return {is_float ? TokenKind::kFloat : TokenKind::kInt,
          std::string(text_.substr(begin, at_ - begin)), at};
}

Token Lexer::String(Location at) {
  if (text_.substr(at_, 3) == "\"\"\"") {
    return {TokenKind::kWrong, "block strings are not supported here", at};
  }
  std::string text;
  for (++at_; Peek() != '"'; ++at_) {
    const unsigned char c = static_cast<unsigned char>(Peek());
    if (c < ' ' && c != '\t') return {TokenKind::kWrong, "this string does not end", at};
    if (c == '\\') {
      if (!Escape(text)) return {TokenKind::kWrong, "this string has a wrong escape", at};
    } else {
      text += static_cast<char>(c);
    }
  }
  ++at_;
  return {TokenKind::kString, std::move(text), at};
}

bool Lexer::Escape(std::string& text) {
  ++at_;
  constexpr std::string_view kFrom = "\"\\/bfnrt";
  constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  if (const size_t known = kFrom.find(Peek()); Peek() != '\0' && known != std::string_view::npos) {
    text += kTo[known];
    return true;
  }
  uint32_t code = 0;
  if (Peek() != 'u' || !Hex4(text_.substr(at_ + 1), code)) return false;
  at_ += 4;
  if (code >= 0xDC00 && code < 0xE000) return false;
  if (code >= 0xD800 && code < 0xDC00) {
    uint32_t low = 0;
    if (Peek(1) != '\\' || Peek(2) != 'u' || !Hex4(text_.substr(at_ + 3), low)) return false;
    if (low < 0xDC00 || low >= 0xE000) return false;
    at_ += 6;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  AppendUtf8(code, text);
  return true;
}

}  // namespace rampart::chat::graphql
