// JournalRecord: events of a run as bytes, and back.
#ifndef RAMPART_CONTROLLER_JOURNAL_JOURNAL_RECORD_H_
#define RAMPART_CONTROLLER_JOURNAL_JOURNAL_RECORD_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/journal/journal_file.h"
#include "controller/journal/run_event.h"
#include "rampart/v1/journal.pb.h"

namespace rampart::controller {

struct JournalEntry {
  int64_t now_ns = 0;
  RunEvent event;
};

// What an agent said is written as it stands, without a copy. Nobody else may use it meanwhile.
absl::Status AppendEntry(const JournalEntry& entry, JournalFile* file);
absl::Status AppendMeta(int64_t now_ns, const v1::JournalMeta& meta, JournalFile* file);

// DataLoss for bytes that are no event, the meta among them.
absl::StatusOr<JournalEntry> ReadEntry(std::string_view bytes);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_JOURNAL_JOURNAL_RECORD_H_
