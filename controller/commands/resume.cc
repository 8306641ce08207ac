#include "controller/commands/resume.h"

#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "controller/commands/flags.h"
#include "controller/commands/plan_again.h"
#include "controller/commands/report.h"
#include "controller/commands/run_journal.h"
#include "controller/conduct/conductor.h"
#include "controller/conduct/replay.h"
#include "controller/conduct/run_meta.h"
#include "controller/demo/demo_target.h"
#include "controller/fleet/machine.h"
#include "controller/journal/journal_reader.h"
#include "controller/terminal/terminal.h"

namespace rampart::controller {
namespace {

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string Ago(int64_t ns) {
  return absl::FormatDuration(absl::Trunc(absl::Nanoseconds(ns), absl::Milliseconds(1)));
}

struct Journaled {
  v1::JournalMeta meta;
  Replayed replayed;
  uint64_t size = 0;
};

absl::StatusOr<Journaled> ReadJournal(const RunDirectory& directory, const ResumeFlags& flags,
                                      Terminal& terminal) {
  PlanFlags plan_flags;
  plan_flags.params = flags.params;
  const absl::StatusOr<PlanOptions> given = PlanOptionsOf(plan_flags);
  if (!given.ok()) return given.status();
  absl::StatusOr<std::unique_ptr<JournalReader>> reader = JournalReader::Open(directory.journal());
  if (!reader.ok()) return reader.status();
  absl::StatusOr<JournalBegin> begin = ReadBegin(reader->get(), RAMPART_VERSION);
  if (!begin.ok()) return begin.status();
  absl::StatusOr<v1::Plan> plan = PlanAgain(begin->meta, *given);
  if (!plan.ok()) return plan.status();
  absl::StatusOr<Replayed> replayed = Replay(reader->get(), *begin, *std::move(plan));
  if (!replayed.ok()) return replayed.status();
  if (replayed->core->reported()) {
    return absl::InvalidArgumentError(directory.path() +
                                      ": this run has ended and its report was written");
  }
  if ((*reader)->torn_bytes() > 0) {
    terminal.Line(absl::StrCat("the journal's last ", (*reader)->torn_bytes(),
                               " bytes were not whole and are cut off: no agent was told that they "
                               "are kept, and each sends again what was in them"));
  }
  return Journaled{std::move(begin->meta), *std::move(replayed), (*reader)->size()};
}

}  // namespace

int Resume(const ResumeFlags& flags) {
  Terminal terminal(stderr, flags.plain);
  absl::StatusOr<RunDirectory> directory = RunDirectory::Open(flags.run_dir);
  if (!directory.ok()) return Say(directory.status());
  absl::StatusOr<Journaled> read = ReadJournal(*directory, flags, terminal);
  if (!read.ok()) return Say(read.status());
  const v1::JournalMeta meta = std::move(read->meta);
  std::unique_ptr<RunCore> core = std::move(read->replayed.core);
  const bool same_boot = meta.boot_id() == BootId();
  terminal.Line(absl::StrCat(
      "resuming plan ", meta.plan().name(), " (", std::string(PhaseName(core->phase())), ") after ",
      read->replayed.events, " events",
      same_boot ? absl::StrCat(", the last one ", Ago(Now() - read->replayed.last_ns), " ago")
                : ""));

  absl::StatusOr<std::unique_ptr<RunJournal>> journal =
      RunJournal::Continue(*std::move(directory), read->size, meta.keep_journal());
  if (!journal.ok()) return Say(journal.status());
  std::unique_ptr<DemoTarget> target;
  if (same_boot && meta.has_demo()) {
    const v1::JournalRecord::Launched& process = meta.demo().process();
    target = DemoTarget::Adopt(static_cast<uint16_t>(meta.demo().port()),
                               {process.name(), process.pid(), process.started()});
  }

  absl::StatusOr<RunResult> result = absl::UnknownError("");
  if (core->done()) {
    result = core->Finish();
  } else if (!same_boot) {
    RunEvent over = Fail{
        "the machine was started anew in the middle of the run, and the load ended with it: what "
        "is reported is what had come to the journal before"};
    core->Step(&over, read->replayed.last_ns);
    result = core->Finish();
  } else {
    ConductOptions options;
    absl::StatusOr<FleetServiceOptions> service = ServiceOptionsOf(meta);
    if (!service.ok()) return Say(service.status());
    options.service = *std::move(service);
    options.journal = (*journal)->file();
    options.resumed = std::move(core);
    options.control_folder = (*journal)->folder();
    result = Conduct(std::move(options), terminal);
    if (!result.ok()) {
      return Say(absl::InternalError(absl::StrCat(
          result.status().message(), "; the run is still in its journal: try again with ",
          "controller resume ", flags.run_dir)));
    }
  }
  result->rampart_version = RAMPART_VERSION;
  if (target != nullptr) AddTargetCounts(*target, terminal, &*result);
  const std::vector<std::string> out(meta.out().begin(), meta.out().end());
  if (!Report(*result, out, terminal)) return Code(ExitCode::kInternal);
  (*journal)->End();
  return Code(result->exit_code);
}

}  // namespace rampart::controller
