#include "controller/journal/journal_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "controller/journal/crc32c.h"

namespace rampart::controller {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<JournalReader>> JournalReader::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  struct stat about = {};
  fstat(fd, &about);
  std::unique_ptr<JournalReader> reader(
      new JournalReader(fd, path, static_cast<uint64_t>(about.st_size)));
  absl::StatusOr<std::optional<std::string_view>> title = reader->Next();
  if (!title.ok()) return title.status();
  if (!title->has_value()) {
    return absl::NotFoundError(absl::StrCat(
        path, " holds no run: when its controller ended, nothing of it was on the disk"));
  }
  std::string_view version = **title;
  if (!version.starts_with(kJournalTitle)) {
    return absl::DataLossError(absl::StrCat(path, " is no journal of a run"));
  }
  version.remove_prefix(kJournalTitle.size());
  if (version != kJournalVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " has version ", std::string(version), " of the journal's format, and ",
                     "this controller reads version ", std::string(kJournalVersion),
                     ": resume the run with the build that began it"));
  }
  return reader;
}

JournalReader::~JournalReader() { close(fd_); }

absl::StatusOr<std::optional<std::string_view>> JournalReader::Next() {
  const uint64_t left = file_bytes_ - offset_;
  if (left < JournalFrame::kBytes) return std::nullopt;
  absl::StatusOr<const char*> bytes = Bytes(offset_, JournalFrame::kBytes);
  if (!bytes.ok()) return bytes.status();
  const std::optional<JournalFrame> frame = JournalFrame::Read(offset_, *bytes);
  if (!frame) {
    if (absl::Status status = Judge("its frame is damaged", offset_ + 1); !status.ok()) {
      return status;
    }
    return std::nullopt;
  }
  const uint64_t whole = JournalFrame::kBytes + uint64_t{frame->length};
  if (whole > left) return std::nullopt;
  bytes = Bytes(offset_ + JournalFrame::kBytes, frame->length);
  if (!bytes.ok()) return bytes.status();
  const std::string_view payload(*bytes, frame->length);
  if (Crc32c(payload) != frame->payload_check) {
    if (absl::Status status = Judge("its content is damaged", offset_ + whole); !status.ok()) {
      return status;
    }
    return std::nullopt;
  }
  offset_ += whole;
  return payload;
}

absl::Status JournalReader::Judge(const std::string& why, uint64_t search_from) {
  // Any place, as nobody knows how long the damaged record was.
  for (uint64_t at = search_from; at + JournalFrame::kBytes <= file_bytes_; ++at) {
    absl::StatusOr<const char*> bytes = Bytes(at, JournalFrame::kBytes);
    if (!bytes.ok()) return bytes.status();
    const std::optional<JournalFrame> later = JournalFrame::Read(at, *bytes);
    if (!later || later->durable <= offset_) continue;
    return absl::DataLossError(absl::StrCat(
        path_, ": the record at byte ", offset_, " cannot be read: ", why,
        ". It was on the disk, as the record at byte ", at,
        " says, so what the agents measured would be incomplete, and the run cannot be resumed. Is "
        "the disk broken, or did something else write to the file?"));
  }
  return absl::OkStatus();
}

absl::StatusOr<const char*> JournalReader::Bytes(uint64_t offset, size_t size) {
  if (offset < buffer_at_ || offset + size > buffer_at_ + buffer_.size()) {
    buffer_at_ = offset;
    buffer_.resize(std::min<uint64_t>(std::max(size, kReadBytes), file_bytes_ - offset));
    for (size_t got = 0; got < buffer_.size();) {
      const ssize_t read =
          pread(fd_, buffer_.data() + got, buffer_.size() - got, static_cast<off_t>(offset + got));
      if (read < 0 && errno == EINTR) continue;
      if (read < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path_));
      if (read == 0) return absl::DataLossError(absl::StrCat(path_, " became shorter"));
      got += static_cast<size_t>(read);
    }
  }
  return buffer_.data() + (offset - buffer_at_);
}

}  // namespace rampart::controller
