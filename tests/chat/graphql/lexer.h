// The words and signs of a GraphQL document.
#ifndef RAMPART_TESTS_CHAT_GRAPHQL_LEXER_H_
#define RAMPART_TESTS_CHAT_GRAPHQL_LEXER_H_

#include <string>
#include <string_view>

#include "tests/chat/graphql/document.h"

namespace rampart::chat::graphql {

enum class TokenKind { kEnd, kName, kSign, kInt, kFloat, kString, kWrong };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  // of a string what it stands for; of kWrong what is wrong
  Location at;
};

// Reads one token after the other. A view of its text.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // After the end, the end again; after kWrong there is nothing to expect.
  Token Next();

 private:
  void SkipIgnored();
  Token String(Location at);
  Token Number(Location at);
  // After a backslash; false: no such escape.
  bool Escape(std::string& text);
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t line_begin_ = 0;
  int line_ = 1;
};

}  // namespace rampart::chat::graphql

#endif  // RAMPART_TESTS_CHAT_GRAPHQL_LEXER_H_
