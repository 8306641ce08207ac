// JournalReader: the records of a journal's file.
#ifndef RAMPART_CONTROLLER_JOURNAL_JOURNAL_READER_H_
#define RAMPART_CONTROLLER_JOURNAL_JOURNAL_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "controller/journal/journal_format.h"

namespace rampart::controller {

// Used by one thread. The file must not change meanwhile.
class JournalReader {
 public:
  // Fails for a file that cannot be read, that is no journal, of another version, or of a run that
  // had not begun.
  static absl::StatusOr<std::unique_ptr<JournalReader>> Open(const std::string& path);
  ~JournalReader();
  JournalReader(const JournalReader&) = delete;
  JournalReader& operator=(const JournalReader&) = delete;

  // The next record, which holds until the next call; nothing after the last one. DataLoss for
  // something that was kept and is damaged: where, and what is wrong.
  absl::StatusOr<std::optional<std::string_view>> Next();

  // Once there is no next one: where the good records end, and what came after them: the begin of
  // something that was never on the disk as a whole.
  uint64_t size() const { return offset_; }
  uint64_t torn_bytes() const { return file_bytes_ - offset_; }

 private:
  JournalReader(int fd, std::string path, uint64_t file_bytes)
      : fd_(fd), path_(std::move(path)), file_bytes_(file_bytes) {}

  // Those bytes of the file, which are there.
  absl::StatusOr<const char*> Bytes(uint64_t offset, size_t size);
  // The record at offset_ cannot be read. Nothing when it was the end of the file.
  absl::Status Judge(const std::string& why, uint64_t search_from);

  const int fd_;
  const std::string path_;
  const uint64_t file_bytes_;
  uint64_t offset_ = 0;  // of the next record
  uint64_t buffer_at_ = 0;
  std::string buffer_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_JOURNAL_JOURNAL_READER_H_
