// AppendNumber: a number as texts and JSON have it.
#ifndef RAMPART_COMMON_SCRIPT_APPEND_NUMBER_H_
#define RAMPART_COMMON_SCRIPT_APPEND_NUMBER_H_

#include <charconv>
#include <string>

namespace rampart {

// The shortest text that is read as the same number again.
template <typename Number>
void AppendNumber(Number number, std::string* out) {
  char digits[32];
  out->append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
}

}  // namespace rampart

#endif  // RAMPART_COMMON_SCRIPT_APPEND_NUMBER_H_
