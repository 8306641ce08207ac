#include "controller/conduct/run_core.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace rampart::controller {
namespace {

double Seconds(int64_t from_ns, int64_t to_ns) {
  return from_ns == 0 || to_ns < from_ns ? 0 : static_cast<double>(to_ns - from_ns) / 1e9;
}

}  // namespace

RunCore::RunCore(RunCoreOptions options)
    : options_(std::move(options)),
      fleet_(options_.fleet),
      run_(options_.fleet.plan, options_.run) {}

RunStep RunCore::Step(RunEvent* event, int64_t now_ns) {
  now_ns_ = now_ns;
  std::visit([this](auto& e) { On(e); }, *event);
  return std::exchange(step_, {});
}

void RunCore::On(FleetEvent& event) {
  if (const auto* connected = std::get_if<Connected>(&event)) {
    last_connection_ = std::max(last_connection_, connected->connection);
  }
  if (const auto* restarted = std::get_if<Restarted>(&event)) {
    restarts_unix_ns_.push_back(restarted->unix_ns);
  }
  std::vector<FleetAction> actions = Tell(event);
  step_.changed = BelongsIntoJournal(event, actions);
  if (auto* tick = std::get_if<Tick>(&event); tick != nullptr && step_.changed) {
    tick->heard_ns = fleet_.heard_ns();
  }
  Take(std::move(actions));
}

void RunCore::On(const Judge&) {
  if (!started() || fleet_.phase() != Phase::kRunning) return;
  const std::optional<std::string> why = run_.Judge(now_ns_ - start_ns_);
  if (!why) return;
  step_.changed = true;
  step_.lines.push_back("aborting: " + *why);
  Take(Tell(StopRequested{v1::ABORT, *why}));
}

void RunCore::On(const Interrupt& event) {
  step_.changed = true;
  const bool again = ++interrupts_ > 1;
  step_.lines.push_back(again ? event.what + " again: aborting"
                              : event.what + ": ending in order; once more aborts at once");
  const std::string why = "interrupted by " + event.what;
  run_.Interrupt(why);
  Take(Tell(StopRequested{again ? v1::ABORT : v1::DRAIN, why}));
}

void RunCore::On(const Fail& event) {
  step_.changed = true;
  step_.lines.push_back("the run is invalid: " + event.why);
  run_.Fail(event.why);
  Take(Tell(StopRequested{v1::ABORT, event.why}));
}

void RunCore::On(const Launched& event) {
  step_.changed = true;
  launched_[event.name] = event;
}

void RunCore::On(const ReportWritten&) {
  step_.changed = true;
  reported_ = true;
}

absl::StatusOr<RunCore::Asked> RunCore::Ask(const v1::ControlRequest& request,
                                            int64_t now_ns) const {
  LoadChangeAsked asked;
  v1::ChangeLoad& change = asked.change;
  change.set_agent_ns(fleet_.NextChangeNs(now_ns));
  // First, as before the start a schedule stands nowhere.
  if (absl::Status may = fleet_.MayChange(change); !may.ok()) return may;
  switch (request.kind_case()) {
    case v1::ControlRequest::kPause:
      change.mutable_pause();
      asked.what = "paused";
      break;
    case v1::ControlRequest::kResume:
      change.mutable_resume();
      asked.what = "going on";
      break;
    case v1::ControlRequest::kScale: {
      const absl::StatusOr<v1::ScenarioLoad> scaled =
          run_.Scaled(request.scale(), change.agent_ns() - start_ns_);
      if (!scaled.ok()) return scaled.status();
      *change.mutable_scenario() = *scaled;
      asked.what = ScaleWords(request.scale(), scaled->scenario());
      break;
    }
    default:
      return absl::InvalidArgumentError("the request asks for nothing that this controller knows");
  }
  if (absl::Status may = fleet_.MayChange(change); !may.ok()) return may;
  std::string what = asked.what;
  return Asked{FleetEvent(std::move(asked)), std::move(what)};
}

std::vector<FleetAction> RunCore::Tell(const FleetEvent& event) {
  return fleet_.Step(event, now_ns_);
}

void RunCore::Take(std::vector<FleetAction> actions) {
  for (FleetAction& action : actions) {
    std::visit([this](auto& what) { Do(what); }, action);
  }
}

void RunCore::Do(SendTo& action) { step_.outward.emplace_back(std::move(action)); }
void RunCore::Do(CloseConnection& action) { step_.outward.emplace_back(action); }
void RunCore::Do(Done& action) { step_.outward.emplace_back(action); }

void RunCore::Do(const JoinRefused& refused) {
  const bool named = !refused.who.empty() && refused.who.size() <= Roster::kMaxNameBytes;
  const std::optional<std::string> words =
      refusals_.Heard("refused " + (named ? refused.who + "," : std::string("somebody")) +
                          " who came for the agents' stream: " + refused.why,
                      now_ns_);
  if (words) step_.lines.push_back(*words);
}

void RunCore::Do(const AgentJoined& joined) {
  if (known_.size() <= static_cast<size_t>(joined.agent)) {
    known_.resize(static_cast<size_t>(joined.agent) + 1);
  }
  AgentResult& known = known_[static_cast<size_t>(joined.agent)];
  known.name = joined.hello.name();
  known.index = joined.agent;
  known.host = joined.hello.host();
  known.state = "joined";
  known.users_share = joined.share;
  const auto launched = launched_.find(known.name);
  known.pid = launched == launched_.end() ? 0 : launched->second.pid;
  run_.SetAgent(joined.agent, known);
  if (joined.late) step_.lines.push_back(known.name + " has joined while the load runs");
}

void RunCore::Do(const AgentStateChanged& changed) {
  if (static_cast<size_t>(changed.agent) < known_.size()) {
    known_[static_cast<size_t>(changed.agent)].state = changed.state;
  }
  run_.SetAgentState(changed.agent, changed.state);
}

void RunCore::Do(const KeepDelta& keep) {
  const absl::Status applied = run_.Apply(keep.agent, *keep.delta);
  if (!applied.ok()) {
    return Take(Tell(DeltaRefused{keep.agent, std::string(applied.message())}));
  }
  if (options_.on_delta) options_.on_delta(keep.agent, *keep.delta);
  step_.merged.push_back({keep.agent, keep.delta->sequence()});
}

void RunCore::Do(const AgentLost& lost) {
  step_.lines.push_back(NameOf(lost.agent) + " is lost: " + lost.why);
  run_.LoseAgent(lost.agent, lost.why,
                 lost.out_ns == INT64_MIN || start_ns_ == 0 ? 0 : lost.out_ns - start_ns_);
}

void RunCore::Do(const AgentReturned& returned) {
  step_.lines.push_back(NameOf(returned.agent) + " is there again, with all that it measured");
  run_.ReturnAgent(returned.agent);
}

void RunCore::Do(const Started& started) {
  start_ns_ = started.start_ns;
  for (size_t agent = 0; agent < started.skew_ms.size() && agent < known_.size(); ++agent) {
    skew_ms_ = std::max(skew_ms_, started.skew_ms[agent]);
    known_[agent].clock_skew_ms = started.skew_ms[agent];
    run_.SetAgent(static_cast<int>(agent), known_[agent]);
  }
}

void RunCore::Do(const LoadChanged& changed) {
  step_.lines.push_back(changed.what);
  run_.ChangeLoad(changed.change, changed.change.agent_ns() - start_ns_, changed.what);
}

void RunCore::Do(const ScenarioStarted& started) {
  run_.ScenarioBegins(started.scenario, started.start_ns - start_ns_);
}

void RunCore::Do(const RunFailed& failed) {
  step_.lines.push_back("the run is invalid: " + failed.why);
  run_.Fail(failed.why);
}

void RunCore::Do(const TeardownFailed& failed) {
  step_.lines.push_back("teardown failed: " + failed.why);
  run_.TeardownFailed(failed.why);
}

void RunCore::Do(const PhaseChanged& changed) {
  switch (changed.phase) {
    case Phase::kSetup:
      setup_from_ns_ = now_ns_;
      break;
    case Phase::kArming:
      setup_to_ns_ = now_ns_;
      break;
    case Phase::kTeardown:
      teardown_from_ns_ = now_ns_;
      load_to_ns_ = now_ns_;
      break;
    case Phase::kFinalising:
      if (load_to_ns_ == 0) load_to_ns_ = now_ns_;
      teardown_to_ns_ = now_ns_;
      break;
    default:
      break;
  }
  run_.SetPhase(std::string(PhaseName(changed.phase)));
  step_.show = true;
}

std::string RunCore::NameOf(int agent) const {
  const auto index = static_cast<size_t>(agent);
  return index < known_.size() ? known_[index].name : "an agent";
}

std::vector<Launched> RunCore::launched() const {
  std::vector<Launched> all;
  for (const auto& [name, launched] : launched_) all.push_back(launched);
  return all;
}

RunProgress RunCore::Progress(int64_t now_ns) const {
  // -1 before the start is known.
  return run_.Progress(started() ? now_ns - start_ns_ : -1);
}

Run::Times RunCore::times() const {
  Run::Times times;
  times.started_unix_ns = options_.begun_unix_ns + (started() ? start_ns_ - options_.begun_ns : 0);
  times.setup_seconds = Seconds(setup_from_ns_, setup_to_ns_);
  times.run_seconds = Seconds(start_ns_, load_to_ns_ == 0 ? now_ns_ : load_to_ns_);
  times.teardown_seconds = Seconds(teardown_from_ns_, teardown_to_ns_);
  times.start_skew_ms = skew_ms_;
  return times;
}

RunResult RunCore::Finish() const {
  RunResult result = run_.Finish(times());
  result.plan_hash = fleet_.plan_hash();
  result.restarts_unix_ns = restarts_unix_ns_;
  return result;
}

}  // namespace rampart::controller
