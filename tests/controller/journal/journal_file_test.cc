// The journal's file: what was appended comes back, or it is said why not.
#include "controller/journal/journal_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "controller/journal/crc32c.h"
#include "controller/journal/journal_format.h"
#include "controller/journal/journal_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rampart::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Folder {
 public:
  Folder() {
    char path[] = "/tmp/rampart_journal_XXXXXX";
    path_ = mkdtemp(path);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string File(const std::string& name = "journal") const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string Bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}
void Put(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

struct Contents {
  absl::Status status;
  std::vector<std::string> records;
  uint64_t size = 0;
  uint64_t torn = 0;
};

Contents Read(const std::string& path) {
  Contents contents;
  absl::StatusOr<std::unique_ptr<JournalReader>> reader = JournalReader::Open(path);
  if (!reader.ok()) {
    contents.status = reader.status();
    return contents;
  }
  for (;;) {
    absl::StatusOr<std::optional<std::string_view>> record = (*reader)->Next();
    contents.status = record.status();
    if (!record.ok()) return contents;
    if (!record->has_value()) break;
    contents.records.emplace_back(**record);
  }
  contents.size = (*reader)->size();
  contents.torn = (*reader)->torn_bytes();
  return contents;
}

std::unique_ptr<JournalFile> Begin(const std::string& path,
                                   uint64_t max_bytes = JournalFile::kMaxJournalBytes) {
  absl::StatusOr<std::unique_ptr<JournalDisk>> disk = JournalDisk::Create(path);
  EXPECT_TRUE(disk.ok()) << disk.status();
  return *JournalFile::Begin(*std::move(disk), max_bytes);
}

// Some records, synced after each whose place is even; returns where each ends.
std::vector<uint64_t> Write(const std::string& path, const std::vector<std::string>& records,
                            const std::function<bool(size_t)>& sync) {
  const std::unique_ptr<JournalFile> file = Begin(path);
  std::vector<uint64_t> ends = {file->size()};
  for (size_t i = 0; i < records.size(); ++i) {
    EXPECT_TRUE(file->Append(records[i]).ok());
    if (sync(i)) {
      EXPECT_TRUE(file->Sync().ok());
    }
    ends.push_back(file->size());
  }
  EXPECT_TRUE(file->Sync().ok());
  return ends;
}

const std::vector<std::string> kRecords = {"first", "", std::string(300, 'x'), "the last one"};

TEST(Crc32c, IsTheOneThatTheStandardsName) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c("456789", Crc32c("123")), 0xe3069283u);
}

TEST(JournalFile, WhatWasAppendedIsRead) {
  const Folder folder;
  Write(folder.File(), kRecords, [](size_t) { return false; });
  const Contents contents = Read(folder.File());
  EXPECT_TRUE(contents.status.ok());
  EXPECT_EQ(contents.records, kRecords);
  EXPECT_EQ(contents.torn, 0u);
  struct stat about;
  ASSERT_EQ(stat(folder.File().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

TEST(JournalFile, GoesOnWhereTheGoodRecordsEnd) {
  const Folder folder;
  const std::vector<uint64_t> ends = Write(folder.File(), kRecords, [](size_t) { return true; });
  Put(folder.File(), Bytes(folder.File()).substr(0, ends[2] + 5));
  const Contents cut = Read(folder.File());
  EXPECT_EQ(cut.size, ends[2]);
  EXPECT_EQ(cut.torn, 5u);
  auto file = JournalFile::Continue(*JournalDisk::Continue(folder.File(), cut.size), cut.size);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->Append("more").ok());
  ASSERT_TRUE((*file)->Sync().ok());
  EXPECT_THAT(Read(folder.File()).records, ElementsAre("first", "", "more"));
}

TEST(JournalFile, EveryTruncationIsAPrefixAndSaysHowMuchWasTorn) {
  const Folder folder;
  const std::vector<uint64_t> ends = Write(folder.File(), kRecords, [](size_t) { return true; });
  const std::string whole = Bytes(folder.File());
  ASSERT_EQ(whole.size(), ends.back());
  for (size_t size = 0; size < whole.size(); ++size) {
    Put(folder.File(), whole.substr(0, size));
    const Contents contents = Read(folder.File());
    if (size < ends[0]) {
      EXPECT_THAT(std::string(contents.status.message()), HasSubstr("holds no run"));
      continue;
    }
    ASSERT_TRUE(contents.status.ok()) << size << ": " << contents.status;
    size_t whole_records = 0;
    while (whole_records + 1 < ends.size() && ends[whole_records + 1] <= size) ++whole_records;
    EXPECT_EQ(contents.records,
              std::vector<std::string>(kRecords.begin(), kRecords.begin() + whole_records));
    EXPECT_EQ(contents.torn, size - ends[whole_records]);
  }
}

// The last record has nothing after it that knows it: it may never have been whole.
TEST(JournalFile, EveryFlippedBitOfWhatWasDurableIsRefusedWithItsPlace) {
  const Folder folder;
  const std::vector<uint64_t> ends = Write(folder.File(), kRecords, [](size_t) { return true; });
  const std::string whole = Bytes(folder.File());
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {0, 3, 7}) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      Put(folder.File(), flipped);
      const Contents contents = Read(folder.File());
      const size_t last = ends.size() - 2;
      if (at >= ends[last]) {
        ASSERT_TRUE(contents.status.ok());
        EXPECT_EQ(contents.records.size(), kRecords.size() - 1);
        EXPECT_EQ(contents.torn, whole.size() - ends[last]);
        continue;
      }
      ASSERT_TRUE(absl::IsDataLoss(contents.status)) << "byte " << at << " bit " << bit;
      uint64_t record = 0;
      for (const uint64_t end : ends) record = end <= at ? end : record;
      EXPECT_THAT(std::string(contents.status.message()),
                  HasSubstr("the record at byte " + std::to_string(record)));
    }
  }
}

TEST(JournalFile, WhatWasNotSyncedMayBeTornAnywhereAndIsCut) {
  const Folder folder;
  const std::vector<uint64_t> ends =
      Write(folder.File(), kRecords, [](size_t i) { return i == 0; });
  const std::string whole = Bytes(folder.File());
  // A page that never came to the disk, though a later one did.
  for (size_t at = ends[1]; at < whole.size(); ++at) {
    std::string holed = whole;
    holed[at] = static_cast<char>(~holed[at]);
    Put(folder.File(), holed);
    const Contents contents = Read(folder.File());
    ASSERT_TRUE(contents.status.ok()) << contents.status;
    EXPECT_GE(contents.records.size(), 1u);
    EXPECT_GT(contents.torn, 0u);
    EXPECT_EQ(contents.size + contents.torn, whole.size());
  }
}

TEST(JournalFile, RandomJournalsWithRandomDamageAreAPrefixOrRefused) {
  const char* only = std::getenv("RAMPART_SEED");
  const uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
  const uint64_t last = only == nullptr ? 300 : first;
  const Folder folder;
  for (uint64_t seed = first; seed <= last && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("replay with RAMPART_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::vector<std::string> records(1 + random() % 20);
    for (std::string& record : records) {
      record.resize(random() % (random() % 10 == 0 ? 5000 : 60));
      for (char& c : record) c = static_cast<char>(random());
    }
    std::vector<bool> synced;
    for (size_t i = 0; i < records.size(); ++i) synced.push_back(random() % 3 == 0);
    const std::string path = folder.File(std::to_string(seed));
    const std::vector<uint64_t> ends =
        Write(path, records, [&](size_t i) { return static_cast<bool>(synced[i]); });
    std::string bytes = Bytes(path);
    switch (random() % 3) {
      case 0:  // a run of other bytes
        for (size_t at = random() % bytes.size(), n = 1 + random() % 100; n > 0; --n, ++at) {
          if (at < bytes.size()) bytes[at] = static_cast<char>(random());
        }
        break;
      case 1:
        bytes.resize(random() % (bytes.size() + 1));
        break;
      default:  // a block twice
        bytes.insert(random() % bytes.size(), bytes.substr(random() % bytes.size(), 200));
        break;
    }
    Put(path, bytes);
    const Contents contents = Read(path);
    if (!contents.status.ok()) {
      EXPECT_FALSE(contents.status.message().empty());
      continue;
    }
    ASSERT_LE(contents.records.size(), records.size());
    for (size_t i = 0; i < contents.records.size(); ++i) {
      EXPECT_EQ(contents.records[i], records[i]);
    }
    EXPECT_EQ(contents.size, ends[contents.records.size()]);
  }
}

TEST(JournalFile, AnotherFileAndAnotherVersionAreSaid) {
  const Folder folder;
  EXPECT_THAT(std::string(Read(folder.File("none")).status.message()), HasSubstr("cannot read"));
  Put(folder.File(), std::string(200, 'a'));
  EXPECT_THAT(std::string(Read(folder.File()).status.message()), HasSubstr("holds no run"));
  const auto titled = [&](const std::string& title) {
    std::string bytes(JournalFrame::kBytes, '\0');
    const JournalFrame frame{static_cast<uint32_t>(title.size()), 0, Crc32c(title)};
    frame.Write(0, bytes.data());
    Put(folder.File(), bytes + title);
    return std::string(Read(folder.File()).status.message());
  };
  EXPECT_THAT(titled("rampart journal 7"), HasSubstr("version 7"));
  EXPECT_THAT(titled("something else"), HasSubstr("is no journal"));
}

// ---- What fails ----

class FailingDisk : public JournalDisk {
 public:
  FailingDisk(int writes, int syncs, int* calls) : writes_(writes), syncs_(syncs), calls_(calls) {}
  absl::Status Write(std::string_view) override {
    ++*calls_;
    return writes_-- > 0 ? absl::OkStatus() : absl::ResourceExhaustedError("no space left");
  }
  absl::Status Sync() override {
    ++*calls_;
    return syncs_-- > 0 ? absl::OkStatus() : absl::InternalError("the disk is broken");
  }

 private:
  int writes_;
  int syncs_;
  int* calls_;
};

TEST(JournalFile, AfterAFailedSyncTheDiskIsNeverTrustedAgain) {
  int calls = 0;
  // The sync would succeed when it is asked again, as after a real one.
  class Once : public JournalDisk {
   public:
    explicit Once(int* calls) : calls_(calls) {}
    absl::Status Write(std::string_view) override { return Count(); }
    absl::Status Sync() override {
      const absl::Status counted = Count();
      return *calls_ == 4 ? absl::InternalError("the disk is broken") : counted;
    }

   private:
    absl::Status Count() {
      ++*calls_;
      return absl::OkStatus();
    }
    int* calls_;
  };
  auto file = JournalFile::Begin(std::make_unique<Once>(&calls));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Append("a").ok());
  EXPECT_THAT(std::string((*file)->Sync().message()), HasSubstr("the disk is broken"));
  EXPECT_EQ(calls, 4);
  EXPECT_THAT(std::string((*file)->Append("b").message()), HasSubstr("the disk is broken"));
  EXPECT_THAT(std::string((*file)->Sync().message()), HasSubstr("the disk is broken"));
  EXPECT_EQ(calls, 4);
}

TEST(JournalFile, AFailedWriteEndsIt) {
  int calls = 0;
  auto file = JournalFile::Begin(std::make_unique<FailingDisk>(1, 9, &calls));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Append("a").ok());
  EXPECT_THAT(std::string((*file)->Sync().message()), HasSubstr("no space left"));
  const int before = calls;
  EXPECT_FALSE((*file)->Sync().ok());
  EXPECT_FALSE((*file)->Append("b").ok());
  EXPECT_EQ(calls, before);
}

TEST(JournalFile, ComesToItsLimitLikeADiskThatIsFull) {
  const Folder folder;
  const std::unique_ptr<JournalFile> file = Begin(folder.File(), 200);
  ASSERT_TRUE(file->Append(std::string(60, 'a')).ok());
  const absl::Status full = file->Append(std::string(100, 'b'));
  EXPECT_TRUE(absl::IsResourceExhausted(full));
  EXPECT_THAT(std::string(full.message()), HasSubstr("limit"));
  EXPECT_FALSE(file->Sync().ok());
}

TEST(JournalDisk, AFullDeviceIsSaidWithTheFile) {
  auto disk = JournalDisk::Continue("/dev/full", 0);
  if (!disk.ok()) {
    // A device cannot be cut; that is said as well.
    EXPECT_THAT(std::string(disk.status().message()), HasSubstr("/dev/full"));
    return;
  }
  const absl::Status status = (*disk)->Write("x");
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot write /dev/full"));
}

}  // namespace
}  // namespace rampart::controller
