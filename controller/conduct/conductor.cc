#include "controller/conduct/conductor.h"

#include <signal.h>

#include <chrono>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/plan/secrets.h"
#include "controller/conduct/agent_launch.h"
#include "controller/conduct/event_queue.h"
#include "controller/conduct/outbox.h"
#include "controller/conduct/run_meta.h"
#include "controller/conduct/signals.h"
#include "controller/control/control_service.h"
#include "controller/fleet/launcher.h"
#include "controller/fleet/machine.h"
#include "controller/journal/journal_writer.h"

namespace rampart::controller {
namespace {

constexpr int64_t kTickNs = 100'000'000;
constexpr std::chrono::milliseconds kTick(kTickNs / 1'000'000);
// A terminal shows no more, and with many agents a look is not for nothing.
constexpr int64_t kShowEveryNs = std::chrono::nanoseconds(Terminal::kLivePeriod).count();
constexpr int64_t kJudgeEveryNs = 1'000'000'000;
// A resumed run needs the port that its agents dial. While nobody listened there, anybody's
// connection may have got it.
constexpr int64_t kListenAgainNs = 10'000'000'000;
constexpr std::chrono::milliseconds kListenAgainEvery(200);
constexpr char kEnded[] = "the run has ended";
constexpr uint64_t kEverything = std::numeric_limits<uint64_t>::max();

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int64_t UnixNow() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// A signal that a person sent.
struct Signalled {
  int number;
};
// As many of the journal's events are on the disk.
struct Synced {
  uint64_t events;
};
struct JournalFailed {
  absl::Status status;
};
// What a person asks of the run over its control socket.
struct Question {
  v1::ControlRequest request;
  ControlAnswer answer;
};
using Event = std::variant<FleetEvent, Signalled, Synced, JournalFailed, Question>;

class Conductor {
 public:
  Conductor(ConductOptions options, Terminal& terminal)
      : options_(std::move(options)),
        terminal_(terminal),
        begun_ns_(Now()),
        begun_unix_ns_(UnixNow()),
        resumed_(options_.resumed != nullptr),
        core_(resumed_ ? std::move(options_.resumed)
                       : std::make_unique<RunCore>(RunCoreOptions{.fleet = options_.fleet,
                                                                  .run = options_.run,
                                                                  .begun_ns = begun_ns_,
                                                                  .begun_unix_ns = begun_unix_ns_,
                                                                  .on_delta = options_.on_delta})),
        secrets_(core_->fleet_options().plan, core_->fleet_options().secrets) {}

  absl::StatusOr<RunResult> Go() {
    const Signals signals([this](int number) { events_.Push(Signalled{number}); });
    options_.service.on_notice = [this](const std::string& notice) { Say(notice); };
    if (absl::Status status = Listen(); !status.ok()) return status;
    if (absl::Status status = BeginJournal(); !status.ok()) return status;
    ListenForPeople();
    if (resumed_) {
      Say("listening again on " + options_.service.listen);
      Step(FleetEvent(Restarted{UnixNow()}));
    }
    if (absl::Status status = Launch(); !status.ok()) return status;

    while (!done_) {
      for (Event& event : events_.Take(kTick)) {
        std::visit([this](auto& e) { On(e); }, event);
      }
      // After what came before it: an agent that was heard is not lost because we were slow. Also
      // when there is never a moment without an event.
      if (Now() >= ticked_ns_ + kTickNs) {
        ticked_ns_ = Now();
        Step(FleetEvent(Tick{}));
      }
      if (events_.overflowed() && !overflowed_) {
        overflowed_ = true;
        Step(Fail{"the controller could not keep up with what the agents sent"});
      }
      JudgeNow();
      Show();
    }
    terminal_.Finish();
    EndControl();
    service_->Shutdown();
    if (launcher_ != nullptr) launcher_->Terminate();
    journal_.reset();
    return core_->Finish();
  }

 private:
  // ---- Before the first event ----

  absl::Status Listen() {
    options_.service.first_connection = core_->last_connection() + 1;
    const int64_t until_ns = Now() + (resumed_ ? kListenAgainNs : 0);
    for (;;) {
      absl::StatusOr<std::unique_ptr<FleetService>> service = FleetService::Listen(
          options_.service, [this](FleetEvent event) { events_.Push(std::move(event)); });
      if (service.ok()) {
        service_ = *std::move(service);
        return absl::OkStatus();
      }
      if (Now() >= until_ns) return service.status();
      std::this_thread::sleep_for(kListenAgainEvery);
    }
  }

  // A run without it is a run all the same.
  void ListenForPeople() {
    if (options_.control_folder.empty()) return;
    absl::StatusOr<std::unique_ptr<ControlService>> control = ControlService::Listen(
        options_.control_folder, [this](v1::ControlRequest request, ControlAnswer answer) {
          if (!events_.Push(Question{request, answer})) Answer(answer, "", kEnded);
        });
    if (control.ok()) {
      control_ = *std::move(control);
    } else {
      Say("this run can be neither paused nor scaled: " + std::string(control.status().message()));
    }
  }

  // Whoever still asks is told that it is too late.
  void EndControl() {
    for (Event& event : events_.Close()) {
      if (const auto* question = std::get_if<Question>(&event)) {
        Answer(question->answer, "", kEnded);
      }
    }
    control_.reset();
  }

  static void Answer(const ControlAnswer& answer, std::string done, std::string error) {
    v1::ControlReply reply;
    reply.set_done(std::move(done));
    reply.set_error(std::move(error));
    answer(std::move(reply));
  }

  absl::Status BeginJournal() {
    if (options_.journal == nullptr) return absl::OkStatus();
    if (!resumed_) {
      v1::JournalMeta& meta = options_.meta;
      AddMeta(options_, &meta);
      meta.set_boot_id(BootId());
      meta.set_started_unix_ns(begun_unix_ns_);
      const std::string& listen = options_.service.listen;
      meta.set_listen(absl::StrCat(listen.substr(0, listen.rfind(':') + 1), service_->port()));
      absl::Status status = AppendMeta(begun_ns_, meta, options_.journal);
      if (status.ok()) status = options_.journal->Sync();
      if (!status.ok()) return status;
    }
    durable_ = 0;
    journal_ = std::make_unique<JournalWriter>(
        options_.journal, [this](uint64_t events) { events_.Push(Synced{events}); },
        [this](absl::Status status) { events_.Push(JournalFailed{std::move(status)}); });
    return absl::OkStatus();
  }

  absl::Status Launch() {
    LauncherOptions launch;
    if (resumed_) {
      for (const Launched& process : core_->launched()) launch.adopted.push_back(process);
    } else if (!options_.agent_program.empty()) {
      launch.processes = AgentProcesses(options_, service_->local_address());
    }
    if (launch.processes.empty() && launch.adopted.empty()) {
      Say(absl::StrCat(
          "waiting for ", core_->fleet_options().agents,
          resumed_ ? " agents to dial again: HOST:" : " agents: agent --controller HOST:",
          service_->port(), options_.service.identity ? " --tls DIR" : ""));
      return absl::OkStatus();
    }
    launch.on_line = [this](const std::string& agent, const std::string& line) {
      Say(agent + ": " + line);
    };
    launch.on_exit = [this](ProcessExited exited) { events_.Push(std::move(exited)); };
    const std::vector<LaunchedProcess> processes = launch.processes;
    absl::StatusOr<std::unique_ptr<Launcher>> launcher = Launcher::Start(std::move(launch));
    if (!launcher.ok()) return launcher.status();
    launcher_ = *std::move(launcher);
    for (size_t i = 0; i < processes.size(); ++i) {
      const pid_t pid = launcher_->pids()[i];
      Step(Launched{processes[i].name, pid, ProcessStart(pid)});
    }
    return absl::OkStatus();
  }

  // ---- What happens ----

  void On(FleetEvent& event) { Step(std::move(event)); }
  void On(const Signalled& signalled) {
    Step(Interrupt{signalled.number == SIGTERM ? "SIGTERM" : "Ctrl-C"});
  }
  void On(const Question& question) {
    if (question.request.has_stop()) {
      if (core_->phase() >= Phase::kFinalising) return Answer(question.answer, "", kEnded);
      const bool now = question.request.stop().now();
      Step(Interrupt{"controller stop"});
      if (now) Step(Interrupt{"controller stop --now"});
      return Answer(question.answer, now ? "ending now" : "ending in order", "");
    }
    absl::StatusOr<RunCore::Asked> asked = core_->Ask(question.request, Now());
    if (!asked.ok()) return Answer(question.answer, "", std::string(asked.status().message()));
    Step(std::move(asked->event));
    Answer(question.answer, asked->done, "");
  }
  void On(const Synced& synced) {
    if (journal_ == nullptr) return;
    durable_ = synced.events;
    Release();
    for (const DeltaKept& kept : outbox_.Kept(durable_)) Step(FleetEvent(kept));
  }
  void On(const JournalFailed& failed) {
    journal_.reset();
    // Nothing waits for it any more, and nothing is kept any more.
    durable_ = kEverything;
    keeping_ = false;
    outbox_.Kept(kEverything);
    Release();
    Step(FleetEvent(JournalLost{absl::StrCat(
        "the journal failed, so a restart of the controller would lose what was measured, and the "
        "run was ended: ",
        failed.status.message(),
        ". Free that disk or keep the journal on another (--run-dir DIR); --no-journal does "
        "without one")}));
  }

  void Step(RunEvent event) {
    const int64_t now_ns = Now();
    RunStep step = core_->Step(&event, now_ns);
    for (const std::string& line : step.lines) Say(line);
    show_ = show_ || step.show;
    std::vector<FleetAction> binding;
    for (FleetAction& action : step.outward) {
      if (outbox_.MayOvertake(action, !binding.empty())) {
        Perform(action);
      } else {
        binding.push_back(std::move(action));
      }
    }
    if (journal_ != nullptr && step.changed) {
      appended_ = journal_->Append({now_ns, std::move(event)}, !binding.empty());
    }
    for (FleetAction& action : binding) outbox_.Hold(appended_, std::move(action));
    Release();
    for (const DeltaKept& merged : step.merged) {
      if (keeping_) outbox_.Hold(appended_, merged);
    }
    if (durable_ == kEverything) {
      for (const DeltaKept& kept : outbox_.Kept(kEverything)) Step(FleetEvent(kept));
    }
  }

  void Release() {
    for (FleetAction& action : outbox_.Actions(durable_)) Perform(action);
  }

  void Perform(FleetAction& action) {
    if (auto* send = std::get_if<SendTo>(&action)) {
      service_->Send(send->connection, std::move(send->message));
    } else if (const auto* close = std::get_if<CloseConnection>(&action)) {
      service_->Close(close->connection);
    } else if (std::holds_alternative<Done>(action)) {
      done_ = true;
    }
  }

  void JudgeNow() {
    if (!core_->started() || core_->phase() != Phase::kRunning) return;
    const int64_t now_ns = Now() - core_->start_ns();
    if (now_ns < 0 || now_ns < judged_ns_ + kJudgeEveryNs) return;
    judged_ns_ = now_ns;
    Step(Judge{});
    if (!options_.ask_stop || core_->phase() != Phase::kRunning) return;
    if (const std::optional<std::string> why = options_.ask_stop(now_ns)) {
      Say(*why);
      Step(FleetEvent(StopRequested{v1::ABORT, *why}));
    }
  }

  // ---- What a person sees ----

  void Say(const std::string& line) { terminal_.Line(secrets_.Conceal(line)); }

  void Show() {
    const int64_t now_ns = Now();
    if (!show_ && now_ns < shown_ns_ + kShowEveryNs) return;
    show_ = false;
    shown_ns_ = now_ns;
    terminal_.Update(core_->Progress(now_ns));
  }

  ConductOptions options_;
  Terminal& terminal_;
  const int64_t begun_ns_;
  const int64_t begun_unix_ns_;
  const bool resumed_;
  const std::unique_ptr<RunCore> core_;
  const Secrets secrets_;
  EventQueue<Event> events_;
  std::unique_ptr<FleetService> service_;
  std::unique_ptr<ControlService> control_;  // null without
  std::unique_ptr<Launcher> launcher_;
  std::unique_ptr<JournalWriter> journal_;  // null without one, and when it has failed
  Outbox outbox_;
  uint64_t appended_ = 0;  // events to the journal
  uint64_t durable_ = kEverything;
  bool keeping_ = true;
  bool done_ = false;
  bool overflowed_ = false;
  int64_t judged_ns_ = 0;
  int64_t ticked_ns_ = 0;
  int64_t shown_ns_ = 0;
  bool show_ = false;  // at once
};

}  // namespace

absl::StatusOr<RunResult> Conduct(ConductOptions options, Terminal& terminal) {
  return Conductor(std::move(options), terminal).Go();
}

}  // namespace rampart::controller
