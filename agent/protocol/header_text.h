// What the values of headers are read with.
#ifndef RAMPART_AGENT_PROTOCOL_HEADER_TEXT_H_
#define RAMPART_AGENT_PROTOCOL_HEADER_TEXT_H_

#include <string_view>

#include "absl/strings/match.h"

namespace rampart::agent {

// OWS of RFC 9110, 5.6.3.
constexpr bool IsBlank(char c) { return c == ' ' || c == '\t'; }

inline std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

// Most write what is looked for in the usual way, which is seen at once.
inline bool SameInAnyCase(std::string_view text, std::string_view other) {
  return text == other ||
         absl::EqualsIgnoreCase({text.data(), text.size()}, {other.data(), other.size()});
}

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_HEADER_TEXT_H_
