// JournalWriter: brings events to a journal's file on a thread of its own.
#ifndef RAMPART_CONTROLLER_JOURNAL_JOURNAL_WRITER_H_
#define RAMPART_CONTROLLER_JOURNAL_JOURNAL_WRITER_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "controller/journal/journal_file.h"
#include "controller/journal/journal_record.h"

namespace rampart::controller {

// Whoever steps the run appends and goes on; a slow disk keeps nobody from being answered. All that
// waits when the disk is ready is written and synced together. The events are held until then, and
// a stream is read no further than a few messages beyond what is held, so what the disk has no time
// for stays with the agents.
class JournalWriter {
 public:
  // The longest that an event waits for others before it is synced with them.
  static constexpr int64_t kSyncEveryNs = 100'000'000;

  // `file` outlives this, and is used by nobody else until then. Both callbacks come on the
  // writer's thread: how many of the appended events are on the disk, whenever it is more; and that
  // something failed, once, after which nothing is written any more.
  JournalWriter(JournalFile* file, std::function<void(uint64_t events)> on_synced,
                std::function<void(absl::Status)> on_failed);
  // Everything is on the disk then, or failed.
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  // Returns how many there are with it. `now`: something waits for it, so it is synced at once.
  // What an agent said is not touched by the caller from here on.
  uint64_t Append(JournalEntry entry, bool now);

 private:
  void Work();
  absl::Status Write(std::deque<JournalEntry>* entries);

  JournalFile* const file_;
  const std::function<void(uint64_t)> on_synced_;
  const std::function<void(absl::Status)> on_failed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<JournalEntry> waiting_;
  uint64_t appended_ = 0;
  bool now_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_JOURNAL_JOURNAL_WRITER_H_
