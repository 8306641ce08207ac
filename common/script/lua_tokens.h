// LuaTokens: a Lua 5.4 text cut into its words.
#ifndef RAMPART_COMMON_SCRIPT_LUA_TOKENS_H_
#define RAMPART_COMMON_SCRIPT_LUA_TOKENS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace rampart {

struct LuaToken {
  enum class Kind : uint8_t { kName, kWord, kNumber, kString, kSymbol, kEnd };

  Kind kind = Kind::kEnd;
  std::string_view text;
  size_t at = 0;  // in the whole text
  int line = 1;

  bool Is(std::string_view symbol) const {
    return (kind == Kind::kWord || kind == Kind::kSymbol) && text == symbol;
  }
};

// Without comments; the last one is kEnd. Views into `text`. What is no Lua becomes some tokens.
std::vector<LuaToken> LuaTokens(std::string_view text);

}  // namespace rampart

#endif  // RAMPART_COMMON_SCRIPT_LUA_TOKENS_H_
