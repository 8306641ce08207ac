// MemoryDisk: a journal's bytes in memory.
#ifndef RAMPART_TESTS_SUPPORT_MEMORY_DISK_H_
#define RAMPART_TESTS_SUPPORT_MEMORY_DISK_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "controller/journal/journal_disk.h"

namespace rampart::controller {

// `bytes` must outlive it.
class MemoryDisk : public JournalDisk {
 public:
  explicit MemoryDisk(std::string* bytes) : bytes_(*bytes) {}
  absl::Status Write(std::string_view bytes) override {
    bytes_ += bytes;
    return absl::OkStatus();
  }
  absl::Status Sync() override { return absl::OkStatus(); }

 private:
  std::string& bytes_;
};

}  // namespace rampart::controller

#endif  // RAMPART_TESTS_SUPPORT_MEMORY_DISK_H_
