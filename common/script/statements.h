// Statements: the text of a `script` step, read without running it.
#ifndef RAMPART_COMMON_SCRIPT_STATEMENTS_H_
#define RAMPART_COMMON_SCRIPT_STATEMENTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rampart {

// What guards a write to a table; a script cannot use this name.
inline constexpr std::string_view kGuardName = "__own";

struct Statements {
  struct Name {
    std::string name;
    int line = 0;  // from 1
  };
  std::vector<Name> free;      // read and no locals, each once, where it stands first
  std::vector<Name> assigned;  // globals that are set, each once
  // The same text, line for line, in which every table that a statement writes to goes through the
  // guard: `a.b[i] = 1` is `__own(a.b, 'a.b')[i] = 1`, `function a.f() end` is `__own(a, 'a').f =
  // function() end`. There is no other way in Lua's grammar to write to a table that is there
  // already.
  std::string guarded;
};

// `text` must be something that Lua compiles: that bounds its depth. A status says what a script
// may not use.
absl::StatusOr<Statements> ReadStatements(std::string_view text);

}  // namespace rampart

#endif  // RAMPART_COMMON_SCRIPT_STATEMENTS_H_
