// JournalFormat: how records stand in a journal's file.
//
//   file:    record*          the first one says kJournalTitle and the format's version
//   record:  frame payload
//   frame:   mark(4) length(4) durable(8) payload's check(4) frame's check(4), little-endian
//
// `durable` is how much of the file was known to be on the disk when the record was made. So a
// record that cannot be read is told from one that was never written whole: where nothing later
// says that it was durable, the file ended there (a torn tail, which nobody was promised); else
// something that was kept is damaged. Both checks are CRC-32C; the frame's is of the record's place
// in the file as well, so that nothing that stands elsewhere is taken for it.
#ifndef RAMPART_CONTROLLER_JOURNAL_JOURNAL_FORMAT_H_
#define RAMPART_CONTROLLER_JOURNAL_JOURNAL_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rampart::controller {

inline constexpr std::string_view kJournalTitle = "rampart journal ";
inline constexpr std::string_view kJournalVersion = "1";

// Of one record: more than any message of the stream, and than a plan with its files.
inline constexpr size_t kMaxRecordBytes = size_t{160} << 20;

struct JournalFrame {
  static constexpr size_t kBytes = 24;
  static constexpr uint32_t kMark = 0x4c4e524a;  // "JRNL"

  uint32_t length = 0;
  uint64_t durable = 0;
  uint32_t payload_check = 0;

  // Writes kBytes.
  void Write(uint64_t offset, char* to) const;
  // Nothing when these kBytes are no frame that was written at `offset`.
  static std::optional<JournalFrame> Read(uint64_t offset, const char* from);
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_JOURNAL_JOURNAL_FORMAT_H_
