// Replay: a run from its journal, as far as it came.
#ifndef RAMPART_CONTROLLER_CONDUCT_REPLAY_H_
#define RAMPART_CONTROLLER_CONDUCT_REPLAY_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "controller/conduct/run_core.h"
#include "controller/journal/journal_reader.h"
#include "rampart/v1/journal.pb.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

struct JournalBegin {
  int64_t begun_ns = 0;
  v1::JournalMeta meta;
};

// The first record. Fails as the reader does, and for a journal that another version wrote: the
// same events might come to something else here.
absl::StatusOr<JournalBegin> ReadBegin(JournalReader* reader, const std::string& version);

struct Replayed {
  std::unique_ptr<RunCore> core;
  uint64_t events = 0;
  int64_t last_ns = 0;  // the last one
};

// Every event after it through the core, with nothing performed. `plan` with its secrets.
absl::StatusOr<Replayed> Replay(JournalReader* reader, const JournalBegin& begin, v1::Plan plan);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_CONDUCT_REPLAY_H_
