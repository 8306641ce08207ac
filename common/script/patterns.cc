// regex and regex_all. RE2's time is linear in the text, whatever the pattern.
#include <lua.hpp>

#include "common/script/library.h"
#include "common/script/pattern_cache.h"
#include "common/script/script.h"
#include "common/script/tables.h"

namespace rampart {
namespace {

using re2::RE2;
using re2::StringPiece;

StringPiece Text(lua_State* lua, int argument) {
  size_t size = 0;
  const char* text = luaL_checklstring(lua, argument, &size);
  return {text, size};
}

const RE2& Pattern(lua_State* lua, int argument) {
  const StringPiece text = Text(lua, argument);
  const RE2& pattern = Script::Of(lua).patterns().Find({text.data(), text.size()});
  if (!pattern.ok()) luaL_error(lua, "no regular expression: %s", pattern.error().c_str());
  return pattern;
}

// The first group, or the whole where the pattern has none.
void PushMatch(lua_State* lua, const RE2& pattern, const StringPiece* groups) {
  const StringPiece& found = groups[pattern.NumberOfCapturingGroups() > 0 ? 1 : 0];
  if (found.data() == nullptr) return lua_pushnil(lua);
  lua_pushlstring(lua, found.data(), found.size());
}

int Regex(lua_State* lua) {
  const StringPiece text = Text(lua, 1);
  const RE2& pattern = Pattern(lua, 2);
  StringPiece groups[2];
  if (!pattern.Match(text, 0, text.size(), RE2::UNANCHORED, groups,
                     pattern.NumberOfCapturingGroups() > 0 ? 2 : 1)) {
    lua_pushnil(lua);
    return 1;
  }
  PushMatch(lua, pattern, groups);
  return 1;
}

int RegexAll(lua_State* lua) {
  const StringPiece text = Text(lua, 1);
  const RE2& pattern = Pattern(lua, 2);
  lua_newtable(lua);
  PushMark(lua, TableMark::kArray);
  lua_setmetatable(lua, -2);
  lua_Integer count = 0;
  StringPiece groups[2];
  const int wanted = pattern.NumberOfCapturingGroups() > 0 ? 2 : 1;
  for (size_t at = 0; at <= text.size();) {
    if (!pattern.Match(text, at, text.size(), RE2::UNANCHORED, groups, wanted)) break;
    // A group that took no part would leave a hole in the list.
    if (groups[wanted - 1].data() == nullptr) {
      lua_pushliteral(lua, "");
    } else {
      PushMatch(lua, pattern, groups);
    }
    lua_rawseti(lua, -2, ++count);
    at = static_cast<size_t>(groups[0].data() - text.data()) + groups[0].size();
    if (!groups[0].empty()) continue;
    do {
      ++at;  // past a whole character of UTF-8
    } while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80);
  }
  return 1;
}

}  // namespace

void OpenPatterns(lua_State* lua) {
  static constexpr luaL_Reg kFunctions[] = {
      {"regex", Regex}, {"regex_all", RegexAll}, {nullptr, nullptr}};
  luaL_setfuncs(lua, kFunctions, 0);
}

}  // namespace rampart
