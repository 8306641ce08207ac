// Uploaded files: what is known of each. Their bytes lie beside the database.
#ifndef RAMPART_TESTS_CHAT_STORE_FILE_TABLE_H_
#define RAMPART_TESTS_CHAT_STORE_FILE_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/chat/store/database.h"

namespace rampart::chat {

struct StoredFile {
  int64_t id = 0;
  int64_t user_id = 0;
  std::string name;  // as the client called it; never part of a path
  std::string content_type;
  int64_t size = 0;
  std::string status;  // processing, processed, failed
  std::string sha256;  // lower-case hex, once processed
};

// Owned by Store, used in its lock.
class FileTable {
 public:
  explicit FileTable(Database& database);

  absl::Status Add(StoredFile& file);          // sets the id; status is `processing`
  absl::StatusOr<StoredFile> Get(int64_t id);  // or kNotFound
  absl::StatusOr<std::vector<StoredFile>> List(int64_t limit);  // newest first
  absl::Status Delete(int64_t id);
  absl::Status SetProcessed(int64_t id, std::string_view sha256);
  absl::Status SetFailed(int64_t id);
  absl::StatusOr<int64_t> TotalBytes();
  absl::StatusOr<std::vector<int64_t>> Unprocessed();

 private:
  Database& database_;
  Statement insert_;
  Statement get_;
  Statement list_;
  Statement delete_;
  Statement update_;
  Statement total_;
  Statement unprocessed_;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_STORE_FILE_TABLE_H_
