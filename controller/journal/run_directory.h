// RunDirectory: where a run keeps what it needs to go on.
#ifndef RAMPART_CONTROLLER_JOURNAL_RUN_DIRECTORY_H_
#define RAMPART_CONTROLLER_JOURNAL_RUN_DIRECTORY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rampart::controller {

// A folder that one controller has at a time: it is locked as long as this object is there, and
// whatever ends the process ends the lock. For its owner's eyes only: what agents measured may name
// what nobody else should read.
class RunDirectory {
 public:
  // Makes it, with those above it, unless it is there. Fails when another controller has it, or
  // when it holds a journal.
  static absl::StatusOr<RunDirectory> Make(const std::string& path);
  // One that holds a journal. Fails when another controller has it.
  static absl::StatusOr<RunDirectory> Open(const std::string& path);
  // Where runs are kept: $XDG_STATE_HOME/rampart/runs, or in ~/.local/state. Fails without a home.
  static absl::StatusOr<std::string> DefaultParent();
  // TIME-PLAN in it.
  static absl::StatusOr<std::string> DefaultPath(std::string_view plan, int64_t unix_ns);

  ~RunDirectory();
  RunDirectory(RunDirectory&& other) noexcept;
  RunDirectory& operator=(RunDirectory&&) = delete;

  const std::string& path() const { return path_; }  // absolute
  std::string journal() const { return path_ + "/journal"; }
  // Takes the journal away, and the folder when nothing else is in it.
  void Clear();

 private:
  RunDirectory(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  static absl::StatusOr<RunDirectory> Lock(const std::string& path);

  std::string path_;
  int fd_;  // -1: moved away
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_JOURNAL_RUN_DIRECTORY_H_
