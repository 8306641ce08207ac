// What a run came to, and how it stands while it goes: plain values that reports read.
#ifndef RAMPART_CONTROLLER_RUN_RESULT_H_
#define RAMPART_CONTROLLER_RUN_RESULT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/stats/series.h"
#include "common/stats/threshold.h"
#include "controller/run/exit_code.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

enum class Verdict {
  kPass,
  kFail,     // a threshold failed or had no data
  kInvalid,  // what was measured is not the whole run: an agent was lost, setup failed
  kAborted,  // somebody interrupted it
};

// One condition of one threshold.
struct ThresholdOutcome {
  std::string metric;      // the selector as written: `http_req_duration{name:send}`
  std::string expression;  // as written: `p(95)<200`
  Outcome outcome = Outcome::kNoData;
  double observed = 0;  // in `unit`; meaningless without data
  std::string unit;     // of `observed`: "ms", "/s" for a counter's rate, empty for plain numbers
  v1::Position at;
  bool aborted_run = false;  // by abort_on_fail
  // What would be observed if nothing was missing lies between these.
  double low = 0;
  double high = 0;
};

struct CheckResult {
  std::string name;
  std::string group;  // empty outside of groups
  uint64_t passes = 0;
  uint64_t fails = 0;
};

struct AgentResult {
  std::string name;
  int index = 0;    // into the assignment's weights
  int64_t pid = 0;  // 0: not started by this controller
  std::string host;
  std::string state;            // for people: `running`, `drained`, `lost`
  double users_share = 0;       // of all users, 0..1
  double cpu_seconds = 0;       // of the process
  double mean_busiest_cpu = 0;  // share of one core of the busiest engine thread, 0..1,
  double peak_busiest_cpu = 0;  // over the seconds of the load
  double loop_lag_p99_ms = 0;   // the worst p99 of a second
  double loop_lag_max_ms = 0;
  uint64_t late_starts = 0;  // iterations started over 10 ms after they were due
  double late_start_max_ms = 0;
  uint64_t iterations = 0;  // started: completed and interrupted
  uint64_t resident_peak_bytes = 0;
  double clock_skew_ms = 0;  // of the estimated clock offset
  uint64_t deltas_applied = 0;
  uint64_t deltas_duplicate = 0;
  uint64_t samples = 0;        // of trends and rates
  uint64_t other_samples = 0;  // over the limit of series
  uint64_t seconds = 0;        // of the load that it reported on
  uint64_t busy_seconds = 0;   // of these with a thread's CPU or a loop lag over the limit
  bool lost = false;
  double missing_samples = 0;           // that it may have measured before it was lost
  double missing_seconds = 0;           // over which
  std::string why;                      // it was lost or could not run
  std::vector<std::string> bottleneck;  // why it was one; empty when it was none
};

// Equal errors.
struct ErrorEntry {
  std::string kind;  // a stable class: `connection_refused`
  std::string detail;
  std::string step;
  v1::Position at;
  uint64_t count = 0;
  int64_t first_ns = 0;  // on the run's clock
  int64_t last_ns = 0;
};

// `width_s` seconds of the run, 1 unless the run is long. Rates are per second.
struct TimelinePoint {
  double t = 0;  // seconds since the start, at the point's begin
  double width_s = 1;
  double users = 0;
  double iterations_per_s = 0;
  double http_reqs_per_s = 0;
  double errors_per_s = 0;
  uint64_t http_samples = 0;  // that the percentiles rest on
  double http_p50_ms = 0;     // of http_req_duration
  double http_p95_ms = 0;
  double http_p99_ms = 0;
  double ws_active = 0;
  double ws_msgs_per_s = 0;  // sent and received
  double bytes_per_s = 0;    // sent and received
};

// Our count of something beside the target's own.
struct TargetCount {
  std::string what;
  uint64_t ours = 0;
  uint64_t theirs = 0;
};

// One look at one rate in the search for the breakpoint.
struct BreakpointProbe {
  bool ramp = false;             // a window of the ramp, else a run of its own
  double rate = 0;               // iterations a second that were due, all scenarios
  double completed = 0;          // a second
  double dropped = 0;            // share of those due
  bool data = true;              // else a threshold had none: says nothing
  bool held = false;             // every threshold, without doubts
  std::string broke_first = {};  // in words; when not held
  bool generator = false;        // an agent was the bottleneck
};

// What the profile `breakpoint` came to.
struct BreakpointResult {
  double rate = 0;                      // the highest that held; 0: none did
  std::optional<double> broke_at;       // the lowest that broke
  std::string broke_first;              // there
  bool confirmed = false;               // each of the two was seen twice
  std::vector<std::string> notes;       // what is to be known about the answer
  std::vector<BreakpointProbe> probes;  // the ramp's windows, then the runs in their order
};

// The load went on differently than the plan says, because somebody asked for it.
struct LoadChangeNote {
  double at_s = 0;  // since the start
  std::string what;
};

struct RunResult {
  Verdict verdict = Verdict::kInvalid;
  std::vector<std::string> reasons;
  bool unreliable = false;
  std::vector<std::string> unreliable_reasons;
  ExitCode exit_code = ExitCode::kInternal;

  v1::Plan plan;  // as it was run: resolved
  uint64_t plan_hash = 0;
  std::string rampart_version;
  int64_t started_unix_ns = 0;  // a label only
  double setup_seconds = 0;
  double run_seconds = 0;
  double teardown_seconds = 0;
  double coverage = 1;       // share of what was measured that is known: less when agents were lost
  double start_skew_ms = 0;  // between the agents' starts, as far as their clocks are known
  std::vector<int64_t> restarts_unix_ns;  // of the controller, in the middle of the run
  std::vector<LoadChangeNote> changes;

  SeriesStore series;
  std::vector<ThresholdOutcome> thresholds;
  std::vector<CheckResult> checks;
  std::vector<AgentResult> agents;
  std::vector<ErrorEntry> errors;  // the most frequent first
  std::vector<TimelinePoint> timeline;
  std::vector<TargetCount> target_counts;
  // Then all else is of the run that says it best: the last at the highest rate that held.
  std::optional<BreakpointResult> breakpoint;
};

// One agent in the live view.
struct AgentLine {
  std::string name;
  std::string state;
  double users = 0;
  double busiest_cpu = 0;  // of its last second, 0..1
  double loop_lag_p99_ms = 0;
  uint64_t deltas_applied = 0;
  bool busy = false;  // over a limit in its last second
};

// How the run stands.
struct RunProgress {
  std::string phase;  // `setup`, `running`, ...
  double elapsed_s = 0;
  double total_s = 0;
  std::string stage;  // `ramp: stage 2 of 7, 1,000 -> 3,000 users`
  double users_planned = 0;
  double users_active = 0;
  double iterations = 0;
  double iterations_per_s = 0;
  double http_reqs_per_s = 0;
  double errors_per_s = 0;
  uint64_t errors = 0;
  double dropped_iterations = 0;
  double http_p50_ms = 0;  // of http_req_duration since the start
  double http_p95_ms = 0;
  double http_p99_ms = 0;
  double ws_active = 0;
  double ws_msgs_per_s = 0;
  std::vector<AgentLine> agents;
  std::vector<ThresholdOutcome> thresholds;
  std::string plan;  // its name
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_RESULT_H_
