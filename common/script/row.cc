// Script's rows: what `take` gives a user.
#include <lua.hpp>

#include "common/script/json.h"
#include "common/script/script.h"

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

absl::Status Script::SetJson(const Environment& user, const std::string& name,
                             std::string_view json) {
  if (absl::Status status = PushJson(lua_, json); !status.ok()) return status;
  StoreTop(user, name);
  return absl::OkStatus();
}

}  // namespace rampart
