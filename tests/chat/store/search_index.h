// Full-text search over messages, and suggestions of words.
#ifndef RAMPART_TESTS_CHAT_STORE_SEARCH_INDEX_H_
#define RAMPART_TESTS_CHAT_STORE_SEARCH_INDEX_H_

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/chat/store/database.h"
#include "tests/chat/store/message_table.h"

namespace rampart::chat {

// What to look for. All words of `text` must occur.
struct SearchQuery {
  std::string text;
  std::string type;                                       // empty: any
  int64_t channel_id = 0;                                 // 0: any
  int64_t from_ms = std::numeric_limits<int64_t>::min();  // inclusive
  int64_t to_ms = std::numeric_limits<int64_t>::max();    // inclusive
  int64_t limit = 20;
  int64_t offset = 0;
};

struct SearchResult {
  std::vector<Message> messages;  // newest first
  int64_t total = 0;              // at most kMaxTotal
};

// FTS5 over the messages table, which keeps it up to date by triggers. Channel and type are words
// of the index as well, so that a filter costs what its matches cost and not what it leaves out.
// Owned by Store, used in its lock.
class SearchIndex {
 public:
  static constexpr int64_t kMaxTotal = 1000;   // counted and reachable by offset
  static constexpr int64_t kMaxDated = 20000;  // newest matches that a filter by time looks at
  static constexpr size_t kMaxWords = 50000;   // that suggestions are made from
  static constexpr size_t kMaxQueryWords = 16;
  static constexpr size_t kMaxQueryBytes = 1024;

  explicit SearchIndex(Database& database);

  // kInvalidArgument: no words, or too many.
  absl::StatusOr<SearchResult> Search(const SearchQuery& query);

  // Words that begin with `prefix`, in any case, in alphabetic order.
  std::vector<std::string> Suggest(std::string_view prefix, size_t limit) const;

  absl::Status LoadWords();
  absl::Status AddWords(std::string_view content);

 private:
  Statement find_;
  Statement find_dated_;
  Statement get_;
  Statement add_word_;
  Statement all_words_;
  std::set<std::string, std::less<>> words_;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_STORE_SEARCH_INDEX_H_
