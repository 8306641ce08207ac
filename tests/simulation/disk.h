// Disk: the journal of a World's controller, on a disk that takes its time and loses what was not
// synced when the controller is killed.
#ifndef RAMPART_TESTS_SIMULATION_DISK_H_
#define RAMPART_TESTS_SIMULATION_DISK_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controller/conduct/outbox.h"
#include "controller/journal/journal_file.h"
#include "controller/journal/journal_reader.h"
#include "controller/journal/journal_record.h"
#include "gtest/gtest.h"
#include "tests/support/memory_disk.h"

namespace rampart::simulation {

class Disk {
 public:
  Disk()
      : file_(*controller::JournalFile::Begin(std::make_unique<controller::MemoryDisk>(&bytes_))) {
    durable_bytes_ = bytes_.size();
  }

  void Append(int64_t now_ns, const controller::FleetEvent& event) {
    waiting_.push_back({now_ns, event});
    ++appended_;
  }
  bool MayOvertake(const controller::FleetAction& action, bool behind) const {
    return outbox_.MayOvertake(action, behind);
  }
  // Until all that was appended is durable.
  void Hold(controller::FleetAction action) { outbox_.Hold(appended_, std::move(action)); }
  void Hold(controller::DeltaKept kept) { outbox_.Hold(appended_, kept); }

  bool idle() const { return !syncing_ && waiting_.empty(); }
  // Begins to write what is there; not while it does so.
  void BeginSync() {
    syncing_ = true;
    for (const controller::JournalEntry& entry : waiting_) {
      EXPECT_TRUE(controller::AppendEntry(entry, file_.get()).ok());
    }
    waiting_.clear();
    EXPECT_TRUE(file_->Sync().ok());
    being_synced_ = appended_;
  }
  bool syncing() const { return syncing_; }
  void EndSync() {
    syncing_ = false;
    durable_bytes_ = bytes_.size();
    durable_ = being_synced_;
  }
  std::vector<controller::FleetAction> Actions() { return outbox_.Actions(durable_); }
  std::vector<controller::DeltaKept> Kept() { return outbox_.Kept(durable_); }

  // The process is gone; of what was being written there is as much as chance will have it.
  void Crash(std::mt19937_64& random) {
    bytes_.resize(durable_bytes_ + random() % (bytes_.size() - durable_bytes_ + 1));
    waiting_.clear();
    outbox_ = {};
    syncing_ = false;
  }
  // What is there. The journal goes on after it.
  std::vector<controller::JournalEntry> Read() {
    std::vector<controller::JournalEntry> entries;
    const int fd = memfd_create("journal", MFD_CLOEXEC);
    EXPECT_EQ(write(fd, bytes_.data(), bytes_.size()), static_cast<ssize_t>(bytes_.size()));
    auto reader = controller::JournalReader::Open("/proc/self/fd/" + std::to_string(fd));
    EXPECT_TRUE(reader.ok()) << reader.status();
    for (;;) {
      absl::StatusOr<std::optional<std::string_view>> bytes = (*reader)->Next();
      EXPECT_TRUE(bytes.ok()) << bytes.status();
      if (!bytes.ok() || !bytes->has_value()) break;
      absl::StatusOr<controller::JournalEntry> entry = controller::ReadEntry(**bytes);
      EXPECT_TRUE(entry.ok()) << entry.status();
      entries.push_back(*std::move(entry));
    }
    bytes_.resize((*reader)->size());
    close(fd);
    file_ = *controller::JournalFile::Continue(std::make_unique<controller::MemoryDisk>(&bytes_),
                                               bytes_.size());
    durable_bytes_ = bytes_.size();
    appended_ = durable_ = entries.size();
    return entries;
  }

 private:
  std::string bytes_;
  size_t durable_bytes_ = 0;
  std::unique_ptr<controller::JournalFile> file_;
  std::deque<controller::JournalEntry> waiting_;
  bool syncing_ = false;
  uint64_t appended_ = 0;  // events
  uint64_t being_synced_ = 0;
  uint64_t durable_ = 0;
  controller::Outbox outbox_;
};

}  // namespace rampart::simulation

#endif  // RAMPART_TESTS_SIMULATION_DISK_H_
