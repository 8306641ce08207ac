// Script's tables of texts: the rows that `take` gives a user, and what all users share.
#include <lua.hpp>

#include "common/script/json.h"
#include "common/script/script.h"
#include "common/script/tables.h"

namespace rampart {
namespace {

struct Row {
  const std::vector<std::string>& names;
  const std::vector<std::string_view>& texts;
};

int PushRow(lua_State* lua) {
  const auto& row = *static_cast<const Row*>(lua_touserdata(lua, 1));
  lua_createtable(lua, 0, static_cast<int>(row.names.size()));
  for (size_t i = 0; i < row.names.size(); ++i) {
    lua_pushlstring(lua, row.names[i].data(), row.names[i].size());
    lua_pushlstring(lua, row.texts[i].data(), row.texts[i].size());
    lua_rawset(lua, -3);
  }
  return 1;
}

}  // namespace

absl::Status Script::SetTexts(const Environment& user, const std::string& name,
                              const std::vector<std::string>& names,
                              const std::vector<std::string_view>& texts) {
  Row row{names, texts};
  lua_pushcfunction(lua_, PushRow);
  lua_pushlightuserdata(lua_, &row);
  if (lua_pcall(lua_, 1, 1, 0) != LUA_OK) return ErrorFromStack();
  StoreTop(user, name);
  return absl::OkStatus();
}

absl::Status Script::SetSharedTexts(std::string_view name, const std::vector<std::string>& names,
                                    const std::vector<std::string_view>& texts) {
  Row row{names, texts};
  lua_pushcfunction(lua_, PushRow);
  lua_pushlightuserdata(lua_, &row);
  if (lua_pcall(lua_, 1, 1, 0) != LUA_OK) return ErrorFromStack();
  PushMark(lua_, TableMark::kSharedObject);
  lua_setmetatable(lua_, -2);
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, shared_);
  lua_pushlstring(lua_, name.data(), name.size());
  lua_pushvalue(lua_, -3);
  lua_rawset(lua_, -3);
  lua_pop(lua_, 2);
  return absl::OkStatus();
}

absl::Status Script::SetJson(const Environment& user, const std::string& name,
                             std::string_view json) {
  if (absl::Status status = PushJson(lua_, json); !status.ok()) return status;
  StoreTop(user, name);
  return absl::OkStatus();
}

}  // namespace rampart
