#include "common/script/json.h"

#include <algorithm>
#include <cmath>
#include <lua.hpp>
#include <vector>

#include "common/script/append_number.h"
#include "common/script/json_document.h"
#include "common/script/tables.h"

namespace rampart {
namespace {

// `arrays` and `objects` are the places of their metatables on the stack; 0 for none.
void Push(lua_State* lua, simdjson::dom::element element, int arrays, int objects) {
  luaL_checkstack(lua, 4, "JSON");
  switch (element.type()) {
    case simdjson::dom::element_type::ARRAY: {
      lua_newtable(lua);
      lua_pushvalue(lua, arrays);
      lua_setmetatable(lua, -2);
      lua_Integer index = 0;
      for (const simdjson::dom::element item : simdjson::dom::array(element)) {
        Push(lua, item, arrays, objects);
        lua_rawseti(lua, -2, ++index);
      }
      break;
    }
    case simdjson::dom::element_type::OBJECT:
      lua_newtable(lua);
      if (objects != 0) {
        lua_pushvalue(lua, objects);
        lua_setmetatable(lua, -2);
      }
      for (const auto& [key, value] : simdjson::dom::object(element)) {
        lua_pushlstring(lua, key.data(), key.size());
        Push(lua, value, arrays, objects);
        lua_rawset(lua, -3);
      }
      break;
    case simdjson::dom::element_type::INT64:
      lua_pushinteger(lua, int64_t(element));
      break;
    case simdjson::dom::element_type::UINT64:
      lua_pushnumber(lua, static_cast<double>(uint64_t(element)));
      break;
    case simdjson::dom::element_type::DOUBLE:
      lua_pushnumber(lua, double(element));
      break;
    case simdjson::dom::element_type::STRING: {
      const std::string_view text(element);
      lua_pushlstring(lua, text.data(), text.size());
      break;
    }
    case simdjson::dom::element_type::BOOL:
      lua_pushboolean(lua, bool(element));
      break;
    case simdjson::dom::element_type::NULL_VALUE:
      lua_pushlightuserdata(lua, nullptr);
      break;
  }
}

int PushElement(lua_State* lua) {
  const auto* element = static_cast<const simdjson::dom::element*>(lua_touserdata(lua, 1));
  const bool shared = lua_toboolean(lua, 2) != 0;
  lua_settop(lua, 0);
  PushMark(lua, shared ? TableMark::kSharedArray : TableMark::kArray);
  if (shared) PushMark(lua, TableMark::kSharedObject);
  Push(lua, *element, 1, shared ? 2 : 0);
  return 1;
}

bool IsArray(lua_State* lua, int index) {
  if (lua_rawlen(lua, index) > 0) return true;
  return IsMarkedArray(lua, index);
}

absl::Status AppendObject(lua_State* lua, int index, std::string* out, int depth) {
  std::vector<std::string> keys;
  lua_pushnil(lua);
  while (lua_next(lua, index) != 0) {
    lua_pop(lua, 1);
    if (lua_type(lua, -1) != LUA_TSTRING) {
      lua_pop(lua, 1);
      return absl::InvalidArgumentError("a table with keys that are not strings is no JSON object");
    }
    size_t size = 0;
    const char* key = lua_tolstring(lua, -1, &size);
    keys.emplace_back(key, size);
  }
  std::sort(keys.begin(), keys.end());
  out->push_back('{');
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i > 0) out->push_back(',');
    AppendJsonString(keys[i], out);
    out->push_back(':');
    lua_pushlstring(lua, keys[i].data(), keys[i].size());
    lua_rawget(lua, index);
    const absl::Status status = AppendJson(lua, lua_gettop(lua), out, depth + 1);
    lua_pop(lua, 1);
    if (!status.ok()) {
      return absl::Status(status.code(), "in `" + keys[i] + "`: " + std::string(status.message()));
    }
  }
  out->push_back('}');
  return absl::OkStatus();
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out->append("\\u00");
          out->push_back(kHex[static_cast<unsigned char>(c) >> 4]);
          out->push_back(kHex[c & 15]);
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

namespace {

absl::Status PushParsed(lua_State* lua, std::string_view text, bool shared) {
  absl::StatusOr<simdjson::dom::element> element = ParseJson(text);
  if (!element.ok()) return element.status();
  lua_pushcfunction(lua, PushElement);
  lua_pushlightuserdata(lua, &*element);
  lua_pushboolean(lua, shared ? 1 : 0);
  if (lua_pcall(lua, 2, 1, 0) != LUA_OK) {
    lua_pop(lua, 1);
    return absl::ResourceExhaustedError("the JSON needs more memory than scripts may use");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PushJson(lua_State* lua, std::string_view text) {
  return PushParsed(lua, text, false);
}

absl::Status PushSharedJson(lua_State* lua, std::string_view text) {
  return PushParsed(lua, text, true);
}

absl::Status AppendJson(lua_State* lua, int index, std::string* out, int depth) {
  if (depth > kMaxJsonDepth || lua_checkstack(lua, 6) == 0) {
    return absl::InvalidArgumentError("a value is nested too deep for JSON");
  }
  switch (lua_type(lua, index)) {
    case LUA_TNIL:
    case LUA_TLIGHTUSERDATA:
      out->append("null");
      return absl::OkStatus();
    case LUA_TBOOLEAN:
      out->append(lua_toboolean(lua, index) != 0 ? "true" : "false");
      return absl::OkStatus();
    case LUA_TNUMBER: {
      if (lua_isinteger(lua, index) != 0) {
        AppendNumber(lua_tointeger(lua, index), out);
        return absl::OkStatus();
      }
      const double number = lua_tonumber(lua, index);
      if (!std::isfinite(number)) return absl::InvalidArgumentError("JSON has no infinity or NaN");
      AppendNumber(number, out);
      return absl::OkStatus();
    }
    case LUA_TSTRING: {
      size_t size = 0;
      const char* text = lua_tolstring(lua, index, &size);
      AppendJsonString({text, size}, out);
      return absl::OkStatus();
    }
    case LUA_TTABLE: {
      if (!IsArray(lua, index)) return AppendObject(lua, index, out, depth);
      out->push_back('[');
      const auto size = static_cast<lua_Integer>(lua_rawlen(lua, index));
      for (lua_Integer i = 1; i <= size; ++i) {
        if (i > 1) out->push_back(',');
        lua_rawgeti(lua, index, i);
        const absl::Status status = AppendJson(lua, lua_gettop(lua), out, depth + 1);
        lua_pop(lua, 1);
        if (!status.ok()) return status;
      }
      out->push_back(']');
      return absl::OkStatus();
    }
    default:
      return absl::InvalidArgumentError(std::string("a ") + luaL_typename(lua, index) +
                                        " is no JSON");
  }
}

}  // namespace rampart
