#include "common/script/library.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <lua.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/script/json.h"
#include "common/script/script.h"
#include "common/script/tables.h"
#include "common/script/time_of_day.h"

namespace rampart {
namespace {

constexpr lua_Integer kMaxRandomString = 1 << 20;
// The years 0 to 9999.
constexpr double kMinMs = -62'167'219'200'000.0;
constexpr double kMaxMs = 253'402'300'799'999.0;

int Random(lua_State* lua) {
  Script& script = Script::Of(lua);
  if (lua_gettop(lua) == 0) {
    lua_pushnumber(lua, script.Draw());
    return 1;
  }
  const lua_Integer low = lua_gettop(lua) == 1 ? 1 : luaL_checkinteger(lua, 1);
  const lua_Integer high = luaL_checkinteger(lua, lua_gettop(lua) == 1 ? 1 : 2);
  luaL_argcheck(lua, low <= high, 1, "the interval is empty");
  lua_pushinteger(lua, std::uniform_int_distribution<lua_Integer>(low, high)(script.random()));
  return 1;
}

int Chance(lua_State* lua) {
  const double p = luaL_checknumber(lua, 1);
  lua_pushboolean(lua, Script::Of(lua).Draw() < p);
  return 1;
}

int Pick(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  const auto size = static_cast<lua_Integer>(lua_rawlen(lua, 1));
  luaL_argcheck(lua, size > 0, 1, "the list is empty");
  lua_rawgeti(lua, 1,
              1 + static_cast<lua_Integer>(Script::Of(lua).Draw() * static_cast<double>(size)));
  return 1;
}

// The order in which Lua goes through a table changes from process to process, and a seed must give
// the same draws: the keys are sorted.
int Weighted(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  double sum = 0;
  lua_pushnil(lua);
  while (lua_next(lua, 1) != 0) {
    luaL_argcheck(lua, lua_type(lua, -2) == LUA_TSTRING, 1, "a key is no text");
    const double weight = luaL_checknumber(lua, -1);
    luaL_argcheck(lua, weight >= 0 && std::isfinite(weight), 1, "a weight is under 0");
    sum += weight;
    lua_pop(lua, 1);
  }
  luaL_argcheck(lua, sum > 0 && std::isfinite(sum), 1, "no key has a weight over 0");
  std::string_view drawn;
  {
    std::vector<std::pair<std::string_view, double>> weights;
    lua_pushnil(lua);
    while (lua_next(lua, 1) != 0) {
      size_t size = 0;
      const char* key = lua_tolstring(lua, -2, &size);
      weights.emplace_back(std::string_view(key, size), lua_tonumber(lua, -1));
      lua_pop(lua, 1);
    }
    std::sort(weights.begin(), weights.end());
    double left = Script::Of(lua).Draw() * sum;
    for (const auto& [key, weight] : weights) {
      if (weight == 0) continue;
      drawn = key;
      left -= weight;
      if (left < 0) break;
    }
  }
  lua_pushlstring(lua, drawn.data(), drawn.size());
  return 1;
}

int RandomString(lua_State* lua) {
  static constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const lua_Integer size = luaL_checkinteger(lua, 1);
  luaL_argcheck(lua, size >= 0 && size <= kMaxRandomString, 1, "0 to 1,048,576 characters");
  Script& script = Script::Of(lua);
  luaL_Buffer buffer;
  char* text = luaL_buffinitsize(lua, &buffer, static_cast<size_t>(size));
  for (lua_Integer i = 0; i < size; ++i) {
    text[i] = kLetters[static_cast<size_t>(script.Draw() * static_cast<double>(kLetters.size()))];
  }
  luaL_pushresultsize(&buffer, static_cast<size_t>(size));
  return 1;
}

int Uuid(lua_State* lua) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::mt19937_64& random = Script::Of(lua).random();
  char text[36];
  uint64_t bits = 0;
  for (int i = 0; i < 36; ++i) {
    if (i % 16 == 0) bits = random();
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      text[i] = '-';
      continue;
    }
    uint64_t nibble = bits & 15;
    bits >>= 4;
    if (i == 14) nibble = 4;
    if (i == 19) nibble = 8 | (nibble & 3);
    text[i] = kHex[nibble];
  }
  lua_pushlstring(lua, text, sizeof(text));
  return 1;
}

template <typename Unit>
int64_t WallClock() {
  static const TimeOfDay day(std::chrono::system_clock::now(), std::chrono::steady_clock::now());
  return std::chrono::duration_cast<Unit>(
             day.At(std::chrono::steady_clock::now()).time_since_epoch())
      .count();
}

int NowMs(lua_State* lua) {
  lua_pushinteger(lua, WallClock<std::chrono::milliseconds>());
  return 1;
}

int NowUs(lua_State* lua) {
  lua_pushinteger(lua, WallClock<std::chrono::microseconds>());
  return 1;
}

int IsoDate(lua_State* lua) {
  const double ms = lua_isnoneornil(lua, 1)
                        ? static_cast<double>(WallClock<std::chrono::milliseconds>())
                        : std::floor(luaL_checknumber(lua, 1));
  luaL_argcheck(lua, ms >= kMinMs && ms <= kMaxMs, 1, "not in the years 0 to 9999");
  char text[32];
  size_t size = 0;
  {
    const std::string formatted =
        absl::FormatTime("%E4Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(static_cast<int64_t>(ms)),
                         absl::UTCTimeZone());
    size = formatted.copy(text, sizeof(text));
  }
  lua_pushlstring(lua, text, size);
  return 1;
}

// nil for what is no date. Without a zone it is UTC.
int ParseIsoDate(lua_State* lua) {
  size_t size = 0;
  const char* text = luaL_checklstring(lua, 1, &size);
  absl::Time time;
  const bool parsed = [&] {
    std::string error;
    for (const char* format : {"%Y-%m-%dT%H:%M:%E*S%Ez", "%Y-%m-%d %H:%M:%E*S%Ez",
                               "%Y-%m-%dT%H:%M:%E*S", "%Y-%m-%d %H:%M:%E*S", "%Y-%m-%d"}) {
      if (absl::ParseTime(format, {text, size}, &time, &error)) return true;
    }
    return false;
  }();
  if (!parsed || time == absl::InfiniteFuture() || time == absl::InfinitePast()) {
    lua_pushnil(lua);
  } else {
    lua_pushinteger(lua, absl::ToUnixMillis(time));
  }
  return 1;
}

int JsonEncode(lua_State* lua) {
  luaL_checkany(lua, 1);
  std::string& text = Script::Of(lua).scratch();
  text.clear();
  bool ok = false;
  {
    const absl::Status status = AppendJson(lua, 1, &text);
    ok = status.ok();
    if (!ok) text = std::string(status.message());
  }
  lua_pushlstring(lua, text.data(), text.size());
  if (ok) return 1;
  luaL_where(lua, 1);
  lua_insert(lua, -2);
  lua_concat(lua, 2);
  return lua_error(lua);
}

// nil for what is no JSON.
int JsonDecode(lua_State* lua) {
  size_t size = 0;
  const char* text = luaL_checklstring(lua, 1, &size);
  absl::StatusCode code;
  { code = PushJson(lua, {text, size}).code(); }
  if (code == absl::StatusCode::kResourceExhausted) return luaL_error(lua, "not enough memory");
  if (code != absl::StatusCode::kOk) lua_pushnil(lua);
  return 1;
}

}  // namespace

void OpenLibrary(lua_State* lua) {
  static constexpr luaL_Reg kFunctions[] = {{"random", Random},
                                            {"chance", Chance},
                                            {"pick", Pick},
                                            {"weighted", Weighted},
                                            {"random_string", RandomString},
                                            {"uuid", Uuid},
                                            {"now_ms", NowMs},
                                            {"now_us", NowUs},
                                            {"iso_date", IsoDate},
                                            {"parse_iso_date", ParseIsoDate},
                                            {"json_encode", JsonEncode},
                                            {"json_decode", JsonDecode},
                                            {"copy", CopyValue},
                                            {nullptr, nullptr}};
  luaL_setfuncs(lua, kFunctions, 0);
}

}  // namespace rampart
