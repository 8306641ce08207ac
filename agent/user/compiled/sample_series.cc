#include "agent/user/compiled/sample_series.h"

#include <algorithm>

namespace rampart::agent {

void SetTag(std::string_view key, std::string_view value, Tags* tags) {
  const auto at =
      std::lower_bound(tags->begin(), tags->end(), key,
                       [](const auto& tag, std::string_view wanted) { return tag.first < wanted; });
  if (at != tags->end() && at->first == key) {
    at->second = value;
  } else {
    tags->insert(at, {std::string(key), std::string(value)});
  }
}

HttpSeries MakeHttpSeries(const Tags& tags, Recorder& recorder) {
  const auto find = [&](const char* metric) { return recorder.Find(metric, tags); };
  return {find("http_reqs"),
          find("http_req_duration"),
          find("http_req_blocked"),
          find("http_req_connecting"),
          find("http_req_tls_handshaking"),
          find("http_req_sending"),
          find("http_req_waiting"),
          find("http_req_receiving"),
          find("http_req_failed"),
          find("http_req_intended_duration")};
}

WebsocketSeries MakeWebsocketSeries(const Tags& tags, Recorder& recorder) {
  const auto find = [&](const char* metric) { return recorder.Find(metric, tags); };
  return {
      find("ws_connecting"), find("ws_sessions"),      find("ws_open"), find("ws_session_duration"),
      find("ws_msgs_sent"),  find("ws_msgs_received"), find("ws_ping"), find("ws_errors")};
}

SseSeries MakeSseSeries(const Tags& tags, Recorder& recorder) {
  const auto find = [&](const char* metric) { return recorder.Find(metric, tags); };
  return {find("sse_connecting"), find("sse_sessions"), find("sse_open"), find("sse_events"),
          find("sse_errors")};
}

SocketioSeries MakeSocketioSeries(const Tags& tags, Recorder& recorder) {
  const auto find = [&](const char* metric) { return recorder.Find(metric, tags); };
  return {find("socketio_connecting"), find("socketio_events_sent"),
          find("socketio_events_received"), find("socketio_ack"), find("socketio_errors")};
}

}  // namespace rampart::agent
