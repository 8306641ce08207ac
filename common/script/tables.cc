#include "common/script/tables.h"

#include <lua.hpp>

#include "common/script/json.h"

namespace rampart {
namespace {

// Their addresses are keys in the registry.
constexpr char kMarks[3] = {};

// What table.move may move: it counts also where there is nothing.
constexpr lua_Integer kMaxMoved = 10'000'000;

int Refuse(lua_State* lua, const char* table) {
  return luaL_error(lua,
                    "%s is not yours to change: setup's data, params, json and libraries are "
                    "shared; change a copy(...) of it",
                    table);
}

// As the metamethod __newindex.
int RefuseNew(lua_State* lua) { return Refuse(lua, "this table"); }

bool Has(lua_State* lua, int index, TableMark mark) {
  if (lua_type(lua, index) != LUA_TTABLE || lua_getmetatable(lua, index) == 0) return false;
  PushMark(lua, mark);
  const bool has = lua_rawequal(lua, -1, -2) != 0;
  lua_pop(lua, 2);
  return has;
}

void Copy(lua_State* lua, int index, int depth) {
  if (lua_type(lua, index) != LUA_TTABLE) return lua_pushvalue(lua, index);
  if (depth > kMaxJsonDepth) luaL_error(lua, "a value that is nested too deep, or in itself");
  luaL_checkstack(lua, 6, "copy");
  lua_newtable(lua);
  const int made = lua_gettop(lua);
  if (IsMarkedArray(lua, index)) {
    PushMark(lua, TableMark::kArray);
    lua_setmetatable(lua, made);
  }
  lua_pushnil(lua);
  while (lua_next(lua, index) != 0) {
    lua_pushvalue(lua, -2);
    Copy(lua, made + 2, depth + 1);
    lua_rawset(lua, made);
    lua_pop(lua, 1);
  }
}

// What the library has at upvalue 1, called with the same arguments. Its own errors know neither
// its name, at upvalue 2, nor the line: it was called from here.
int Call(lua_State* lua) {
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  if (lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0) == LUA_OK) return lua_gettop(lua);
  const char* message = lua_tostring(lua, -1);
  if (message == nullptr || message[0] == '?') return lua_error(lua);  // from a line of a script
  luaL_where(lua, 1);
  luaL_gsub(lua, message, "'?'", lua_tostring(lua, lua_upvalueindex(2)));
  lua_concat(lua, 2);
  return lua_error(lua);
}

int Change(lua_State* lua) {
  CheckOwn(lua, 1);
  return Call(lua);
}

int Move(lua_State* lua) {
  CheckOwn(lua, lua_isnoneornil(lua, 5) ? 1 : 5);
  const lua_Integer from = luaL_checkinteger(lua, 2);
  const lua_Integer to = luaL_checkinteger(lua, 3);
  luaL_argcheck(lua, from > to || from > 0, 2, "a position in a list is 1 or more");
  luaL_argcheck(lua, to - from < kMaxMoved, 3, "too many to move");
  return Call(lua);
}

// Of nothing, any number of times, is nothing; the library would count.
int Repeat(lua_State* lua) {
  size_t size = 0;
  size_t between = 0;
  luaL_checklstring(lua, 1, &size);
  luaL_optlstring(lua, 3, "", &between);
  if (size + between > 0) return Call(lua);
  lua_pushliteral(lua, "");
  return 1;
}

// Replaces a function of the library that is on the stack's top.
void Wrap(lua_State* lua, const char* name, lua_CFunction by) {
  lua_getfield(lua, -1, name);
  lua_pushfstring(lua, "'%s'", name);
  lua_pushcclosure(lua, by, 2);
  lua_setfield(lua, -2, name);
}

}  // namespace

void OpenTableMarks(lua_State* lua) {
  for (const char& mark : kMarks) {
    lua_newtable(lua);
    if (&mark != &kMarks[static_cast<size_t>(TableMark::kArray)]) {
      lua_pushcfunction(lua, RefuseNew);
      lua_setfield(lua, -2, "__newindex");
    }
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &mark);
  }
}

void PushMark(lua_State* lua, TableMark mark) {
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &kMarks[static_cast<size_t>(mark)]);
}

bool IsMarkedArray(lua_State* lua, int index) {
  return Has(lua, index, TableMark::kArray) || Has(lua, index, TableMark::kSharedArray);
}

bool IsShared(lua_State* lua, int index) {
  return Has(lua, index, TableMark::kSharedObject) || Has(lua, index, TableMark::kSharedArray);
}

void CheckOwn(lua_State* lua, int index) {
  if (IsShared(lua, index)) Refuse(lua, "this table");
}

int GuardWrite(lua_State* lua) {
  const char* shown = lua_isnoneornil(lua, 2) ? "this table" : lua_tostring(lua, 2);
  if (lua_type(lua, 1) != LUA_TTABLE) {
    return luaL_error(lua, "attempt to set a field of %s, a %s value",
                      lua_isnoneornil(lua, 2) ? "no table" : shown, luaL_typename(lua, 1));
  }
  if (IsShared(lua, 1)) return Refuse(lua, shown);
  lua_settop(lua, 1);
  return 1;
}

int CopyValue(lua_State* lua) {
  luaL_checkany(lua, 1);
  Copy(lua, 1, 0);
  return 1;
}

void GuardTableLibrary(lua_State* lua) {
  for (const char* name : {"insert", "remove", "sort"}) Wrap(lua, name, Change);
  Wrap(lua, "move", Move);
}

void GuardStringLibrary(lua_State* lua) { Wrap(lua, "rep", Repeat); }

}  // namespace rampart
