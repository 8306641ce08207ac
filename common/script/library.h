// The functions that Rampart adds to Lua's. Lua's errors are longjmps: none of them owns memory
// when it may raise one.
#ifndef RAMPART_COMMON_SCRIPT_LIBRARY_H_
#define RAMPART_COMMON_SCRIPT_LIBRARY_H_

struct lua_State;

namespace rampart {

// Each puts functions into the table on the stack's top. Protected.
void OpenLibrary(lua_State* lua);    // random, lists, time, JSON
void OpenEncodings(lua_State* lua);  // hashes, base64, URLs
void OpenPatterns(lua_State* lua);   // regular expressions

}  // namespace rampart

#endif  // RAMPART_COMMON_SCRIPT_LIBRARY_H_
