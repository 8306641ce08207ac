#include "controller/commands/breakpoint.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/load/breakpoint_search.h"
#include "common/load/share.h"
#include "common/plan/profile.h"
#include "common/plan/secrets.h"
#include "controller/commands/plan_run.h"
#include "controller/plans/whole_plan.h"
#include "controller/run/number_text.h"
#include "controller/run/ramp_windows.h"
#include "controller/run/threshold_table.h"

namespace rampart::controller {
namespace {

constexpr int64_t kPartOfRamp = 10;
// An agent that is too slow is told from one with a hiccup by a few busy seconds.
constexpr int64_t kShortestProbeNs = 5'000'000'000;
// Iterations that take at most so much longer than at a rate that held are none that a target has
// slowed down.
constexpr double kAsFast = 1.25;

double CountOf(const RunResult& result, const char* metric) {
  const auto value = result.series.Aggregate(metric);
  return value ? value->counter.Value() : 0;
}

double IterationMs(const RunResult& result) {
  const auto value = result.series.Aggregate("iteration_duration");
  return value && !value->empty() ? value->trend.Mean() : 0;
}

bool Generator(const RunResult& result) {
  return std::any_of(result.agents.begin(), result.agents.end(),
                     [](const AgentResult& agent) { return !agent.bottleneck.empty(); });
}

BreakpointProbe ProbeOf(const RunResult& result, double rate, int64_t length_ns) {
  const double seconds = static_cast<double>(length_ns) / 1e9;
  BreakpointProbe probe{.rate = rate};
  probe.completed = CountOf(result, "iterations") / seconds;
  probe.dropped = std::min(1.0, CountOf(result, "dropped_iterations") / (rate * seconds));
  probe.generator = Generator(result);
  probe.held = result.verdict == Verdict::kPass && !result.unreliable;
  for (const ThresholdOutcome& threshold : result.thresholds) {
    if (threshold.outcome == Outcome::kPass || !probe.broke_first.empty()) continue;
    probe.broke_first = ThresholdWords(threshold);
  }
  if (!probe.held && probe.broke_first.empty()) {
    const auto& why = result.unreliable ? result.unreliable_reasons : result.reasons;
    probe.broke_first = why.empty() ? "it did not pass" : why.front();
  }
  return probe;
}

class Search {
 public:
  Search(const RunFlags& flags, const std::string& wanted, RampWindows windows, Secrets secrets,
         Terminal& terminal)
      : flags_(flags),
        wanted_(wanted),
        windows_(std::move(windows)),
        secrets_(std::move(secrets)),
        terminal_(terminal) {}

  absl::StatusOr<RunResult> Go() {
    if (absl::Status status = Ramp(); !status.ok()) return status;
    std::optional<BreakpointSearch> search;
    std::vector<RateOutcome> outcomes;
    for (const BreakpointProbe& probe : answer_.probes) {
      if (probe.data) outcomes.push_back({probe.rate, probe.held, probe.broke_first});
    }
    if (!outcomes.empty()) {
      absl::StatusOr<BreakpointSearch> made = BreakpointSearch::Make(outcomes);
      if (!made.ok()) return absl::InternalError(made.status().message());
      search = *made;
    } else if (!Over()) {
      over_ = Verdict::kInvalid;
      why_over_ = "no window of the ramp had data for the thresholds: is it long enough?";
    }
    while (search && !Over()) {
      const std::optional<double> rate = search->Next();
      if (!rate) break;
      if (absl::Status status = Probe(*rate, &*search); !status.ok()) return status;
    }
    return Result(search ? search->Answer() : Breakpoint{});
  }

 private:
  bool Over() const { return over_.has_value(); }

  void EndIfNotARun(const RunResult& result) {
    if (result.verdict != Verdict::kAborted && result.verdict != Verdict::kInvalid) return;
    over_ = result.verdict;
    why_over_ = result.reasons.empty() ? "" : result.reasons.front();
  }

  absl::Status Ramp() {
    terminal_.Line("breakpoint: first the ramp, to see about where it breaks");
    int64_t until_ns = windows_.ramp_ns();
    RunHooks hooks;
    hooks.on_delta = [&](int agent, const v1::Delta& delta) { windows_.Add(agent, delta); };
    hooks.ask_stop = [&](int64_t now_ns) -> std::optional<std::string> {
      std::optional<std::string> broken = windows_.ClearlyBroken(now_ns);
      if (broken) until_ns = now_ns - RampWindows::kSettleNs;
      return broken;
    };
    absl::StatusOr<RunResult> ramp = RunPlan(flags_, wanted_, hooks, terminal_);
    if (!ramp.ok()) return ramp.status();
    EndIfNotARun(*ramp);
    // What was cut short has no say.
    until_ns = std::min(until_ns, static_cast<int64_t>(ramp->run_seconds * 1e9));
    answer_.probes = windows_.Probes(until_ns);
    for (BreakpointProbe& probe : answer_.probes) {
      probe.broke_first = secrets_.Conceal(std::move(probe.broke_first));
    }
    ramp_ = *std::move(ramp);
    return absl::OkStatus();
  }

  absl::Status Probe(double rate, BreakpointSearch* search) {
    const int64_t length_ns = std::max(windows_.ramp_ns() / kPartOfRamp, kShortestProbeNs);
    const Breakpoint known = search->Answer();
    std::string words = "breakpoint: run " + std::to_string(known.runs + 1) + ", " +
                        NumberText(rate) + "/s for " +
                        NumberText(static_cast<double>(length_ns) / 1e9) + " s (";
    words += known.rate > 0 ? NumberText(known.rate) + "/s held" : "nothing held yet";
    if (known.broke_at) words += ", " + NumberText(*known.broke_at) + "/s broke";
    terminal_.Line(words + ")");
    RunHooks hooks;
    hooks.shape = [&](v1::Plan* plan) {
      HoldRate(rate, length_ns, plan);
      most_users_ = 0;
      for (const v1::Scenario& scenario : plan->scenarios()) {
        if (scenario.load().has_constant_arrival_rate()) most_users_ += MostUsers(scenario.load());
      }
    };
    absl::StatusOr<RunResult> run = RunPlan(flags_, wanted_, hooks, terminal_);
    if (!run.ok()) return run.status();
    EndIfNotARun(*run);
    if (Over()) return absl::OkStatus();
    const BreakpointProbe probe = ProbeOf(*run, rate, length_ns);
    terminal_.Line("breakpoint: " + NumberText(rate) + "/s " +
                   (probe.held ? "held" : "broke: " + probe.broke_first));
    if (absl::Status status = search->Add({rate, probe.held, probe.broke_first}); !status.ok()) {
      return absl::InternalError(status.message());
    }
    answer_.probes.push_back(probe);
    (probe.held ? held_ : broke_).insert_or_assign(rate, *std::move(run));
    return absl::OkStatus();
  }

  // Whose fault it may have been that `found` broke.
  std::vector<std::string> Suspects(const Breakpoint& found) const {
    std::vector<std::string> notes;
    if (!found.broke_at) return notes;
    const auto broke = broke_.find(*found.broke_at);
    int looks = 0;
    int busy = 0;
    double dropped = 0;
    for (const BreakpointProbe& probe : answer_.probes) {
      if (probe.rate != *found.broke_at || probe.held) continue;
      ++looks;
      busy += probe.generator ? 1 : 0;
      dropped = probe.dropped;
    }
    if (broke != broke_.end() && Generator(broke->second)) {
      for (const AgentResult& agent : broke->second.agents) {
        for (const std::string& why : agent.bottleneck) {
          notes.push_back("the limit is the load generator's, not the target's: agent " +
                          agent.name + ": " + why);
        }
      }
      return notes;
    }
    if (busy > 0) {
      notes.push_back("the load generator was busy in " + std::to_string(busy) + " of " +
                      std::to_string(looks) + " looks at it: the limit may be its own");
      return notes;
    }
    const auto held = held_.find(found.rate);
    if (broke == broke_.end() || held == held_.end() || dropped <= 0) return notes;
    const double now_ms = IterationMs(broke->second);
    if (now_ms < IterationMs(held->second) * kAsFast) {
      notes.push_back("the plan's " + NumberText(static_cast<double>(most_users_)) +
                      " users ran out, the target was as fast as before: an iteration took " +
                      NumberText(now_ms) + " ms");
    }
    return notes;
  }

  // The run that says it best.
  RunResult Best(const Breakpoint& found) {
    const auto held = held_.find(found.rate);
    if (held != held_.end()) return std::move(held->second);
    if (found.rate == 0 && found.broke_at && broke_.contains(*found.broke_at)) {
      return std::move(broke_.at(*found.broke_at));
    }
    return std::move(ramp_);
  }

  RunResult Result(const Breakpoint& found) {
    answer_.rate = found.rate;
    answer_.broke_at = found.broke_at;
    answer_.broke_first = found.broke_first;
    answer_.confirmed = found.confirmed && !Over();
    answer_.notes = Suspects(found);
    if (!found.broke_at && found.rate > 0) {
      answer_.notes.push_back("nothing broke up to the end of the ramp: the limit is higher");
    }
    if (!answer_.confirmed && !Over()) {
      answer_.notes.push_back("the runs disagree: after " + std::to_string(found.runs) +
                              " the answer is still not sure");
    }
    const bool only_ramp = found.rate > 0 && !held_.contains(found.rate);
    RunResult result = Best(found);
    if (Over()) {
      result.verdict = *over_;
      result.exit_code =
          *over_ == Verdict::kAborted ? ExitCode::kInterrupted : ExitCode::kUnreliable;
      result.reasons = {"the search ended early: " + why_over_};
    } else if (found.rate > 0) {
      result.verdict = Verdict::kPass;
      result.exit_code = ExitCode::kPass;
      if (only_ramp) result.reasons = {"only the ramp was at the rate that held"};
    } else {
      result.verdict = Verdict::kFail;
      result.exit_code = ExitCode::kThresholdsFailed;
      result.reasons.insert(result.reasons.begin(), "even the lowest rate broke");
    }
    result.breakpoint = std::move(answer_);
    return result;
  }

  const RunFlags& flags_;
  const std::string& wanted_;
  RampWindows windows_;
  const Secrets secrets_;
  Terminal& terminal_;
  BreakpointResult answer_;
  std::optional<Verdict> over_;  // what ended the search before its answer
  std::string why_over_;
  RunResult ramp_;
  std::map<double, RunResult> held_;  // the last at each rate
  std::map<double, RunResult> broke_;
  int64_t most_users_ = 0;
};

}  // namespace

absl::StatusOr<RunResult> RunBreakpoint(const RunFlags& flags, const std::string& wanted,
                                        Terminal& terminal) {
  if (flags.external_agents) {
    return absl::InvalidArgumentError(
        "--profile breakpoint is many runs, each with agents that are started anew: it cannot be "
        "had with --external-agents");
  }
  const absl::StatusOr<PlanOptions> options = PlanOptionsOf(flags);
  if (!options.ok()) return options.status();
  const absl::StatusOr<WholePlan> whole = LoadWholePlan(wanted, *options);
  if (!whole.ok()) return whole.status();
  absl::StatusOr<RampWindows> windows = RampWindows::Make(whole->plan);
  if (!windows.ok()) return absl::InvalidArgumentError(windows.status().message());
  return Search(flags, wanted, *std::move(windows), Secrets(whole->plan, flags.secret_values),
                terminal)
      .Go();
}

}  // namespace rampart::controller
