#include "controller/run/run.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/statusor.h"
#include "common/plan/load_plan.h"
#include "controller/run/checks.h"
#include "controller/run/conceal.h"
#include "controller/run/verdict.h"

namespace rampart::controller {
namespace {

// A shorter one says little of how much an agent measures in a second.
constexpr int64_t kWholeDeltaNs = 500'000'000;

std::string Missing(uint64_t from, uint64_t to, const std::string& agent) {
  return from == to ? "delta " + std::to_string(from) + " of agent " + agent + " is missing"
                    : "deltas " + std::to_string(from) + " to " + std::to_string(to) +
                          " of agent " + agent + " are missing or came out of turn";
}

}  // namespace

Run::Run(v1::Plan plan, RunOptions options)
    : plan_(std::move(plan)),
      options_(std::move(options)),
      secrets_(plan_, options_.secrets),
      catalog_(plan_),
      schedule_(plan_),
      stats_(catalog_),
      thresholds_(plan_, catalog_, &stats_),
      http_req_duration_(stats_.Watch({"http_req_duration", {}})),
      iterations_(stats_.Watch({"iterations", {}})),
      dropped_iterations_(stats_.Watch({"dropped_iterations", {}})) {}

Run::Agent* Run::Known(int index) {
  if (index < 0 || index >= kMaxAgents) return nullptr;
  while (agents_.size() <= static_cast<size_t>(index)) {
    AgentResult& known = agents_.emplace_back().known;
    known.index = static_cast<int>(agents_.size()) - 1;
    known.name = "#" + std::to_string(known.index);
  }
  return &agents_[static_cast<size_t>(index)];
}

void Run::SetAgent(int index, AgentResult known) {
  Agent* agent = Known(index);
  if (agent == nullptr) {
    invalid_.Add("there is no place for agent " + std::to_string(index) + ": a run has at most " +
                 std::to_string(kMaxAgents));
    return;
  }
  known.index = index;
  if (agent->known.lost) {
    known.lost = true;
    known.state = agent->known.state;
    known.why = agent->known.why;
  }
  agent->known = std::move(known);
}

void Run::SetAgentState(int index, std::string state) {
  Agent* agent = Known(index);
  if (agent != nullptr && !agent->known.lost) agent->known.state = std::move(state);
}

void Run::LoseAgent(int index, std::string why, int64_t out_ns) {
  Agent* agent = Known(index);
  if (agent == nullptr || agent->known.lost) return;
  agent->known.lost = true;
  agent->known.state = "lost";
  agent->known.why = std::move(why);
  coverage_.Lose(index, {agent->measured_to_ns, out_ns, agent->most_samples_per_s});
}

void Run::ReturnAgent(int index) {
  Agent* agent = Known(index);
  if (agent == nullptr || !agent->known.lost) return;
  agent->known.lost = false;
  agent->known.why.clear();
  coverage_.Return(index);
}

absl::Status Run::Apply(int index, const v1::Delta& delta) {
  if (index < 0 || static_cast<size_t>(index) >= agents_.size()) {
    return absl::InvalidArgumentError("a delta came from an agent that is not of this run");
  }
  Agent& agent = agents_[static_cast<size_t>(index)];
  absl::StatusOr<std::optional<DeltaSums>> read = stats_.Apply(index, delta);
  if (!read.ok()) {
    if (absl::IsFailedPrecondition(read.status())) {
      agent.last_sequence = std::max(agent.last_sequence, delta.sequence());
    } else if (!agent.refused) {
      agent.refused = true;
      invalid_.Add("a delta of agent " + agent.known.name +
                   " was refused: " + std::string(read.status().message()));
    }
    return read.status();
  }
  if (!read->has_value()) return absl::OkStatus();
  const DeltaSums& sums = **read;
  agent.last_sequence = std::max(agent.last_sequence, delta.sequence());
  samples_ += sums.samples;
  agent.measured_to_ns = std::max(agent.measured_to_ns, sums.to_ns);
  if (sums.to_ns - sums.from_ns >= kWholeDeltaNs) {
    agent.most_samples_per_s =
        std::max(agent.most_samples_per_s, static_cast<double>(sums.samples) * 1e9 /
                                               static_cast<double>(sums.to_ns - sums.from_ns));
  }
  for (const v1::ErrorCount& error : delta.errors()) errors_.Add(error);
  agent.health.Add(delta.health(), sums, schedule_.LengthNs());
  if (sums.to_ns > 0) {
    agent.rates.Add(sums);
    timeline_.Add(index, sums, stats_.Held(index, "vus"), stats_.Held(index, "ws_open"));
  }
  return absl::OkStatus();
}

void Run::ChangeLoad(const v1::ChangeLoad& change, int64_t at_ns, std::string what) {
  if (change.has_pause()) {
    schedule_.Pause(at_ns);
  } else if (change.has_resume()) {
    schedule_.Resume(at_ns);
  } else if (change.has_scenario()) {
    schedule_.Change(change.scenario());
  }
  changes_.push_back({static_cast<double>(at_ns) / 1e9, std::move(what)});
}

RunProgress Run::Progress(int64_t now_ns) const {
  RunProgress progress;
  progress.plan = plan_.name();
  progress.phase = phase_;
  progress.elapsed_s = std::max(0.0, static_cast<double>(now_ns) / 1e9);
  progress.total_s = static_cast<double>(schedule_.LengthNs()) / 1e9;
  progress.stage = schedule_.StageAt(now_ns);
  progress.users_planned = static_cast<double>(schedule_.UsersAt(now_ns));
  progress.iterations = stats_.Watched(iterations_).counter.Value();
  progress.dropped_iterations = stats_.Watched(dropped_iterations_).counter.Value();
  progress.errors = errors_.total();
  const Histogram& duration = stats_.Watched(http_req_duration_).trend;
  progress.http_p50_ms = duration.Percentile(50);
  progress.http_p95_ms = duration.Percentile(95);
  progress.http_p99_ms = duration.Percentile(99);
  for (size_t i = 0; i < agents_.size(); ++i) {
    const Agent& agent = agents_[i];
    const int index = static_cast<int>(i);
    AgentLine& line = progress.agents.emplace_back();
    line.name = agent.known.name;
    line.state = agent.known.state;
    line.deltas_applied = stats_.Applied(index);
    if (agent.known.lost) continue;  // what it held and did is over
    line.users = stats_.Held(index, "vus");
    line.busiest_cpu = agent.health.last_busiest_cpu();
    line.loop_lag_p99_ms = agent.health.last_loop_lag_p99_ms();
    line.busy = agent.health.busy();
    progress.users_active += line.users;
    progress.ws_active += stats_.Held(index, "ws_open");
    const Rates rates = agent.rates.At(now_ns);
    progress.iterations_per_s += rates.iterations;
    progress.http_reqs_per_s += rates.http_reqs;
    progress.errors_per_s += rates.errors;
    progress.ws_msgs_per_s += rates.ws_msgs;
  }
  progress.thresholds = thresholds_.Outcomes(progress.elapsed_s);
  ConcealSecrets(secrets_, &progress);
  return progress;
}

void Run::Fail(std::string why) { invalid_.Add(std::move(why)); }

void Run::Interrupt(std::string why) {
  if (!interrupted_) interrupted_ = std::move(why);
}

void Run::TeardownFailed(std::string why) { teardown_.Add("teardown failed: " + std::move(why)); }

void Run::AddTargetCount(TargetCount count) { target_counts_.push_back(std::move(count)); }

double Run::MostSamplesPerSecond() const {
  double most = 0;
  for (const Agent& agent : agents_) most = std::max(most, agent.most_samples_per_s);
  return most;
}

std::vector<AgentResult> Run::Agents() const {
  std::vector<AgentResult> results;
  for (size_t i = 0; i < agents_.size(); ++i) {
    AgentResult& result = results.emplace_back(agents_[i].known);
    agents_[i].health.Report(&result);
    result.deltas_applied = stats_.Applied(static_cast<int>(i));
    result.deltas_duplicate = stats_.Duplicates(static_cast<int>(i));
    if (const Loss* loss = coverage_.LossOf(static_cast<int>(i))) {
      result.missing_samples = Coverage::MissingOf(*loss, MostSamplesPerSecond());
      result.missing_seconds = loss->seconds();
    }
  }
  return results;
}

std::vector<std::string> Run::WhyInvalid() const {
  Reasons invalid = invalid_;
  for (size_t i = 0; i < agents_.size(); ++i) {
    const uint64_t applied = stats_.Applied(static_cast<int>(i));
    if (agents_[i].last_sequence <= applied) continue;
    invalid.Add(Missing(applied + 1, agents_[i].last_sequence, agents_[i].known.name));
  }
  return invalid.All();
}

RunResult Run::Finish(const Times& times) const {
  RunResult result;
  result.changes = changes_;
  result.plan = plan_;
  result.plan_hash = PlanHash(plan_);
  result.started_unix_ns = times.started_unix_ns;
  result.setup_seconds = times.setup_seconds;
  result.run_seconds = times.run_seconds;
  result.teardown_seconds = times.teardown_seconds;
  result.start_skew_ms = times.start_skew_ms;
  result.series = stats_.Series();
  const auto known = static_cast<double>(samples_);
  const double missing = coverage_.Missing(MostSamplesPerSecond());
  const double times_known = missing == 0 ? 0 : known == 0 ? 1 : missing / known;
  result.thresholds = thresholds_.Outcomes(times.run_seconds, times_known);
  result.coverage = 1 / (1 + times_known);
  result.checks = ReadChecks(result.series);
  result.agents = Agents();
  result.errors = errors_.Entries();
  result.timeline = timeline_.Points();
  result.target_counts = target_counts_;

  Findings findings;
  findings.interrupted = interrupted_;
  findings.invalid = WhyInvalid();
  findings.aborted = thresholds_.abort_reason();
  findings.teardown = teardown_.All();
  findings.thresholds = result.thresholds;
  findings.agents = result.agents;
  findings.coverage = result.coverage;
  findings.users_stay_away = options_.users_stay_away;
  for (const Agent& agent : agents_) {
    findings.iterations += agent.health.iterations();
    findings.folded_samples += agent.health.other_samples();
  }
  findings.folded_samples += stats_.folded_samples();
  for (const AgentResult& agent : result.agents) findings.samples += agent.samples;
  findings.dropped = stats_.Watched(dropped_iterations_).counter.Value();
  if (plan_.limits().has_dropped_iterations()) {
    findings.dropped_limit = plan_.limits().dropped_iterations();
  }
  findings.script_errors = errors_.script();
  findings.plan_file = plan_.file();
  findings.strict = options_.strict;
  Decision decision = Decide(findings);
  result.verdict = decision.verdict;
  result.exit_code = decision.exit_code;
  result.reasons = std::move(decision.reasons);
  result.unreliable = decision.unreliable;
  result.unreliable_reasons = std::move(decision.unreliable_reasons);
  ConcealSecrets(secrets_, &result);
  return result;
}

void Run::Reasons::Add(std::string why) {
  if (kept.size() < kMaxReasons) {
    kept.push_back(std::move(why));
  } else {
    ++more;
  }
}

std::vector<std::string> Run::Reasons::All() const {
  std::vector<std::string> all = kept;
  if (more > 0) all.push_back("and " + std::to_string(more) + " more reasons");
  return all;
}

}  // namespace rampart::controller
