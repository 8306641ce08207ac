// The controller's journal: any bytes as its file, and one that was written, synced and then
// damaged as the input says. What is read is a prefix of what was written, and never less than what
// is whole in front of the damage.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "controller/journal/crc32c.h"
#include "controller/journal/journal_file.h"
#include "controller/journal/journal_format.h"
#include "controller/journal/journal_reader.h"
#include "controller/journal/journal_record.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/memory_disk.h"

namespace rampart {
namespace {

using controller::JournalFile;
using controller::JournalFrame;
using controller::JournalReader;

struct Contents {
  bool opened = false;
  bool damaged = false;
  std::vector<std::string> records;  // without the title
  uint64_t size = 0;                 // of what is good; only when nothing is damaged

  bool operator==(const Contents&) const = default;
};

Contents Read(std::string_view bytes) {
  const int fd = memfd_create("journal", MFD_CLOEXEC);
  for (std::string_view rest = bytes; !rest.empty();) {
    const ssize_t wrote = write(fd, rest.data(), rest.size());
    FUZZ_CHECK(wrote > 0);
    rest.remove_prefix(static_cast<size_t>(wrote));
  }
  auto reader = JournalReader::Open("/proc/self/fd/" + std::to_string(fd));
  close(fd);
  Contents contents;
  contents.opened = reader.ok();
  while (reader.ok()) {
    const absl::StatusOr<std::optional<std::string_view>> record = (*reader)->Next();
    contents.damaged = !record.ok();
    if (contents.damaged) break;
    contents.size = (*reader)->size();
    if (!record->has_value()) {
      FUZZ_CHECK((*reader)->size() + (*reader)->torn_bytes() == bytes.size());
      break;
    }
    contents.records.emplace_back(**record);
  }
  return contents;
}

// The record at that place, when it is whole and its checks are right.
std::optional<std::string_view> RecordAt(std::string_view file, uint64_t offset) {
  if (offset > file.size() || file.size() - offset < JournalFrame::kBytes) return std::nullopt;
  const auto frame = JournalFrame::Read(offset, file.data() + offset);
  if (!frame || frame->length > file.size() - offset - JournalFrame::kBytes) return std::nullopt;
  const std::string_view payload = file.substr(offset + JournalFrame::kBytes, frame->length);
  if (controller::Crc32c(payload) != frame->payload_check) return std::nullopt;
  return payload;
}

// An event that was read is written again as it was.
void Entry(std::string_view payload) {
  const auto written = [](const controller::JournalEntry& entry) {
    std::string bytes;
    auto file = JournalFile::Begin(std::make_unique<controller::MemoryDisk>(&bytes));
    const size_t title = bytes.size();
    FUZZ_CHECK(file.ok() && controller::AppendEntry(entry, file->get()).ok());
    FUZZ_CHECK((*file)->Sync().ok());
    return std::string(*RecordAt(bytes, title));
  };
  const auto entry = controller::ReadEntry(payload);
  if (!entry.ok()) return;
  if (const auto* fleet = std::get_if<controller::FleetEvent>(&entry->event)) {
    const auto* received = std::get_if<controller::Received>(fleet);
    FUZZ_CHECK(received == nullptr || received->message != nullptr);
  }
  const std::string once = written(*entry);
  const auto again = controller::ReadEntry(once);
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(again->now_ns == entry->now_ns);
  FUZZ_CHECK(again->event.index() == entry->event.index());
  FUZZ_CHECK(written(*again) == once);
}

void AnyFile(std::string_view file) {
  const Contents contents = Read(file);
  FUZZ_CHECK(Read(file) == contents);
  if (!contents.opened) return;
  const auto title = RecordAt(file, 0);
  FUZZ_CHECK(title && title->starts_with(controller::kJournalTitle));
  uint64_t offset = JournalFrame::kBytes + title->size();
  for (const std::string& record : contents.records) {
    FUZZ_CHECK(RecordAt(file, offset) == record);
    offset += JournalFrame::kBytes + record.size();
    Entry(record);
  }
  FUZZ_CHECK(contents.damaged || contents.size == offset);
  FUZZ_CHECK(!RecordAt(file, offset));
}

struct Written {
  uint64_t begin;
  uint64_t end;
  uint64_t durable;  // that it knows of
  std::string payload;
};

// An input is commands of a letter and what it takes; one that is cut short counts.
class Commands {
 public:
  explicit Commands(std::string_view input) : rest_(input) {}
  bool more() const { return !rest_.empty(); }
  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return byte;
  }
  size_t Word() {
    const size_t high = Byte();
    return high << 8 | Byte();
  }
  std::string Bytes(size_t size) {
    const std::string bytes(rest_.substr(0, size));
    rest_.remove_prefix(bytes.size());
    return bytes;
  }

 private:
  std::string_view rest_;
};

void DamagedFile(std::string_view input) {
  constexpr size_t kMaxRecords = 64;
  constexpr size_t kMaxBytes = size_t{1} << 20;
  std::string file;
  auto journal = JournalFile::Begin(std::make_unique<controller::MemoryDisk>(&file));
  FUZZ_CHECK(journal.ok());
  const uint64_t title_end = (*journal)->size();
  uint64_t durable = title_end;
  std::vector<Written> records;
  std::vector<std::pair<char, std::array<size_t, 3>>> damages;
  for (Commands commands(input); commands.more();) {
    const char command = static_cast<char>(commands.Byte());
    if (command == 'r' || command == 'R') {  // a short one, a long one
      const std::string payload =
          command == 'r' ? commands.Bytes(commands.Byte()) : std::string(commands.Word(), 'R');
      if (records.size() >= kMaxRecords || (*journal)->size() > kMaxBytes) continue;
      const uint64_t begin = (*journal)->size();
      FUZZ_CHECK((*journal)->Append(payload).ok());
      records.push_back({begin, (*journal)->size(), durable, payload});
    } else if (command == 's') {
      FUZZ_CHECK((*journal)->Sync().ok());
      durable = (*journal)->size();
    } else if (command == 'f' || command == 'c' || command == 'z' || command == 'd') {
      const size_t at = commands.Word();
      const size_t length = command == 'c' ? 0 : commands.Byte();
      damages.push_back({command, {at, length, command == 'd' ? commands.Word() : 0}});
    }
  }
  FUZZ_CHECK((*journal)->Sync().ok());
  const std::string whole = file;
  bool moved = false;  // bytes stand elsewhere
  for (const auto& [kind, numbers] : damages) {
    if (file.empty()) break;
    const size_t at = numbers[0] % file.size();
    const size_t length = std::min(numbers[1], file.size() - at);
    switch (kind) {
      case 'f':  // bits of one byte
        file[at] = static_cast<char>(file[at] ^ static_cast<char>(numbers[1]));
        break;
      case 'c':
        file.resize(at);
        break;
      case 'z':
        std::fill_n(file.begin() + static_cast<ptrdiff_t>(at), length, '\0');
        break;
      default: {  // a block that stands elsewhere as well
        const size_t from = numbers[2] % file.size();
        file.insert(at, file.substr(from, numbers[1]));
        moved = true;
      }
    }
  }
  const size_t first_changed = static_cast<size_t>(
      std::mismatch(whole.begin(), whole.end(), file.begin(), file.end()).first - whole.begin());

  const Contents contents = Read(file);
  if (!contents.opened) {
    FUZZ_CHECK(first_changed < title_end);
    return;
  }
  FUZZ_CHECK(contents.records.size() <= records.size());
  for (size_t i = 0; i < contents.records.size(); ++i) {
    FUZZ_CHECK(contents.records[i] == records[i].payload);
  }
  // Nothing that is whole in front of the damage is missing.
  const auto undamaged =
      static_cast<size_t>(std::count_if(records.begin(), records.end(), [&](const Written& one) {
        return one.end <= first_changed;
      }));
  FUZZ_CHECK(contents.records.size() >= undamaged);
  if (contents.damaged) {
    FUZZ_CHECK(contents.records.size() < records.size());
    return;
  }
  const bool all = contents.records.size() == records.size();
  const uint64_t end = all ? whole.size() : records[contents.records.size()].begin;
  FUZZ_CHECK(contents.size == end);
  // What was cut is nothing that somebody was promised, as far as any record that is left can say.
  for (size_t i = contents.records.size() + 1; i < records.size() && !moved; ++i) {
    FUZZ_CHECK(!RecordAt(file, records[i].begin) || records[i].durable <= end);
  }

  file.resize(contents.size);
  auto more = JournalFile::Continue(std::make_unique<controller::MemoryDisk>(&file), contents.size);
  FUZZ_CHECK(more.ok() && (*more)->Append("more").ok() && (*more)->Sync().ok());
  Contents longer = contents;
  longer.records.emplace_back("more");
  longer.size = file.size();
  FUZZ_CHECK(Read(file) == longer);
}

}  // namespace

void FuzzJournal(std::string_view input) {
  AnyFile(input);
  DamagedFile(input);
}

}  // namespace rampart
