// Text from outside made safe to show, and measured in columns as a terminal does.
#ifndef RAMPART_CONTROLLER_REPORT_TEXT_PRINTABLE_H_
#define RAMPART_CONTROLLER_REPORT_TEXT_PRINTABLE_H_

#include <string>
#include <string_view>
#include <vector>

namespace rampart::controller {

// A code point at the start of `text`, which is not empty.
struct CodePoint {
  char32_t value = 0;
  size_t bytes = 1;
  bool valid = false;  // when not: one byte that begins no well-formed UTF-8 sequence
};
CodePoint Decode(std::string_view text);

// Names and errors come from plans and servers that may be hostile: everything that could move a
// cursor, set a colour, reorder or hide text is written as an escape: `\n`, `\x1b`, `\u{202e}`.
// Without `unicode` everything outside of ASCII is.
std::string Printable(std::string_view text, bool unicode = true);

// Columns of a terminal. Our own colour codes take none. `text` is printable.
int DisplayWidth(std::string_view text);

enum class Keep { kBegin, kEnds, kEnd };
// `text` when it fits into `width` columns, else a part of it with an ellipsis. A text with colours
// may only keep its begin.
std::string Elide(std::string_view text, int width, Keep keep, bool unicode);

std::string PadRight(std::string text, int width);
std::string PadLeft(std::string_view text, int width);

// Lines of at most `width` columns, broken at spaces where there are any. `text` is printable and
// has no colours.
std::vector<std::string> Wrap(std::string_view text, int width);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_REPORT_TEXT_PRINTABLE_H_
