// Streams of events, cut anywhere; an event that is written again is the same.
#include "agent/protocol/sse_parser.h"
#include "tests/fuzz/fuzz_target.h"

namespace rampart {
namespace {

using agent::SseParser;

struct Event {
  std::string name;
  std::string data;
  std::string id;

  bool operator==(const Event&) const = default;
};

std::vector<Event> Parse(const std::vector<std::string_view>& pieces) {
  SseParser parser;
  std::vector<Event> events;
  for (std::string_view piece : pieces) {
    for (;;) {
      const SseParser::Step step = parser.Feed(&piece);
      FUZZ_CHECK(step != SseParser::Step::kFailed);  // no input is that long
      if (step == SseParser::Step::kMore) break;
      events.push_back(
          {std::string(parser.event()), std::string(parser.data()), std::string(parser.id())});
      for (const std::string& text : {events.back().name, events.back().id}) {
        FUZZ_CHECK(text.find_first_of("\r\n") == std::string::npos);
      }
      FUZZ_CHECK(events.back().data.find('\r') == std::string::npos);
    }
    FUZZ_CHECK(piece.empty());
  }
  return events;
}

std::string Written(const Event& event) {
  std::string out = "event: " + event.name + "\nid: " + event.id + "\n";
  for (size_t at = 0; at <= event.data.size();) {
    const size_t end = std::min(event.data.find('\n', at), event.data.size());
    out += "data: " + event.data.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return out + "\n";
}

}  // namespace

void FuzzSse(std::string_view input) {
  const CutInput cut(input);
  const std::vector<Event> events = SameHoweverCut(cut, Parse);
  std::string again;
  for (const Event& event : events) again += Written(event);
  FUZZ_CHECK(Parse({again}) == events);
}

}  // namespace rampart
