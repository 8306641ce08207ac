#include "controller/journal/journal_writer.h"

#include <chrono>
#include <utility>

namespace rampart::controller {

JournalWriter::JournalWriter(JournalFile* file, std::function<void(uint64_t)> on_synced,
                             std::function<void(absl::Status)> on_failed)
    : file_(file), on_synced_(std::move(on_synced)), on_failed_(std::move(on_failed)) {
  thread_ = std::thread([this] { Work(); });
}

JournalWriter::~JournalWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

uint64_t JournalWriter::Append(JournalEntry entry, bool now) {
  bool wake = false;
  uint64_t appended = 0;
  {
    const std::lock_guard lock(mutex_);
    wake = waiting_.empty() || (now && !now_);
    now_ = now_ || now;
    waiting_.push_back(std::move(entry));
    appended = ++appended_;
  }
  if (wake) changed_.notify_all();
  return appended;
}

void JournalWriter::Work() {
  bool failed = false;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    changed_.wait_for(lock, std::chrono::nanoseconds(kSyncEveryNs),
                      [this] { return ending_ || now_; });
    now_ = false;
    if (waiting_.empty()) return;  // it ends
    std::deque<JournalEntry> entries = std::exchange(waiting_, {});
    const uint64_t events = appended_;
    lock.unlock();
    if (!failed) {
      const absl::Status status = Write(&entries);
      failed = !status.ok();
      failed ? on_failed_(status) : on_synced_(events);
    }
    // What they hold is let go of without the lock.
    entries.clear();
    lock.lock();
  }
}

absl::Status JournalWriter::Write(std::deque<JournalEntry>* entries) {
  for (; !entries->empty(); entries->pop_front()) {
    if (absl::Status status = AppendEntry(entries->front(), file_); !status.ok()) return status;
  }
  return file_->Sync();
}

}  // namespace rampart::controller
