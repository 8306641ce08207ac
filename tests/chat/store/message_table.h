// Messages, and the notifications of those who are mentioned in them.
#ifndef RAMPART_TESTS_CHAT_STORE_MESSAGE_TABLE_H_
#define RAMPART_TESTS_CHAT_STORE_MESSAGE_TABLE_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/chat/store/channel_table.h"
#include "tests/chat/store/database.h"
#include "tests/chat/store/user_table.h"

namespace rampart::chat {

struct Message {
  int64_t id = 0;
  int64_t channel_id = 0;
  int64_t user_id = 0;
  std::string type;
  std::string content;
  int64_t created_ms = 0;  // Unix time
};

// From a row of id, channel_id, user_id, type, content, created_ms.
Message MessageRow(const Cursor& cursor, int first = 0);

struct Notification {
  int64_t id = 0;
  Message message;
};

// Owned by Store, used in its lock. A message whose channel was deleted is found no more, and
// PurgeSome removes it for good, a few at a time so that nobody waits for it.
class MessageTable {
 public:
  static constexpr size_t kMaxContentBytes = 64 * 1024;
  static constexpr int kMaxMentions = 10;     // of one message; more are not notified
  static constexpr int64_t kPurgeBatch = 20;  // messages a call

  MessageTable(Database& database, ChannelTable& channels, UserTable& users);

  // kNotFound: no such channel. kInvalidArgument: content or type.
  absl::Status Check(const Message& message);
  // Sets the id. Only what Check finds good.
  absl::Status Add(Message& message);

  absl::StatusOr<Message> Get(int64_t id);  // or kNotFound
  // Newest first, with ids below `before`.
  absl::StatusOr<std::vector<Message>> List(int64_t channel_id, int64_t before, int64_t limit);
  // Newest first.
  absl::StatusOr<std::vector<Notification>> Notifications(int64_t user_id, int64_t limit);

  // Adds the messages of channels that are gone, at start, and of one that was deleted.
  absl::Status QueueOrphans();
  void QueueForPurge(int64_t channel_id) { doomed_.push_back(channel_id); }
  // True: there is more to purge.
  absl::StatusOr<bool> PurgeSome();

 private:
  absl::Status NotifyMentioned(const Message& message);

  Database& database_;
  ChannelTable& channels_;
  UserTable& users_;
  Statement insert_;
  Statement get_;
  Statement list_;
  Statement notify_;
  Statement notifications_;
  Statement orphans_;
  Statement purge_;
  std::deque<int64_t> doomed_;  // bounded by the number of channels there ever were
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_STORE_MESSAGE_TABLE_H_
