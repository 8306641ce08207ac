// The series that one exchange records into, numbered together.
#ifndef RAMPART_AGENT_USER_COMPILED_SAMPLE_SERIES_H_
#define RAMPART_AGENT_USER_COMPILED_SAMPLE_SERIES_H_

#include <string_view>

#include "agent/stats/recorder.h"
#include "common/stats/metric.h"

namespace rampart::agent {

struct HttpSeries {
  SeriesId reqs, duration, blocked, connecting, tls, sending, waiting, receiving, failed, intended;
};

struct WebsocketSeries {
  SeriesId connecting, sessions, open, duration, sent, received, ping, errors;
};

struct SseSeries {
  SeriesId connecting, sessions, open, events, errors;
};

struct SocketioSeries {
  SeriesId connecting, sent, received, ack, errors;
};

// `tags` with one more, in their order; a later value replaces an earlier one.
void SetTag(std::string_view key, std::string_view value, Tags* tags);
HttpSeries MakeHttpSeries(const Tags& tags, Recorder& recorder);
WebsocketSeries MakeWebsocketSeries(const Tags& tags, Recorder& recorder);
SseSeries MakeSseSeries(const Tags& tags, Recorder& recorder);
SocketioSeries MakeSocketioSeries(const Tags& tags, Recorder& recorder);

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_COMPILED_SAMPLE_SERIES_H_
