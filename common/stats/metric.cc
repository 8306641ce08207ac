#include "common/stats/metric.h"

namespace rampart {

const std::vector<MetricInfo>& BuiltInMetrics() {
  using v1::COUNTER;
  using v1::GAUGE;
  using v1::LAST;
  using v1::RATE;
  using v1::SUM;
  using v1::TREND;
  static const auto& metrics = *new std::vector<MetricInfo>{
      {"http_reqs", COUNTER, "", LAST, true, "HTTP requests that got an answer or failed"},
      {"http_req_duration", TREND, "ms", LAST, true, "sending + waiting + receiving"},
      {"http_req_blocked", TREND, "ms", LAST, true,
       "before the first packet: DNS, a free connection"},
      {"http_req_connecting", TREND, "ms", LAST, true, "TCP connect; 0 on a kept connection"},
      {"http_req_tls_handshaking", TREND, "ms", LAST, true,
       "TLS handshake; 0 on a kept connection"},
      {"http_req_sending", TREND, "ms", LAST, true, "writing the request"},
      {"http_req_waiting", TREND, "ms", LAST, true, "request written until the first byte"},
      {"http_req_receiving", TREND, "ms", LAST, true, "first byte until the last"},
      {"http_req_failed", RATE, "", LAST, true,
       "requests without an answer or with an unexpected status"},
      {"http_req_intended_duration", TREND, "ms", LAST, true,
       "from the instant the request was due until the last byte; arrival rates only"},
      {"ws_sessions", COUNTER, "", LAST, true, "WebSocket connections that were opened"},
      {"ws_connecting", TREND, "ms", LAST, true, "TCP, TLS and WebSocket handshake"},
      {"ws_open", GAUGE, "", SUM, true, "WebSocket connections that are open now"},
      {"ws_session_duration", TREND, "ms", LAST, true, "opened until closed"},
      {"ws_msgs_sent", COUNTER, "", LAST, true, "text and binary messages sent"},
      {"ws_msgs_received", COUNTER, "", LAST, true, "text and binary messages received"},
      {"ws_ping", TREND, "ms", LAST, true, "protocol ping until its pong"},
      {"ws_errors", COUNTER, "", LAST, true, "connections that failed to open or broke"},
      {"graphql_failed", RATE, "", LAST, true,
       "GraphQL operations whose answer had errors, or none"},
      {"graphql_next", COUNTER, "", LAST, true, "results that subscriptions received"},
      {"sse_connecting", TREND, "ms", LAST, true, "TCP, TLS and the response's head"},
      {"sse_sessions", COUNTER, "", LAST, true, "event streams that were opened"},
      {"sse_open", GAUGE, "", SUM, true, "event streams that are open now"},
      {"sse_events", COUNTER, "", LAST, true, "server-sent events received"},
      {"sse_errors", COUNTER, "", LAST, true, "event streams that failed to open or broke"},
      {"socketio_connecting", TREND, "ms", LAST, true,
       "TCP, TLS, WebSocket, Engine.IO and the namespace"},
      {"socketio_events_sent", COUNTER, "", LAST, true, "Socket.IO events emitted"},
      {"socketio_events_received", COUNTER, "", LAST, true, "Socket.IO events received"},
      {"socketio_ack", TREND, "ms", LAST, true, "event sent until its acknowledgement"},
      {"socketio_errors", COUNTER, "", LAST, true,
       "Socket.IO connections that failed or broke, acknowledgements that did not come"},
      {"rendezvous_wait", TREND, "ms", LAST, true, "how long a user waited at a rendezvous"},
      {"rendezvous_timeouts", COUNTER, "", LAST, true, "users that went on alone"},
      {"checks", RATE, "", LAST, true, "checks that held"},
      {"iterations", COUNTER, "", LAST, true, "iterations that were completed"},
      {"iteration_duration", TREND, "ms", LAST, true, "a completed iteration"},
      {"group_duration", TREND, "ms", LAST, true, "one pass through a group of steps"},
      {"dropped_iterations", COUNTER, "", LAST, true, "due, but no idle user or no row was there"},
      {"interrupted_iterations", COUNTER, "", LAST, true,
       "ended by the end of their graceful stop"},
      {"iteration_lateness", TREND, "ms", LAST, true, "due until started; arrival rates only"},
      {"step_errors", COUNTER, "", LAST, true, "expressions that failed and `fail` steps"},
      {"vus", GAUGE, "", SUM, true, "users running now"},
      {"vus_max", GAUGE, "", SUM, true, "users made"},
      {"data_sent", COUNTER, "bytes", LAST, true, "bytes written to connections"},
      {"data_received", COUNTER, "bytes", LAST, true, "bytes read from connections"},
  };
  return metrics;
}

MetricCatalog::MetricCatalog(const v1::Plan& plan) : all_(BuiltInMetrics()) {
  for (const v1::Metric& metric : plan.metrics()) {
    all_.push_back(
        {metric.name(), metric.kind(), metric.unit(), metric.merge(), false, metric.description()});
  }
}

const MetricInfo* MetricCatalog::Find(std::string_view name) const {
  for (const MetricInfo& metric : all_) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

std::string FormatSeries(std::string_view metric, const Tags& tags) {
  std::string text(metric);
  if (tags.empty()) return text;
  char separator = '{';
  for (const auto& [key, value] : tags) {
    text.push_back(separator);
    text.append(key).append(":").append(value);
    separator = ',';
  }
  text.push_back('}');
  return text;
}

}  // namespace rampart
