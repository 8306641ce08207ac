#include "controller/report/summary_json.h"

#include <cstdio>
#include <map>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/stats/metric.h"
#include "controller/report/breakpoint_report.h"
#include "controller/report/json_writer.h"

namespace rampart::controller {
namespace {

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kInvalid:
      return "invalid";
    case Verdict::kAborted:
      return "aborted";
  }
  return "invalid";
}

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass:
      return "pass";
    case Outcome::kFail:
      return "fail";
    case Outcome::kUnknown:
      return "unknown";
    case Outcome::kNoData:
      return "no_data";
  }
  return "no_data";
}

std::string_view KindName(v1::MetricKind kind) {
  switch (kind) {
    case v1::COUNTER:
      return "counter";
    case v1::RATE:
      return "rate";
    case v1::GAUGE:
      return "gauge";
    default:
      return "trend";
  }
}

// null when the plan does not say.
void AddPosition(const v1::Position& at, JsonWriter* json) {
  json->Key("at");
  if (at.line() == 0) return json->Null();
  json->BeginObject();
  json->Member("line", uint64_t{at.line()});
  json->Member("column", uint64_t{at.column()});
  json->EndObject();
}

// Named as in k6.
void AddValues(const SeriesValue& value, double seconds, JsonWriter* json) {
  json->Key("values");
  json->BeginObject();
  switch (value.kind) {
    case v1::COUNTER:
      json->Member("count", value.counter.Value());
      json->Key("rate");
      if (seconds > 0) {
        json->Double(value.counter.Value() / seconds);
      } else {
        json->Null();
      }
      break;
    case v1::RATE:
      json->Member("passes", value.trues);
      json->Member("fails", value.total - value.trues);
      json->Member("rate", static_cast<double>(value.trues) / static_cast<double>(value.total));
      break;
    case v1::GAUGE:
      json->Member("value", value.gauge.value);
      json->Member("min", value.gauge.min);
      json->Member("max", value.gauge.max);
      break;
    default:
      json->Member("avg", value.trend.Mean());
      json->Member("min", value.trend.Min());
      json->Member("med", value.trend.Percentile(50));
      json->Member("max", value.trend.Max());
      json->Member("p(90)", value.trend.Percentile(90));
      json->Member("p(95)", value.trend.Percentile(95));
      json->Member("p(99)", value.trend.Percentile(99));
      json->Member("p(99.9)", value.trend.Percentile(99.9));
      json->Member("count", value.trend.count());
      json->Member("sum", value.trend.Sum());
      break;
  }
  json->EndObject();
}

void AddRun(const RunResult& result, JsonWriter* json) {
  json->Key("plan");
  json->BeginObject();
  json->Member("name", result.plan.name());
  json->Member("description", result.plan.description());
  json->Member("file", result.plan.file());
  char hash[20];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(result.plan_hash));
  json->Member("hash", hash);
  json->EndObject();

  json->Key("times");
  json->BeginObject();
  json->Member("started_unix_ns", result.started_unix_ns);
  json->Member("started",
               absl::FormatTime(absl::RFC3339_sec, absl::FromUnixNanos(result.started_unix_ns),
                                absl::UTCTimeZone()));
  json->Member("setup_seconds", result.setup_seconds);
  json->Member("run_seconds", result.run_seconds);
  json->Member("teardown_seconds", result.teardown_seconds);
  json->Member("start_skew_ms", result.start_skew_ms);
  std::vector<std::string> restarts;
  for (const int64_t at : result.restarts_unix_ns) {
    restarts.push_back(
        absl::FormatTime(absl::RFC3339_sec, absl::FromUnixNanos(at), absl::UTCTimeZone()));
  }
  json->Member("controller_restarts", restarts);
  json->EndObject();

  json->Key("load_changes");
  json->BeginArray();
  for (const LoadChangeNote& change : result.changes) {
    json->BeginObject();
    json->Member("at_s", change.at_s);
    json->Member("what", change.what);
    json->EndObject();
  }
  json->EndArray();
}

void AddThresholds(const RunResult& result, JsonWriter* json) {
  json->Key("thresholds");
  json->BeginArray();
  for (const ThresholdOutcome& threshold : result.thresholds) {
    json->BeginObject();
    json->Member("metric", threshold.metric);
    json->Member("expression", threshold.expression);
    json->Member("outcome", OutcomeName(threshold.outcome));
    json->Key("observed");
    if (threshold.outcome == Outcome::kNoData) {
      json->Null();
    } else {
      json->Double(threshold.observed);
    }
    if (threshold.outcome == Outcome::kUnknown) {
      json->Member("low", threshold.low);
      json->Member("high", threshold.high);
    }
    json->Member("unit", threshold.unit);
    json->Member("aborted_run", threshold.aborted_run);
    AddPosition(threshold.at, json);
    json->EndObject();
  }
  json->EndArray();
}

void AddMetrics(const RunResult& result, JsonWriter* json) {
  const MetricCatalog catalog(result.plan);
  // One pass over what may be thousands of series.
  std::map<std::string_view, std::vector<const SeriesStore::Series*>> by_metric;
  for (const auto& series : result.series.all()) {
    if (!series->value.empty()) by_metric[series->metric].push_back(series.get());
  }
  json->Key("metrics");
  json->BeginObject();
  for (const auto& [name, parts] : by_metric) {
    SeriesValue merged;
    merged.kind = parts.front()->value.kind;
    merged.gauge_merge = parts.front()->value.gauge_merge;
    for (const SeriesStore::Series* part : parts) merged.Merge(part->value);
    const MetricInfo* info = catalog.Find(name);
    json->Key(name);
    json->BeginObject();
    json->Member("kind", KindName(merged.kind));
    json->Member("unit", info == nullptr ? "" : std::string_view(info->unit));
    json->Member("built_in", info != nullptr && info->built_in);
    AddValues(merged, result.run_seconds, json);
    json->Key("series");
    json->BeginArray();
    for (const SeriesStore::Series* part : parts) {
      json->BeginObject();
      json->Key("tags");
      json->BeginObject();
      for (const auto& [key, value] : part->tags) json->Member(key, value);
      json->EndObject();
      AddValues(part->value, result.run_seconds, json);
      json->EndObject();
    }
    json->EndArray();
    json->EndObject();
  }
  json->EndObject();
}

void AddChecks(const RunResult& result, JsonWriter* json) {
  json->Key("checks");
  json->BeginArray();
  for (const CheckResult& check : result.checks) {
    json->BeginObject();
    json->Member("name", check.name);
    json->Member("group", check.group);
    json->Member("passes", check.passes);
    json->Member("fails", check.fails);
    json->EndObject();
  }
  json->EndArray();
}

void AddAgents(const RunResult& result, JsonWriter* json) {
  json->Key("agents");
  json->BeginArray();
  for (const AgentResult& agent : result.agents) {
    json->BeginObject();
    json->Member("name", agent.name);
    json->Member("index", agent.index);
    json->Member("pid", agent.pid);
    json->Member("host", agent.host);
    json->Member("state", agent.state);
    json->Member("lost", agent.lost);
    json->Member("missing_samples", agent.missing_samples);
    json->Member("missing_seconds", agent.missing_seconds);
    json->Member("why", agent.why);
    json->Member("bottleneck", agent.bottleneck);
    json->Member("users_share", agent.users_share);
    json->Member("iterations", agent.iterations);
    json->Member("cpu_seconds", agent.cpu_seconds);
    json->Member("mean_busiest_cpu", agent.mean_busiest_cpu);
    json->Member("peak_busiest_cpu", agent.peak_busiest_cpu);
    json->Member("loop_lag_p99_ms", agent.loop_lag_p99_ms);
    json->Member("loop_lag_max_ms", agent.loop_lag_max_ms);
    json->Member("late_starts", agent.late_starts);
    json->Member("late_start_max_ms", agent.late_start_max_ms);
    json->Member("resident_peak_bytes", agent.resident_peak_bytes);
    json->Member("clock_skew_ms", agent.clock_skew_ms);
    json->Member("deltas_applied", agent.deltas_applied);
    json->Member("deltas_duplicate", agent.deltas_duplicate);
    json->Member("samples", agent.samples);
    json->Member("other_samples", agent.other_samples);
    json->Member("seconds", agent.seconds);
    json->Member("busy_seconds", agent.busy_seconds);
    json->EndObject();
  }
  json->EndArray();
}

void AddErrors(const RunResult& result, JsonWriter* json) {
  json->Key("errors");
  json->BeginArray();
  for (const ErrorEntry& error : result.errors) {
    json->BeginObject();
    json->Member("kind", error.kind);
    json->Member("count", error.count);
    json->Member("step", error.step);
    json->Member("detail", error.detail);
    json->Member("first_seconds", static_cast<double>(error.first_ns) / 1e9);
    json->Member("last_seconds", static_cast<double>(error.last_ns) / 1e9);
    AddPosition(error.at, json);
    json->EndObject();
  }
  json->EndArray();
}

void AddTimeline(const RunResult& result, JsonWriter* json) {
  json->Key("timeline");
  json->BeginArray();
  for (const TimelinePoint& point : result.timeline) {
    json->BeginObject();
    json->Member("t", point.t);
    json->Member("width_s", point.width_s);
    json->Member("users", point.users);
    json->Member("iterations_per_s", point.iterations_per_s);
    json->Member("http_reqs_per_s", point.http_reqs_per_s);
    json->Member("errors_per_s", point.errors_per_s);
    json->Member("http_samples", point.http_samples);
    // Of no samples there are no percentiles.
    const auto percentile = [&](std::string_view key, double ms) {
      json->Key(key);
      if (point.http_samples == 0) return json->Null();
      json->Double(ms);
    };
    percentile("http_p50_ms", point.http_p50_ms);
    percentile("http_p95_ms", point.http_p95_ms);
    percentile("http_p99_ms", point.http_p99_ms);
    json->Member("ws_active", point.ws_active);
    json->Member("ws_msgs_per_s", point.ws_msgs_per_s);
    json->Member("bytes_per_s", point.bytes_per_s);
    json->EndObject();
  }
  json->EndArray();
}

void AddTargetCounts(const RunResult& result, JsonWriter* json) {
  json->Key("target_counts");
  json->BeginArray();
  for (const TargetCount& count : result.target_counts) {
    json->BeginObject();
    json->Member("what", count.what);
    json->Member("ours", count.ours);
    json->Member("theirs", count.theirs);
    json->Member("equal", count.ours == count.theirs);
    json->EndObject();
  }
  json->EndArray();
}

}  // namespace

std::string SummaryJson(const RunResult& result) {
  JsonWriter json;
  json.BeginObject();
  json.Member("schema", kSummarySchema);
  json.Member("rampart_version", result.rampart_version);
  json.Member("verdict", VerdictName(result.verdict));
  json.Member("exit_code", static_cast<int>(result.exit_code));
  json.Member("coverage", result.coverage);
  json.Member("reasons", result.reasons);
  json.Member("unreliable", result.unreliable);
  json.Member("unreliable_reasons", result.unreliable_reasons);
  AddRun(result, &json);
  AddThresholds(result, &json);
  AddChecks(result, &json);
  AddMetrics(result, &json);
  AddAgents(result, &json);
  AddErrors(result, &json);
  AddTimeline(result, &json);
  AddTargetCounts(result, &json);
  if (result.breakpoint) AddBreakpoint(*result.breakpoint, &json);
  json.EndObject();
  return json.Take();
}

}  // namespace rampart::controller
