// What somebody searches for.
#ifndef RAMPART_TESTS_CHAT_SEARCH_SEARCH_QUERY_H_
#define RAMPART_TESTS_CHAT_SEARCH_SEARCH_QUERY_H_

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rampart::chat {

// Words that must stand next to each other, in small letters. With `is_prefix` the last one is only
// how the word there begins.
struct Clause {
  std::vector<std::string> words;
  bool is_prefix = false;
};

enum class SortBy { kDate, kRelevance };

struct SearchQuery {
  std::string text;
  std::string type;                                       // empty: any
  int64_t channel_id = 0;                                 // 0: any
  int64_t user_id = 0;                                    // 0: any
  int64_t from_ms = std::numeric_limits<int64_t>::min();  // inclusive
  int64_t to_ms = std::numeric_limits<int64_t>::max();    // inclusive
  SortBy sort = SortBy::kDate;
  int64_t limit = 20;
  int64_t offset = 0;
};

inline constexpr size_t kMaxQueryWords = 16;
inline constexpr size_t kMaxQueryBytes = 1024;

// All of which must occur: `deploy "api gateway" rele* report-7.pdf` is four, of which the second
// is a phrase, the third a prefix, and the fourth a phrase since it has three words.
// kInvalidArgument: no words, or too many.
absl::StatusOr<std::vector<Clause>> ParseClauses(std::string_view text);

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_SEARCH_SEARCH_QUERY_H_
