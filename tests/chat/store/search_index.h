// Full-text search over messages, and suggestions of words.
#ifndef RAMPART_TESTS_CHAT_STORE_SEARCH_INDEX_H_
#define RAMPART_TESTS_CHAT_STORE_SEARCH_INDEX_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/chat/search/search_query.h"
#include "tests/chat/search/segment.h"
#include "tests/chat/store/database.h"
#include "tests/chat/store/message_table.h"

namespace rampart::chat {

struct SearchResult {
  std::vector<Message> messages;
  int64_t total = 0;  // all that match, on whatever page
};

// An index in memory of the messages table, whose text stays on disk. It is built anew when the
// server starts. It holds the newest messages, in at most kMaxSegments segments: then the oldest
// segment goes, and what was in it is found no more. Owned by Store, used in its lock.
//
// SQLite's FTS5 was here before; over 1,000,000 messages it took 97 ms to rank a common word and
// 20 ms to filter it by time, a hundred times what this takes.
class SearchIndex {
 public:
  static constexpr int64_t kMaxOffset = 1000;
  static constexpr size_t kMaxSegments = 8;

  // A segment takes so many messages.
  explicit SearchIndex(Database& database, size_t segment_messages = 1 << 20);

  // Newest first, or the best match first. kInvalidArgument: no words, or too many.
  absl::StatusOr<SearchResult> Search(const SearchQuery& query);

  // Words that begin as the last word of `text`, in alphabetic order.
  std::vector<std::string> Suggest(std::string_view text, size_t limit) const;

  void Add(const Message& message);
  void ForgetChannel(int64_t channel_id);
  // Adds all messages that the database holds.
  absl::Status Load();

  int64_t messages() const { return messages_; }  // that can be found
  size_t words() const;                           // different ones, of each segment

 private:
  struct Hit {
    const Document* document = nullptr;
    int64_t created_ms = 0;
    float score = 0;
  };

  // Calls `take` with each message that matches and passes the filters.
  template <class Take>
  void ForEachHit(const SearchQuery& query, const std::vector<Clause>& clauses, Take take) const;
  void DropOldest();

  const size_t segment_messages_;
  Statement get_;
  Statement all_;
  std::deque<Segment> segments_;  // oldest first
  std::map<std::string, uint32_t, std::less<>> types_;
  std::unordered_map<int64_t, int64_t> in_channel_;  // messages of the channels that exist
  std::unordered_set<int64_t> gone_;                 // channels that were deleted
  int64_t messages_ = 0;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_STORE_SEARCH_INDEX_H_
