#include "controller/conduct/replay.h"

#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "controller/conduct/run_meta.h"
#include "controller/journal/journal_record.h"

namespace rampart::controller {

absl::StatusOr<JournalBegin> ReadBegin(JournalReader* reader, const std::string& version) {
  absl::StatusOr<std::optional<std::string_view>> bytes = reader->Next();
  if (!bytes.ok()) return bytes.status();
  if (!bytes->has_value()) {
    return absl::NotFoundError(
        "the journal holds no run: its controller ended before the run had begun");
  }
  v1::JournalRecord record;
  if (!record.ParseFromArray((*bytes)->data(), static_cast<int>((*bytes)->size())) ||
      !record.has_meta()) {
    return absl::DataLossError("the journal does not begin with what the run is");
  }
  if (record.meta().rampart_version() != version) {
    return absl::FailedPreconditionError(
        absl::StrCat("the run was begun by rampart ", record.meta().rampart_version(), ", this is ",
                     version, ": resume it with the build that began it"));
  }
  return JournalBegin{record.now_ns(), std::move(*record.mutable_meta())};
}

absl::StatusOr<Replayed> Replay(JournalReader* reader, const JournalBegin& begin, v1::Plan plan) {
  Replayed replayed;
  replayed.last_ns = begin.begun_ns;
  replayed.core =
      std::make_unique<RunCore>(CoreOptionsOf(begin.meta, std::move(plan), begin.begun_ns));
  for (;;) {
    const uint64_t at = reader->size();
    const absl::StatusOr<std::optional<std::string_view>> bytes = reader->Next();
    if (!bytes.ok()) return bytes.status();
    if (!bytes->has_value()) return replayed;
    absl::StatusOr<JournalEntry> entry = ReadEntry(**bytes);
    if (!entry.ok()) {
      return absl::DataLossError(
          absl::StrCat("the journal's record at byte ", at, ": ", entry.status().message()));
    }
    replayed.core->Step(&entry->event, entry->now_ns);
    replayed.last_ns = entry->now_ns;
    ++replayed.events;
  }
}

}  // namespace rampart::controller
