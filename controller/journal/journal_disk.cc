#include "controller/journal/journal_disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace rampart::controller {
namespace {

class File : public JournalDisk {
 public:
  File(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~File() override { close(fd_); }

  absl::Status Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t wrote = write(fd_, bytes.data(), bytes.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path_));
      bytes.remove_prefix(static_cast<size_t>(wrote));
    }
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    // Not again after EINTR either: what the first call gave up on, a second one would not report.
    if (fdatasync(fd_) == 0) return absl::OkStatus();
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot bring ", path_, " to the disk"));
  }

 private:
  const int fd_;
  const std::string path_;
};

// The file's name survives the machine as well.
absl::Status SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (synced) return absl::OkStatus();
  return absl::ErrnoToStatus(error, absl::StrCat("cannot bring ", folder, " to the disk"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<JournalDisk>> JournalDisk::Create(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", path));
  auto file = std::make_unique<File>(fd, path);
  if (absl::Status status = SyncFolderOf(path); !status.ok()) return status;
  return file;
}

absl::StatusOr<std::unique_ptr<JournalDisk>> JournalDisk::Continue(const std::string& path,
                                                                   uint64_t size) {
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  auto file = std::make_unique<File>(fd, path);
  if (ftruncate(fd, static_cast<off_t>(size)) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot cut the end of ", path));
  }
  return file;
}

}  // namespace rampart::controller
