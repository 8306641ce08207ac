// JournalFile: a file of records to which more are appended.
#ifndef RAMPART_CONTROLLER_JOURNAL_JOURNAL_FILE_H_
#define RAMPART_CONTROLLER_JOURNAL_JOURNAL_FILE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "controller/journal/journal_disk.h"

namespace rampart::controller {

// Used by one thread at a time. After the first error nothing is written any more and every call
// fails with it: after a failed sync nobody knows what of the file is on the disk, and asking again
// would be answered with a success that means nothing.
class JournalFile {
 public:
  // A file that has come so far takes no more: a disk is for others as well.
  static constexpr uint64_t kMaxJournalBytes = uint64_t{64} << 30;
  // What is appended goes to the file at the latest when it is as much.
  static constexpr size_t kMaxUnwrittenBytes = size_t{4} << 20;

  // Begins with the title, which is on the disk then. `max_bytes` is for tests.
  static absl::StatusOr<std::unique_ptr<JournalFile>> Begin(std::unique_ptr<JournalDisk> disk,
                                                            uint64_t max_bytes = kMaxJournalBytes);
  // Goes on after `size` bytes that are good; they are on the disk then.
  static absl::StatusOr<std::unique_ptr<JournalFile>> Continue(
      std::unique_ptr<JournalDisk> disk, uint64_t size, uint64_t max_bytes = kMaxJournalBytes);

  // A record of that many bytes, which `fill` writes.
  absl::Status Append(size_t size, const std::function<void(char* to)>& fill);
  absl::Status Append(std::string_view payload);
  // All records that were appended are on the disk then.
  absl::Status Sync();

  uint64_t size() const { return size_; }

 private:
  JournalFile(std::unique_ptr<JournalDisk> disk, uint64_t size, uint64_t max_bytes)
      : disk_(std::move(disk)), max_bytes_(max_bytes), size_(size) {}
  absl::Status Write();

  const std::unique_ptr<JournalDisk> disk_;
  const uint64_t max_bytes_;
  absl::Status status_;
  uint64_t size_;         // with what is unwritten
  uint64_t durable_ = 0;  // of it
  std::string unwritten_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_JOURNAL_JOURNAL_FILE_H_
