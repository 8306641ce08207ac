// Channels.
#ifndef RAMPART_TESTS_CHAT_STORE_CHANNEL_TABLE_H_
#define RAMPART_TESTS_CHAT_STORE_CHANNEL_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/chat/store/database.h"

namespace rampart::chat {

struct Channel {
  int64_t id = 0;
  std::string name;
  std::string type;
};

// Owned by Store, used in its lock. An id is never used again.
class ChannelTable {
 public:
  explicit ChannelTable(Database& database);

  absl::StatusOr<Channel> Create(std::string_view name, std::string_view type);
  absl::StatusOr<std::vector<Channel>> List(int64_t limit, int64_t offset);  // oldest first
  absl::StatusOr<Channel> Get(int64_t id);                                   // or kNotFound
  absl::Status Delete(int64_t id);                                           // or kNotFound

 private:
  Database& database_;
  Statement insert_;
  Statement list_;
  Statement get_;
  Statement delete_;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_STORE_CHANNEL_TABLE_H_
