// An upload under way: from a multipart body to a file on disk.
#ifndef RAMPART_TESTS_CHAT_API_UPLOAD_H_
#define RAMPART_TESTS_CHAT_API_UPLOAD_H_

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "tests/chat/api/app.h"
#include "tests/chat/api/reply.h"
#include "tests/chat/net/multipart.h"

namespace rampart::chat {

// Takes the body of POST /api/files/upload as it arrives. Owned by the session that reads it. After
// an error the rest of the body is taken and dropped, so that the answer finds a client that
// listens. Destroyed before Finish, it removes what it wrote.
class Upload {
 public:
  static constexpr uint64_t kMaxBodyBytes = 200ull << 20;
  static constexpr int64_t kMaxStoredBytes = 8ll << 30;  // of all files together

  Upload(App& app, const std::optional<User>& user, std::string_view content_type);
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;
  ~Upload();

  void Feed(std::string_view bytes);

  // The body is complete.
  Reply Finish();

 private:
  absl::Status OnPart(const PartHeader& part);
  absl::Status OnData(std::string_view bytes);
  absl::Status Keep();

  App& app_;
  absl::Status status_;
  std::string path_;  // empty: nothing on disk
  std::ofstream out_;
  bool in_file_ = false;
  StoredFile file_;
  int64_t reserved_ = 0;  // of kMaxStoredBytes
  MultipartReader reader_;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_API_UPLOAD_H_
