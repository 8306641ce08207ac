// JSON for who looks at a part of it: no Lua values are made.
#ifndef RAMPART_COMMON_SCRIPT_JSON_DOCUMENT_H_
#define RAMPART_COMMON_SCRIPT_JSON_DOCUMENT_H_

#include <simdjson.h>

#include <string_view>

#include "absl/status/statusor.h"

namespace rampart {

// Parses the whole text, with kMaxJsonDepth as its limit. The element, with all that is in it, is
// valid until the same thread parses the next.
absl::StatusOr<simdjson::dom::element> ParseJson(std::string_view text);

}  // namespace rampart

#endif  // RAMPART_COMMON_SCRIPT_JSON_DOCUMENT_H_
