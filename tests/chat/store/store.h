// All that the chat server keeps on disk.
#ifndef RAMPART_TESTS_CHAT_STORE_STORE_H_
#define RAMPART_TESTS_CHAT_STORE_STORE_H_

#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "tests/chat/store/channel_table.h"
#include "tests/chat/store/database.h"
#include "tests/chat/store/file_table.h"
#include "tests/chat/store/message_table.h"
#include "tests/chat/store/search_index.h"
#include "tests/chat/store/user_table.h"

namespace rampart::chat {

// The tables over one database connection.
struct Tables {
  Database database;
  UserTable users{database};
  ChannelTable channels{database};
  MessageTable messages{database, channels, users};
  SearchIndex search{database};
  FileTable files{database};

  // A message and what follows from it: its mentions, and that a search finds it.
  absl::Status AddMessage(Message& message);
  // All of them or none. The error names the one that is at fault by its index.
  absl::Status AddMessages(std::vector<Message>& messages);
  // The channel at once, its messages by and by.
  absl::Status DeleteChannel(int64_t id);
};

// The database `chat.db` and the folder `files` in a data folder. Owned by App. Thread-safe: the
// tables are reached through Lock alone. Writes become durable in groups: whoever is told by
// `on_dirty` must call Tick within kTickPeriod, and again as long as it returns true.
class Store {
 public:
  class Access {
   public:
    Access(std::mutex& mutex, Tables& tables) : lock_(mutex), tables_(tables) {}
    Tables* operator->() { return &tables_; }

   private:
    std::unique_lock<std::mutex> lock_;
    Tables& tables_;
  };

  // kUnavailable: the folder cannot be used.
  absl::Status Open(const std::string& directory);
  // Called with the lock held, by any thread: must only post.
  void SetOnDirty(std::function<void()> on_dirty);

  Access Lock() { return Access(mutex_, tables_); }

  // Commits, and removes some of what was deleted.
  absl::StatusOr<bool> Tick();

  std::string FilePath(int64_t file_id) const;
  // A name for an upload under way; each is new.
  std::string TemporaryPath();

 private:
  std::string directory_;
  std::mutex mutex_;
  Tables tables_;
  uint64_t temporary_files_ = 0;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_STORE_STORE_H_
