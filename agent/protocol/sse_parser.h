// SseParser: takes a text/event-stream apart (WHATWG HTML, 9.2.6), whatever pieces it comes in.
#ifndef RAMPART_AGENT_PROTOCOL_SSE_PARSER_H_
#define RAMPART_AGENT_PROTOCOL_SSE_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/engine/failure.h"

namespace rampart::agent {

// Pure. Lines end with CR, LF or CRLF; a byte order mark, comments, `retry` and fields that nobody
// knows are passed over; what is unfinished at the end is no event.
class SseParser {
 public:
  // What one event may have in it: its lines so far, its name and the last id.
  static constexpr size_t kMaxEventBytes = 16 * 1024 * 1024;

  enum class Step : uint8_t {
    kMore,    // all of `bytes` was taken
    kEvent,   // event(), data() and id() are its, until the next Feed
    kFailed,  // failure(); nothing may be fed any more
  };

  // Takes from the front of `bytes` up to the end of the next event.
  Step Feed(std::string_view* bytes);

  std::string_view event() const { return event_.empty() ? "message" : std::string_view(event_); }
  std::string_view data() const { return data_; }
  std::string_view id() const { return id_; }  // of this event or the last that had one
  const Failure& failure() const { return failure_; }

 private:
  // True when it ends an event.
  bool TakeLine(std::string_view line);
  void Forget();

  std::string line_;  // that is not complete yet
  std::string event_;
  std::string data_;
  std::string id_;
  bool first_line_ = true;
  bool after_cr_ = false;
  bool has_data_ = false;
  bool delivered_ = false;
  Failure failure_{ErrorKind::kMessageTooLarge, ""};
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_SSE_PARSER_H_
