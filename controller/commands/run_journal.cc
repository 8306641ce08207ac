#include "controller/commands/run_journal.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/plan/secrets.h"
#include "controller/journal/journal_record.h"

namespace rampart::controller {
namespace {

namespace fs = std::filesystem;

absl::Status Advise(const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(
      "the run's journal cannot be kept: ", status.message(),
      "; say where with --run-dir DIR, or run with --no-journal, and a controller that is killed "
      "loses its run"));
}

}  // namespace

RunJournal::RunJournal(JournalFlags flags, std::vector<std::string> out)
    : flags_(std::move(flags)), out_(std::move(out)) {}

absl::StatusOr<std::unique_ptr<RunJournal>> RunJournal::Continue(RunDirectory directory,
                                                                 uint64_t size, bool keep) {
  JournalFlags flags;
  flags.keep = keep;
  auto journal = std::make_unique<RunJournal>(std::move(flags), std::vector<std::string>());
  journal->directory_.emplace(std::move(directory));
  absl::StatusOr<std::unique_ptr<JournalDisk>> disk =
      JournalDisk::Continue(journal->directory_->journal(), size);
  if (!disk.ok()) return disk.status();
  absl::StatusOr<std::unique_ptr<JournalFile>> file = JournalFile::Continue(*std::move(disk), size);
  if (!file.ok()) return file.status();
  journal->file_ = *std::move(file);
  return journal;
}

absl::Status RunJournal::Begin(ConductOptions* options, Terminal& terminal) {
  if (flags_.off) return absl::OkStatus();
  const v1::Plan& plan = options->fleet.plan;
  std::string path = flags_.run_dir;
  if (path.empty()) {
    absl::StatusOr<std::string> by_default = RunDirectory::DefaultPath(
        Secrets(plan, options->fleet.secrets).Conceal(plan.name()), absl::ToUnixNanos(absl::Now()));
    if (!by_default.ok()) return by_default.status();
    path = *std::move(by_default);
  }
  absl::StatusOr<RunDirectory> directory = RunDirectory::Make(path);
  if (!directory.ok()) return Advise(directory.status());
  directory_.emplace(*std::move(directory));
  absl::StatusOr<std::unique_ptr<JournalDisk>> disk = JournalDisk::Create(directory_->journal());
  if (!disk.ok()) return Advise(disk.status());
  absl::StatusOr<std::unique_ptr<JournalFile>> file = JournalFile::Begin(*std::move(disk));
  if (!file.ok()) {
    Drop();
    return Advise(file.status());
  }
  file_ = *std::move(file);
  terminal.Line("should this controller be killed: controller resume " + directory_->path());

  options->journal = file_.get();
  options->control_folder = directory_->path();
  v1::JournalMeta& meta = options->meta;
  meta.set_rampart_version(RAMPART_VERSION);
  meta.set_keep_journal(flags_.keep);
  for (const std::string& out : out_) meta.add_out(fs::absolute(out));
  return absl::OkStatus();
}

void RunJournal::End() {
  if (file_ == nullptr) return;
  if (!flags_.keep) return Drop();
  // As good as it gets: a journal that failed says nothing any more.
  AppendEntry({0, ReportWritten{}}, file_.get()).IgnoreError();
  file_->Sync().IgnoreError();
}

void RunJournal::Drop() {
  file_.reset();
  if (directory_) directory_->Clear();
  directory_.reset();
}

}  // namespace rampart::controller
