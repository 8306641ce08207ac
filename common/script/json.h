// JSON in and out of Lua values. null is a light userdata (the global `null`), so that a list keeps
// it.
#ifndef RAMPART_COMMON_SCRIPT_JSON_H_
#define RAMPART_COMMON_SCRIPT_JSON_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

struct lua_State;

namespace rampart {

// Deeper values are refused in both directions.
inline constexpr int kMaxJsonDepth = 64;

// Pushes the value of a JSON text; on an error nothing. Its tables are the user's own, or shared
// ones, which scripts cannot change.
absl::Status PushJson(lua_State* lua, std::string_view text);
absl::Status PushSharedJson(lua_State* lua, std::string_view text);

// Appends the value at `index` as JSON: tables with a first element are arrays, others objects with
// sorted keys. Functions and non-finite numbers are refused.
absl::Status AppendJson(lua_State* lua, int index, std::string* out, int depth = 0);

void AppendJsonString(std::string_view text, std::string* out);

}  // namespace rampart

#endif  // RAMPART_COMMON_SCRIPT_JSON_H_
