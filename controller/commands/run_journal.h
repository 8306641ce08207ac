// RunJournal: the journal of the run that a command begins or goes on with.
#ifndef RAMPART_CONTROLLER_COMMANDS_RUN_JOURNAL_H_
#define RAMPART_CONTROLLER_COMMANDS_RUN_JOURNAL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "controller/conduct/conductor.h"
#include "controller/journal/journal_file.h"
#include "controller/journal/run_directory.h"
#include "controller/terminal/terminal.h"

namespace rampart::controller {

struct JournalFlags {
  std::string run_dir;  // empty: RunDirectory::DefaultPath
  bool off = false;
  bool keep = false;
};

// From before the run to after its report. Owned by the command, of one thread.
class RunJournal {
 public:
  // `out`: the files that the report goes to.
  RunJournal(JournalFlags flags, std::vector<std::string> out);
  // Of a run that was read: `size` bytes of its journal are good.
  static absl::StatusOr<std::unique_ptr<RunJournal>> Continue(RunDirectory directory, uint64_t size,
                                                              bool keep);

  // Makes the folder and the file for the run that the options describe, and has it kept there.
  // Nothing when there is to be none. Says on the terminal how to go on with it.
  absl::Status Begin(ConductOptions* options, Terminal& terminal);
  JournalFile* file() { return file_.get(); }
  // Empty without one.
  std::string folder() const { return directory_ ? directory_->path() : ""; }

  // The report is written: the journal goes, or says so. Not called, it stays, to be resumed.
  void End();
  // There was no run.
  void Drop();

 private:
  const JournalFlags flags_;
  const std::vector<std::string> out_;
  std::optional<RunDirectory> directory_;
  std::unique_ptr<JournalFile> file_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_COMMANDS_RUN_JOURNAL_H_
