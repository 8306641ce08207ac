// What marks a Lua table: an array of JSON, and what users share. A mark is a metatable: indexing,
// `#` and pairs() of a marked table are those of any other.
#ifndef RAMPART_COMMON_SCRIPT_TABLES_H_
#define RAMPART_COMMON_SCRIPT_TABLES_H_

struct lua_State;

namespace rampart {

enum class TableMark {
  kArray,         // stays an array also when it is empty
  kSharedObject,  // never changes
  kSharedArray,
};

// Protected: makes the metatables. Once a state.
void OpenTableMarks(lua_State* lua);

// Pushes a mark's metatable, for lua_setmetatable.
void PushMark(lua_State* lua, TableMark mark);
bool IsMarkedArray(lua_State* lua, int index);
bool IsShared(lua_State* lua, int index);

// Raises an error when the value is a shared table. Ends every way in which a table that exists is
// written to.
void CheckOwn(lua_State* lua, int index);

// The C function (table, its text) -> table that guards the writes of statements.
int GuardWrite(lua_State* lua);
// The C function copy(value): tables in it are copies that are the user's own.
int CopyValue(lua_State* lua);

// table.insert, remove, sort and move, and string.rep, made safe. On the stack's top is the table
// `table` or `string` of the library.
void GuardTableLibrary(lua_State* lua);
void GuardStringLibrary(lua_State* lua);

}  // namespace rampart

#endif  // RAMPART_COMMON_SCRIPT_TABLES_H_
