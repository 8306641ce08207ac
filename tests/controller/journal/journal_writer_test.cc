// Events go through the writer's thread to the file and come back as they were.
#include "controller/journal/journal_writer.h"

#include <unistd.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "controller/journal/journal_record.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rampart::controller {
namespace {

using testing::HasSubstr;

// In memory; a sync can be held up, and can fail.
class Memory : public JournalDisk {
 public:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::string bytes;
    int syncs = 0;
    bool held = false;
    bool broken = false;
  };

  explicit Memory(State* state) : state_(*state) {}
  absl::Status Write(std::string_view bytes) override {
    const std::lock_guard lock(state_.mutex);
    state_.bytes += bytes;
    return absl::OkStatus();
  }
  absl::Status Sync() override {
    std::unique_lock lock(state_.mutex);
    state_.changed.wait(lock, [this] { return !state_.held; });
    ++state_.syncs;
    return state_.broken ? absl::InternalError("the disk is broken") : absl::OkStatus();
  }

 private:
  State& state_;
};

class Waiter {
 public:
  void Synced(uint64_t events) {
    const std::lock_guard lock(mutex_);
    synced_ = events;
    changed_.notify_all();
  }
  void Failed(const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    ++failures_;
    why_ = std::string(status.message());
    changed_.notify_all();
  }
  void WaitForSynced(uint64_t events) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return synced_ >= events; });
  }
  std::string WaitForFailure() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failures_ > 0; });
    return why_;
  }
  uint64_t synced() {
    const std::lock_guard lock(mutex_);
    return synced_;
  }
  int failures() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t synced_ = 0;
  int failures_ = 0;
  std::string why_;
};

JournalEntry Entry(int64_t now_ns, RunEvent event) { return {now_ns, std::move(event)}; }

std::shared_ptr<const v1::AgentMessage> ADelta(uint64_t sequence) {
  auto message = std::make_shared<v1::AgentMessage>();
  message->mutable_delta()->set_sequence(sequence);
  message->mutable_heartbeat()->set_number(7);
  return message;
}

struct Writing {
  Writing()
      : file(*JournalFile::Begin(std::make_unique<Memory>(&disk))),
        writer(std::make_unique<JournalWriter>(
            file.get(), [this](uint64_t events) { waiter.Synced(events); },
            [this](const absl::Status& status) { waiter.Failed(status); })) {}

  Memory::State disk;
  Waiter waiter;
  std::unique_ptr<JournalFile> file;
  std::unique_ptr<JournalWriter> writer;
};

TEST(JournalWriter, WhatIsNeededNowIsSyncedWithAllBeforeIt) {
  Writing w;
  w.writer->Append(Entry(1, FleetEvent(Received{3, ADelta(1)})), false);
  EXPECT_EQ(w.writer->Append(Entry(2, FleetEvent(StopRequested{v1::ABORT, "x"})), true), 2u);
  w.waiter.WaitForSynced(2);
}

TEST(JournalWriter, WhatCanWaitIsSyncedSoonAllTheSame) {
  Writing w;
  w.writer->Append(Entry(1, FleetEvent(Received{3, ADelta(1)})), false);
  w.waiter.WaitForSynced(1);
}

TEST(JournalWriter, WhatComesWhileTheDiskIsBusyIsOneSync) {
  Writing w;
  {
    const std::lock_guard lock(w.disk.mutex);
    w.disk.held = true;
  }
  const int before = w.disk.syncs;
  for (int i = 0; i < 100; ++i) {
    // Nobody waits for the disk here.
    w.writer->Append(Entry(i, FleetEvent(Disconnected{1, "x"})), true);
  }
  EXPECT_EQ(w.waiter.synced(), 0u);
  {
    const std::lock_guard lock(w.disk.mutex);
    w.disk.held = false;
  }
  w.disk.changed.notify_all();
  w.waiter.WaitForSynced(100);
  // Those that were there when the first sync began, and all others together.
  EXPECT_LE(w.disk.syncs - before, 2);
}

TEST(JournalWriter, AFailureIsSaidOnceAndNothingIsSyncedAfterIt) {
  Writing w;
  {
    const std::lock_guard lock(w.disk.mutex);
    w.disk.broken = true;
  }
  w.writer->Append(Entry(1, FleetEvent(Received{3, ADelta(1)})), true);
  EXPECT_THAT(w.waiter.WaitForFailure(), HasSubstr("the disk is broken"));
  {
    const std::lock_guard lock(w.disk.mutex);
    w.disk.broken = false;
  }
  const size_t size = w.disk.bytes.size();
  w.writer->Append(Entry(2, FleetEvent(Received{3, ADelta(2)})), true);
  w.writer.reset();
  EXPECT_EQ(w.waiter.synced(), 0u);
  EXPECT_EQ(w.waiter.failures(), 1);
  EXPECT_EQ(w.disk.bytes.size(), size);
}

TEST(JournalWriter, ItsEndIsASync) {
  Writing w;
  w.writer->Append(Entry(1, FleetEvent(Received{3, ADelta(1)})), false);
  w.writer.reset();
  EXPECT_EQ(w.waiter.synced(), 1u);
}

TEST(JournalWriter, LetsGoOfWhatItHasWritten) {
  Writing w;
  auto message = ADelta(1);
  const std::weak_ptr<const v1::AgentMessage> watched = message;
  w.writer->Append(Entry(1, FleetEvent(Received{3, std::move(message)})), true);
  w.writer.reset();
  EXPECT_TRUE(watched.expired());
}

// ---- Records ----

// There and back; the bytes of the two are equal.
std::optional<RunEvent> Again(const RunEvent& event, int64_t now_ns = 4711) {
  const auto bytes = [](const JournalEntry& entry) {
    Memory::State disk;
    auto file = JournalFile::Begin(std::make_unique<Memory>(&disk));
    const size_t title = disk.bytes.size();
    EXPECT_TRUE(AppendEntry(entry, file->get()).ok());
    EXPECT_TRUE((*file)->Sync().ok());
    constexpr size_t kFrame = 24;
    return disk.bytes.substr(title + kFrame);
  };
  const std::string first = bytes({now_ns, event});
  absl::StatusOr<JournalEntry> read = ReadEntry(first);
  EXPECT_TRUE(read.ok()) << read.status();
  if (!read.ok()) return std::nullopt;
  EXPECT_EQ(read->now_ns, now_ns);
  EXPECT_EQ(bytes(*read), first);
  return read->event;
}

template <typename Event>
Event FleetAgain(const Event& event) {
  return std::get<Event>(std::get<FleetEvent>(*Again(FleetEvent(event))));
}

TEST(JournalRecord, EveryEventComesBack) {
  EXPECT_EQ(FleetAgain(Connected{5, "peer"}).peer, "peer");
  const Received received = FleetAgain(Received{6, ADelta(9)});
  EXPECT_EQ(received.connection, 6u);
  EXPECT_EQ(received.message->delta().sequence(), 9u);
  EXPECT_EQ(received.message->heartbeat().number(), 7u);
  EXPECT_EQ(FleetAgain(Disconnected{7, "gone"}).why, "gone");
  EXPECT_EQ(FleetAgain(ProcessExited{"agent-1", "exit status 1"}).how, "exit status 1");
  EXPECT_EQ(FleetAgain(DeltaKept{3, 12}).sequence, 12u);
  EXPECT_EQ(FleetAgain(DeltaKept{3, 12}).agent, 3);
  EXPECT_EQ(FleetAgain(StopRequested{v1::ABORT, "why"}).kind, v1::ABORT);
  EXPECT_THAT(FleetAgain(Tick{{1, -2, 3}}).heard_ns, testing::ElementsAre(1, -2, 3));
  EXPECT_EQ(FleetAgain(Restarted{99}).unix_ns, 99);
  EXPECT_TRUE(std::holds_alternative<Judge>(*Again(Judge{})));
  EXPECT_EQ(std::get<Interrupt>(*Again(Interrupt{"Ctrl-C"})).what, "Ctrl-C");
  EXPECT_EQ(std::get<Fail>(*Again(Fail{"no"})).why, "no");
  const Launched launched = std::get<Launched>(*Again(Launched{"agent-2", 77, 123456}));
  EXPECT_EQ(launched.name, "agent-2");
  EXPECT_EQ(launched.pid, 77);
  EXPECT_EQ(launched.started, 123456u);
  EXPECT_TRUE(std::holds_alternative<ReportWritten>(*Again(ReportWritten{})));
}

TEST(JournalRecord, WhatIsNoEventIsRefused) {
  EXPECT_FALSE(ReadEntry("\xff\xff\xff").ok());
  EXPECT_FALSE(ReadEntry("").ok());
}

}  // namespace
}  // namespace rampart::controller
