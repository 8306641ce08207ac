// JournalDisk: where a journal's bytes go.
#ifndef RAMPART_CONTROLLER_JOURNAL_JOURNAL_DISK_H_
#define RAMPART_CONTROLLER_JOURNAL_JOURNAL_DISK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rampart::controller {

// Of one file, used by one thread at a time. An error says which file, what failed and why.
class JournalDisk {
 public:
  virtual ~JournalDisk() = default;

  // At the end of the file, all of it.
  virtual absl::Status Write(std::string_view bytes) = 0;
  // Until everything that was written survives the machine.
  virtual absl::Status Sync() = 0;

  // A file that is not there yet, for its owner's eyes only.
  static absl::StatusOr<std::unique_ptr<JournalDisk>> Create(const std::string& path);
  // One that is there, without what comes after `size`.
  static absl::StatusOr<std::unique_ptr<JournalDisk>> Continue(const std::string& path,
                                                               uint64_t size);
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_JOURNAL_JOURNAL_DISK_H_
