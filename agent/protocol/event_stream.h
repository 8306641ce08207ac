// EventStream: one open stream of server-sent events, over HTTP/1.1.
#ifndef RAMPART_AGENT_PROTOCOL_EVENT_STREAM_H_
#define RAMPART_AGENT_PROTOCOL_EVENT_STREAM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/engine/failure.h"
#include "agent/engine/task.h"
#include "agent/engine/transport.h"
#include "agent/protocol/cookie_jar.h"
#include "agent/protocol/http_response.h"
#include "agent/protocol/sse_parser.h"
#include "agent/protocol/url.h"

namespace rampart::agent {

// Owned by the coroutine of its user and used by it alone. It has a connection of its own, that
// ends with it, and owns no read buffer: it keeps what is unfinished, or read and not delivered
// yet. It does not connect again by itself, and follows no redirect.
class EventStream {
 public:
  // Reads without a wait before other users of the thread get their turn.
  static constexpr int kMaxReadsInARow = 16;

  explicit EventStream(Connector& connector) : connector_(connector) {}
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  // Connects, asks, and reads the answer's head. kSse when that is none of an event stream.
  // `headers` are complete lines with CRLF; nothing that they name is added. `url` and `headers`
  // must stay until the end.
  Task<std::optional<Failure>> Open(const Url& url, std::string_view headers,
                                    const CookieJar& cookies, int64_t deadline_ns,
                                    Interrupt* interrupt);

  enum class Event : uint8_t {
    kEvent,  // parser() has it until the next call
    kEnded,  // by the server, in order
    kFailed,
    kDeadline,     // the stream goes on
    kInterrupted,  // the stream goes on
  };
  // The next thing that happens. An interrupt, then a deadline that has passed, come before what
  // has arrived. kEnded and kFailed are said again by every later call.
  Task<Event> Next(int64_t deadline_ns, Interrupt* interrupt);

  const SseParser& event() const { return parser_; }
  // Status and head of the answer, also of one that is no event stream.
  const HttpResponse& response() const { return response_; }
  const Failure& failure() const { return failure_; }  // after kFailed
  uint64_t bytes_sent() const { return bytes_sent_; }
  uint64_t bytes_received() const { return bytes_received_; }

 private:
  // Takes what has come into the response. kBlocked when that was nothing.
  Transport::Step Read();
  std::optional<Failure> CheckHead() const;
  void Fail(Failure failure);

  Connector& connector_;
  std::unique_ptr<Transport> transport_;
  HttpResponseParser http_;
  HttpResponse response_;  // its body is what no event was made of yet, from body_at_ on
  size_t body_at_ = 0;
  SseParser parser_;
  HttpResponseParser::State state_ = HttpResponseParser::State::kMore;
  int reads_in_a_row_ = 0;
  uint64_t bytes_sent_ = 0;
  uint64_t bytes_received_ = 0;
  Failure failure_{ErrorKind::kSystem, ""};
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_EVENT_STREAM_H_
