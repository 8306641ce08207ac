// Reading what a client wrote: targets, queries, ids, times.
#ifndef RAMPART_TESTS_CHAT_API_QUERY_H_
#define RAMPART_TESTS_CHAT_API_QUERY_H_

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rampart::chat {

// The query of a request's target: the part behind the question mark. A view, like its text.
class Query {
 public:
  explicit Query(std::string_view text) : text_(text) {}

  // Percent-decoded; nullopt when it is not there. The first one counts.
  std::optional<std::string> Get(std::string_view name) const;

  // `absent` when it is not there; kInvalidArgument when it is no number from `least` to `most`.
  absl::StatusOr<int64_t> GetNumber(std::string_view name, int64_t absent, int64_t least,
                                    int64_t most) const;

 private:
  std::string_view text_;
};

std::optional<int64_t> ParseNumber(std::string_view text);

// An id in JSON is a number, or a string of digits (as this server writes them).
std::optional<int64_t> IdOf(const boost::json::value* value);

// Milliseconds of Unix time from `2024-05-01`, `2024-05-01T10:00:00Z` or milliseconds. A date alone
// is its first instant, or its last with `end_of_day`.
absl::StatusOr<int64_t> ParseTimeMs(std::string_view text, bool end_of_day);
std::string FormatTimeMs(int64_t ms);

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_API_QUERY_H_
