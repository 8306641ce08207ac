// A run with known numbers, for tests of everything that shows a run.
#ifndef RAMPART_TESTS_CONTROLLER_REPORT_SAMPLE_RUN_H_
#define RAMPART_TESTS_CONTROLLER_REPORT_SAMPLE_RUN_H_

#include <string>
#include <utility>

#include "common/stats/metric.h"
#include "controller/run/result.h"

namespace rampart::controller {

class SampleRun {
 public:
  RunResult result;

  SeriesValue& Series(const std::string& metric, const Tags& tags = {}) {
    const MetricCatalog catalog(result.plan);
    return result.series.Get(*catalog.Find(metric), tags).value;
  }
  void Count(const std::string& metric, double n, const Tags& tags = {}) {
    SeriesValue& value = Series(metric, tags);
    value.counter.Add(n);
    value.total = 1;
  }
  void Rate(const std::string& metric, uint64_t trues, uint64_t total, const Tags& tags = {}) {
    SeriesValue& value = Series(metric, tags);
    value.trues += trues;
    value.total += total;
  }
  void Gauge(const std::string& metric, double low, double high, double last) {
    SeriesValue& value = Series(metric);
    value.gauge.Set(low, 1);
    value.gauge.Set(high, 2);
    value.gauge.Set(last, 3);
  }
  // `n` samples, evenly from `from` to `to`.
  void Trend(const std::string& metric, double from, double to, int n, const Tags& tags = {}) {
    SeriesValue& value = Series(metric, tags);
    for (int i = 0; i < n; ++i) value.trend.Record(from + (to - from) * i / (n - 1));
  }
  void AddMetric(const std::string& name, v1::MetricKind kind, const std::string& unit) {
    v1::Metric* metric = result.plan.add_metrics();
    metric->set_name(name);
    metric->set_kind(kind);
    metric->set_unit(unit);
  }
};

inline ThresholdOutcome MakeThreshold(std::string metric, std::string expression, Outcome outcome,
                                      double observed, std::string unit) {
  ThresholdOutcome threshold;
  threshold.metric = std::move(metric);
  threshold.expression = std::move(expression);
  threshold.outcome = outcome;
  threshold.observed = observed;
  threshold.unit = std::move(unit);
  threshold.at.set_line(40);
  threshold.at.set_column(7);
  return threshold;
}

inline AgentResult MakeAgent(int index, double share) {
  AgentResult agent;
  agent.name = "agent-" + std::to_string(index + 1);
  agent.index = index;
  agent.pid = 4200 + index;
  agent.state = "drained";
  agent.users_share = share;
  agent.mean_busiest_cpu = 0.41;
  agent.peak_busiest_cpu = 0.78;
  agent.loop_lag_p99_ms = 0.312;
  agent.iterations = 61'023;
  agent.resident_peak_bytes = 142'300'000;
  agent.clock_skew_ms = 0.021;
  agent.seconds = 114;
  return agent;
}

// 4 agents, HTTP and WebSocket, one threshold failed, one agent a bottleneck.
inline SampleRun MakeSampleRun() {
  SampleRun run;
  RunResult& result = run.result;
  result.verdict = Verdict::kFail;
  result.reasons = {"2 of 5 thresholds failed"};
  result.unreliable = true;
  result.unreliable_reasons = {
      "agent-2 was a bottleneck: its busiest thread used more than 90 % of a core in 14 of 114 s"};
  result.exit_code = ExitCode::kThresholdsFailed;
  result.plan.set_name("scalability");
  result.plan.set_file("plans/scalability.yaml");
  result.plan_hash = 0xfedcba9876543210;
  result.rampart_version = "0.1.0";
  result.started_unix_ns = 1'700'000'000'000'000'000;
  result.setup_seconds = 1.234;
  result.run_seconds = 114;
  result.teardown_seconds = 0.045;
  result.start_skew_ms = 0.42;

  run.AddMetric("message_latency", v1::TREND, "ms");
  run.AddMetric("delivery_rate", v1::RATE, "");
  run.AddMetric("queue_depth", v1::TREND, "items");
  run.AddMetric("cache_size", v1::GAUGE, "bytes");
  run.AddMetric("never_sampled", v1::COUNTER, "");
  run.Trend("message_latency", 0.845, 1230, 10'000);
  run.Rate("delivery_rate", 9'998, 10'000);
  run.Trend("queue_depth", 1, 20'000, 1'000);
  run.Gauge("cache_size", 512, 2'345'678, 1'234'567);

  const std::pair<const char*, int> requests[] = {{"signin", 10'000},
                                                  {"browse_channel_messages", 60'000},
                                                  {"send_message", 20'000},
                                                  {"GET http://127.0.0.1:3000/api/channels/1", 99}};
  for (const auto& [name, n] : requests) {
    const Tags tags = {{"method", "POST"}, {"name", name}, {"status", "200"}};
    run.Trend("http_req_duration", 0.5, n / 100.0, n, tags);
    run.Count("http_reqs", n, tags);
    run.Rate("http_req_failed", std::string(name) == "signin" ? 12 : 0, static_cast<uint64_t>(n),
             tags);
  }
  run.Trend("http_req_waiting", 0.4, 500, 10'000);
  run.Trend("http_req_connecting", 0, 2.5, 1'000);
  run.Trend("http_req_tls_handshaking", 0, 0, 1'000);
  run.Count("ws_sessions", 12'345);
  run.Count("ws_msgs_sent", 1'234'567);
  run.Count("ws_msgs_received", 2'345'678);
  run.Gauge("ws_open", 0, 9'876, 0);
  run.Trend("ws_connecting", 0.3, 12, 12'345);
  run.Trend("ws_session_duration", 30'000, 60'000, 12'345);
  run.Count("iterations", 244'092);
  run.Count("dropped_iterations", 1'234);
  run.Trend("iteration_duration", 900, 64'000, 10'000);
  run.Trend("group_duration", 10, 20, 100, {{"group", "checkout"}});
  run.Gauge("vus", 0, 10'000, 0);
  run.Gauge("vus_max", 10'000, 10'000, 10'000);
  run.Count("data_sent", 123'456'789);
  run.Count("data_received", 4'567'890'123);

  result.thresholds = {
      MakeThreshold("http_req_duration", "p(95)<200", Outcome::kFail, 200.04, "ms"),
      MakeThreshold("http_req_duration{name:send_message}", "p(99)<1500", Outcome::kPass, 845.2,
                    "ms"),
      MakeThreshold("delivery_rate", "rate>0.99", Outcome::kPass, 0.9998, ""),
      MakeThreshold("ws_ping", "p(95)<100", Outcome::kNoData, 0, "ms"),
      MakeThreshold("http_reqs", "rate>500", Outcome::kPass, 790.34, "/s")};
  result.checks = {{"status is 200 or 201", "", 89'988, 0},
                   {"response has message id", "checkout", 19'995, 0},
                   {"message persisted", "checkout", 1'995, 5}};
  for (int i = 0; i < 4; ++i) result.agents.push_back(MakeAgent(i, 0.25));
  result.agents[1].mean_busiest_cpu = 0.88;
  result.agents[1].peak_busiest_cpu = 0.99;
  result.agents[1].loop_lag_p99_ms = 31.2;
  result.agents[1].late_starts = 1'204;
  result.agents[1].bottleneck = {"its busiest thread used more than 90 % of a core in 14 of 114 s"};

  ErrorEntry refused{.kind = "connection_refused",
                     .detail = "connect to 127.0.0.1:3000: Connection refused",
                     .step = "signin",
                     .at = {},
                     .count = 1'200,
                     .first_ns = 61'200'000'000,
                     .last_ns = 65'900'000'000};
  refused.at.set_line(12);
  refused.at.set_column(5);
  ErrorEntry timeout{.kind = "timeout",
                     .detail = "no answer within 60 s",
                     .step = "browse_channel_messages",
                     .at = {},
                     .count = 34,
                     .first_ns = 70'000'000'000,
                     .last_ns = 70'100'000'000};
  timeout.at.set_line(31);
  timeout.at.set_column(9);
  result.errors = {refused, timeout};
  TimelinePoint point;
  point.users = 10;
  result.timeline = {point};
  result.target_counts = {{"HTTP requests", 90'099, 90'099},
                          {"WebSocket connections", 12'345, 12'345},
                          {"messages stored", 20'000, 19'997}};
  return run;
}

}  // namespace rampart::controller

#endif  // RAMPART_TESTS_CONTROLLER_REPORT_SAMPLE_RUN_H_
