#include "controller/journal/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace rampart::controller {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxPlanBytes = 80;  // of a folder's name

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

absl::StatusOr<RunDirectory> RunDirectory::Lock(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  std::error_code error;
  std::string whole = fs::absolute(path, error).lexically_normal();
  if (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
  RunDirectory directory(error ? path : whole, fd);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return directory;
  if (errno == EWOULDBLOCK) {
    return absl::AlreadyExistsError(
        absl::StrCat(path,
                     " belongs to a run whose controller is still there: wait for it, or end "
                     "that controller first"));
  }
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot lock ", path));
}

absl::StatusOr<RunDirectory> RunDirectory::Make(const std::string& path) {
  std::error_code error;
  const bool made = fs::create_directories(path, error);
  if (error) {
    return absl::InvalidArgumentError(absl::StrCat("cannot make ", path, ": ", error.message()));
  }
  if (made) fs::permissions(path, fs::perms::owner_all, error);
  absl::StatusOr<RunDirectory> directory = Lock(path);
  if (directory.ok() && fs::exists(directory->journal(), error)) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, " holds the journal of another run: `controller resume ", path,
                     "` goes on with it; else take another folder, or remove it"));
  }
  return directory;
}

absl::StatusOr<RunDirectory> RunDirectory::Open(const std::string& path) {
  std::error_code error;
  if (!fs::exists(fs::path(path) / "journal", error)) {
    return absl::NotFoundError(
        absl::StrCat(path,
                     " holds no journal: either no run was journaled there, or its report is "
                     "written and there is nothing to go on with"));
  }
  return Lock(path);
}

absl::StatusOr<std::string> RunDirectory::DefaultParent() {
  std::string state = Environment("XDG_STATE_HOME");
  if (state.empty()) {
    const std::string home = Environment("HOME");
    if (home.empty()) {
      return absl::InvalidArgumentError(
          "there is neither XDG_STATE_HOME nor HOME to keep the run's journal in: say where with "
          "--run-dir DIR, or do without with --no-journal");
    }
    state = home + "/.local/state";
  }
  return state + "/rampart/runs";
}

absl::StatusOr<std::string> RunDirectory::DefaultPath(std::string_view plan, int64_t unix_ns) {
  const absl::StatusOr<std::string> parent = DefaultParent();
  if (!parent.ok()) return parent.status();
  std::string name;
  for (const char c : plan.substr(0, kMaxPlanBytes)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    name += plain ? c : '_';
  }
  const std::string time =
      absl::FormatTime("%Y-%m-%dT%H-%M-%E3SZ", absl::FromUnixNanos(unix_ns), absl::UTCTimeZone());
  return *parent + "/" + time + "-" + (name.empty() ? "plan" : name);
}

RunDirectory::RunDirectory(RunDirectory&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

RunDirectory::~RunDirectory() {
  if (fd_ >= 0) close(fd_);
}

void RunDirectory::Clear() {
  unlink(journal().c_str());
  unlink((path_ + "/control").c_str());  // of a controller that was killed
  rmdir(path_.c_str());
}

}  // namespace rampart::controller
