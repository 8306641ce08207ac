#include "common/script/json_document.h"

#include <algorithm>
#include <string>

#include "common/script/json.h"

namespace rampart {

absl::StatusOr<simdjson::dom::element> ParseJson(std::string_view text) {
  static thread_local simdjson::dom::parser parser;
  static thread_local std::string padded;
  padded.assign(text);
  padded.resize(text.size() + simdjson::SIMDJSON_PADDING);
  if (parser.max_depth() != kMaxJsonDepth &&
      parser.allocate(std::max<size_t>(text.size(), 1024), kMaxJsonDepth) != simdjson::SUCCESS) {
    return absl::ResourceExhaustedError("no memory to parse JSON");
  }
  simdjson::dom::element element;
  const auto error = parser.parse(padded.data(), text.size(), false).get(element);
  if (error != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(std::string("not JSON (") + simdjson::error_message(error) +
                                      "): `" + std::string(text.substr(0, 60)) + "`");
  }
  return element;
}

}  // namespace rampart
