#include "controller/journal/journal_file.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "controller/journal/crc32c.h"
#include "controller/journal/journal_format.h"

namespace rampart::controller {

absl::StatusOr<std::unique_ptr<JournalFile>> JournalFile::Begin(std::unique_ptr<JournalDisk> disk,
                                                                uint64_t max_bytes) {
  std::unique_ptr<JournalFile> file(new JournalFile(std::move(disk), 0, max_bytes));
  std::string title(kJournalTitle);
  title += kJournalVersion;
  if (absl::Status status = file->Append(title); !status.ok()) return status;
  if (absl::Status status = file->Sync(); !status.ok()) return status;
  return file;
}

absl::StatusOr<std::unique_ptr<JournalFile>> JournalFile::Continue(
    std::unique_ptr<JournalDisk> disk, uint64_t size, uint64_t max_bytes) {
  std::unique_ptr<JournalFile> file(new JournalFile(std::move(disk), size, max_bytes));
  // What a process that was killed had written may still be on its way.
  if (absl::Status status = file->Sync(); !status.ok()) return status;
  return file;
}

absl::Status JournalFile::Append(size_t size, const std::function<void(char* to)>& fill) {
  if (!status_.ok()) return status_;
  if (size > kMaxRecordBytes) {
    status_ = absl::ResourceExhaustedError(
        absl::StrCat("a record of ", size, " bytes is more than a journal takes"));
    return status_;
  }
  const size_t whole = JournalFrame::kBytes + size;
  if (size_ + whole > max_bytes_) {
    status_ = absl::ResourceExhaustedError(
        absl::StrCat("the journal has come to its limit of ", max_bytes_ >> 20, " MiB"));
    return status_;
  }
  const size_t at = unwritten_.size();
  unwritten_.resize(at + whole);
  char* payload = unwritten_.data() + at + JournalFrame::kBytes;
  fill(payload);
  const JournalFrame frame{static_cast<uint32_t>(size), durable_, Crc32c({payload, size})};
  frame.Write(size_, unwritten_.data() + at);
  size_ += whole;
  return unwritten_.size() < kMaxUnwrittenBytes ? absl::OkStatus() : Write();
}

absl::Status JournalFile::Append(std::string_view payload) {
  return Append(payload.size(),
                [payload](char* to) { std::copy(payload.begin(), payload.end(), to); });
}

absl::Status JournalFile::Write() {
  status_ = disk_->Write(unwritten_);
  unwritten_.clear();
  return status_;
}

absl::Status JournalFile::Sync() {
  if (!status_.ok()) return status_;
  if (!unwritten_.empty() && !Write().ok()) return status_;
  status_ = disk_->Sync();
  if (status_.ok()) durable_ = size_;
  return status_;
}

}  // namespace rampart::controller
