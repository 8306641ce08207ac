#include "controller/conduct/conductor.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_join.h"
#include "common/plan/secrets.h"
#include "controller/conduct/event_queue.h"
#include "controller/conduct/signals.h"
#include "controller/fleet/launcher.h"

namespace rampart::controller {
namespace {

constexpr int64_t kTickNs = 100'000'000;
constexpr std::chrono::milliseconds kTick(kTickNs / 1'000'000);
// A terminal shows no more, and with many agents a look is not for nothing.
constexpr int64_t kShowEveryNs = std::chrono::nanoseconds(Terminal::kLivePeriod).count();
constexpr int64_t kJudgeEveryNs = 1'000'000'000;

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

double Seconds(int64_t from_ns, int64_t to_ns) {
  return from_ns == 0 || to_ns < from_ns ? 0 : static_cast<double>(to_ns - from_ns) / 1e9;
}

// A signal that a person sent.
struct Signalled {
  int number;
};
using Event = std::variant<FleetEvent, Signalled>;

class Conductor {
 public:
  Conductor(ConductOptions options, Terminal& terminal)
      : options_(std::move(options)),
        terminal_(terminal),
        secrets_(options_.fleet.plan, options_.fleet.secrets),
        run_(options_.fleet.plan, options_.run),
        fleet_(options_.fleet) {}

  absl::StatusOr<RunResult> Go() {
    const Signals signals([this](int number) { events_.Push(Signalled{number}); });
    options_.service.on_notice = [this](const std::string& notice) { Say(notice); };
    absl::StatusOr<std::unique_ptr<FleetService>> service = FleetService::Listen(
        options_.service, [this](FleetEvent event) { events_.Push(std::move(event)); });
    if (!service.ok()) return service.status();
    service_ = *std::move(service);
    if (absl::Status status = Launch(); !status.ok()) return status;

    while (!done_) {
      for (Event& event : events_.Take(kTick)) {
        if (const auto* signalled = std::get_if<Signalled>(&event)) {
          OnSignal(signalled->number);
        } else {
          Step(std::get<FleetEvent>(std::move(event)));
        }
      }
      // After what came before it: an agent that was heard is not lost because we were slow. Also
      // when there is never a moment without an event.
      if (Now() >= ticked_ns_ + kTickNs) {
        ticked_ns_ = Now();
        Step(Tick{});
      }
      if (events_.overflowed() && !overflowed_) {
        overflowed_ = true;
        run_.Fail("the controller could not keep up with what the agents sent");
        Step(StopRequested{v1::ABORT, "the controller could not keep up"});
      }
      Judge();
      Show();
    }
    terminal_.Finish();
    service_->Shutdown();
    if (launcher_ != nullptr) launcher_->Terminate();
    RunResult result = run_.Finish(times());
    result.plan_hash = fleet_.plan_hash();
    return result;
  }

 private:
  absl::Status Launch() {
    const std::string address = service_->local_address();
    if (options_.agent_program.empty()) {
      Say("waiting for " + std::to_string(options_.fleet.agents) +
          " agents: agent --controller HOST:" + std::to_string(service_->port()) +
          (options_.service.identity ? " --tls DIR" : ""));
      return absl::OkStatus();
    }
    LauncherOptions launch;
    for (int i = 1; i <= options_.fleet.agents; ++i) {
      const std::string name = "agent-" + std::to_string(i);
      launch.processes.push_back({name,
                                  options_.agent_program,
                                  {"--name", name, "--controller", address, "--log-level", "warn",
                                   "--threads", std::to_string(options_.agent_threads)}});
      std::vector<std::string>& arguments = launch.processes.back().arguments;
      arguments.insert(arguments.end(), options_.agent_flags.begin(), options_.agent_flags.end());
      if (options_.agent_tls) {
        arguments.insert(arguments.end(),
                         {"--tls-ca", options_.agent_tls->ca, "--tls-cert",
                          options_.agent_tls->certificate, "--tls-key", options_.agent_tls->key});
      }
      const auto own = static_cast<size_t>(i - 1);
      if (own < options_.agent_sources.size() && !options_.agent_sources[own].empty()) {
        arguments.insert(arguments.end(),
                         {"--source", absl::StrJoin(options_.agent_sources[own], ",")});
      }
    }
    launch.on_line = [this](const std::string& agent, const std::string& line) {
      Say(agent + ": " + line);
    };
    launch.on_exit = [this](ProcessExited exited) { events_.Push(std::move(exited)); };
    absl::StatusOr<std::unique_ptr<Launcher>> launcher = Launcher::Start(std::move(launch));
    if (!launcher.ok()) return launcher.status();
    launcher_ = *std::move(launcher);
    return absl::OkStatus();
  }

  // -1 before the start is known.
  int64_t RunNow() const { return start_ns_ == 0 ? -1 : Now() - start_ns_; }

  void Step(FleetEvent event) {
    // What one action brings about (a delta that was kept) is the next event.
    std::deque<FleetEvent> events;
    events.push_back(std::move(event));
    while (!events.empty()) {
      const FleetEvent next = std::move(events.front());
      events.pop_front();
      for (FleetAction& action : fleet_.Step(next, Now())) {
        std::visit([&](auto& what) { Perform(what, &events); }, action);
      }
    }
  }

  void Say(const std::string& line) { terminal_.Line(secrets_.Conceal(line)); }

  using Next = std::deque<FleetEvent>;

  void Perform(SendTo& send, Next*) { service_->Send(send.connection, std::move(send.message)); }
  void Perform(CloseConnection& close, Next*) { service_->Close(close.connection); }
  void Perform(AgentJoined& joined, Next*) {
    if (known_.size() <= static_cast<size_t>(joined.agent)) {
      known_.resize(static_cast<size_t>(joined.agent) + 1);
    }
    AgentResult& known = known_[static_cast<size_t>(joined.agent)];
    known.name = joined.hello.name();
    known.index = joined.agent;
    known.host = joined.hello.host();
    known.state = "joined";
    known.users_share = joined.share;
    known.pid = PidOf(known.name);
    run_.SetAgent(joined.agent, known);
  }
  void Perform(AgentStateChanged& changed, Next*) {
    if (static_cast<size_t>(changed.agent) < known_.size()) {
      known_[static_cast<size_t>(changed.agent)].state = changed.state;
    }
    run_.SetAgentState(changed.agent, changed.state);
  }
  void Perform(KeepDelta& keep, Next* next) {
    const absl::Status applied = run_.Apply(keep.agent, *keep.delta);
    if (applied.ok()) {
      if (options_.on_delta) options_.on_delta(keep.agent, *keep.delta);
      next->push_back(DeltaKept{keep.agent, keep.delta->sequence()});
    } else {
      next->push_back(DeltaRefused{keep.agent, std::string(applied.message())});
    }
  }
  void Perform(AgentLost& lost, Next*) {
    Say(NameOf(lost.agent) + " is lost: " + lost.why);
    run_.LoseAgent(lost.agent, lost.why,
                   lost.out_ns == INT64_MIN || start_ns_ == 0 ? 0 : lost.out_ns - start_ns_);
  }
  void Perform(AgentReturned& returned, Next*) {
    Say(NameOf(returned.agent) + " is there again, with all that it measured");
    run_.ReturnAgent(returned.agent);
  }
  void Perform(Started& started, Next*) {
    start_ns_ = started.start_ns;
    started_unix_ns_ = UnixNow() + (start_ns_ - Now());
    for (size_t agent = 0; agent < started.skew_ms.size() && agent < known_.size(); ++agent) {
      skew_ms_ = std::max(skew_ms_, started.skew_ms[agent]);
      known_[agent].clock_skew_ms = started.skew_ms[agent];
      run_.SetAgent(static_cast<int>(agent), known_[agent]);
    }
  }
  void Perform(ScenarioStarted& started, Next*) {
    run_.ScenarioBegins(started.scenario, started.start_ns - start_ns_);
  }
  void Perform(RunFailed& failed, Next*) {
    Say("the run is invalid: " + failed.why);
    run_.Fail(failed.why);
  }
  void Perform(TeardownFailed& failed, Next*) {
    Say("teardown failed: " + failed.why);
    run_.TeardownFailed(failed.why);
  }
  void Perform(Done&, Next*) { done_ = true; }
  void Perform(PhaseChanged& changed, Next*) {
    const int64_t now_ns = Now();
    switch (changed.phase) {
      case Phase::kSetup:
        setup_from_ns_ = now_ns;
        break;
      case Phase::kArming:
        setup_to_ns_ = now_ns;
        break;
      case Phase::kTeardown:
        teardown_from_ns_ = now_ns;
        load_to_ns_ = now_ns;
        break;
      case Phase::kFinalising:
        if (load_to_ns_ == 0) load_to_ns_ = now_ns;
        teardown_to_ns_ = now_ns;
        break;
      default:
        break;
    }
    run_.SetPhase(std::string(PhaseName(changed.phase)));
    show_ = true;
  }

  std::string NameOf(int agent) const {
    const auto index = static_cast<size_t>(agent);
    return index < known_.size() ? known_[index].name : "an agent";
  }
  int64_t PidOf(const std::string& name) const {
    if (launcher_ == nullptr) return 0;
    for (int i = 0; i < options_.fleet.agents; ++i) {
      if (name == "agent-" + std::to_string(i + 1)) {
        return launcher_->pids()[static_cast<size_t>(i)];
      }
    }
    return 0;
  }

  void OnSignal(int number) {
    ++signals_;
    const bool again = signals_ > 1;
    const std::string what = number == SIGTERM ? "SIGTERM" : "Ctrl-C";
    Say(again ? what + " again: aborting" : what + ": ending in order; once more aborts at once");
    run_.Interrupt("interrupted by " + what);
    Step(StopRequested{again ? v1::ABORT : v1::DRAIN, "interrupted by " + what});
  }

  void Show() {
    const int64_t now_ns = Now();
    if (!show_ && now_ns < shown_ns_ + kShowEveryNs) return;
    show_ = false;
    shown_ns_ = now_ns;
    terminal_.Update(run_.Progress(RunNow()));
  }

  void Judge() {
    const int64_t now_ns = RunNow();
    if (now_ns < 0 || fleet_.phase() != Phase::kRunning || now_ns < judged_ns_ + kJudgeEveryNs) {
      return;
    }
    judged_ns_ = now_ns;
    if (const std::optional<std::string> why = run_.Judge(now_ns)) {
      Say("aborting: " + *why);
      return Step(StopRequested{v1::ABORT, *why});
    }
    if (!options_.ask_stop) return;
    if (const std::optional<std::string> why = options_.ask_stop(now_ns)) {
      Say(*why);
      Step(StopRequested{v1::ABORT, *why});
    }
  }

  Run::Times times() const {
    Run::Times times;
    times.started_unix_ns = started_unix_ns_ == 0 ? UnixNow() : started_unix_ns_;
    times.setup_seconds = Seconds(setup_from_ns_, setup_to_ns_);
    times.run_seconds = Seconds(start_ns_, load_to_ns_);
    times.teardown_seconds = Seconds(teardown_from_ns_, teardown_to_ns_);
    times.start_skew_ms = skew_ms_;
    return times;
  }

  ConductOptions options_;
  Terminal& terminal_;
  const Secrets secrets_;
  Run run_;
  Fleet fleet_;
  EventQueue<Event> events_;
  std::unique_ptr<FleetService> service_;
  std::unique_ptr<Launcher> launcher_;
  std::vector<AgentResult> known_;  // by agent
  bool done_ = false;
  bool overflowed_ = false;
  int signals_ = 0;
  // On the controller's clock; 0: not yet.
  int64_t start_ns_ = 0;
  int64_t setup_from_ns_ = 0;
  int64_t setup_to_ns_ = 0;
  int64_t load_to_ns_ = 0;
  int64_t teardown_from_ns_ = 0;
  int64_t teardown_to_ns_ = 0;
  int64_t judged_ns_ = 0;
  int64_t ticked_ns_ = 0;
  int64_t shown_ns_ = 0;
  bool show_ = false;  // at once
  int64_t started_unix_ns_ = 0;
  double skew_ms_ = 0;
};

}  // namespace

absl::StatusOr<RunResult> Conduct(ConductOptions options, Terminal& terminal) {
  return Conductor(std::move(options), terminal).Go();
}

}  // namespace rampart::controller
