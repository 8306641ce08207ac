// 9: messages up to the client's limit, and over it.
#include "tests/agent/protocol/conformance/conformance_case.h"

namespace rampart::agent {

std::vector<ConformanceCase> LimitCases() {
  using std::string_literals::operator""s;
  constexpr size_t kMost = Websocket::kMaxMessageBytes;
  const std::string most(kMost, '*');
  const std::string half(kMost / 2, '*');
  // The heads alone: nobody waits for what they announce.
  const std::string one_over = "\x82\x7F\x00\x00\x00\x00\x01\x00\x00\x01"s;
  const std::string huge = "\x82\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s;
  const std::string many(4 * 1024 * 1024, '*');
  return {
      Right("9.1", "the longest message", ServerFrame(kFin | kBinary, most),
            {"binary " + Shown(most)}),
      Right("9.2", "the longest message in two frames",
            ServerFrame(kText, half) + ServerFrame(kFin | kContinuation, half),
            {"text " + Shown(most)}),
      Wrong("9.3", "one byte over it", one_over, kCloseTooLarge),
      Wrong("9.4", "nearly 2^63 bytes", huge, kCloseTooLarge),
      Wrong("9.5", "two frames, together over it",
            ServerFrame(kBinary, half) + "\x80\x7F\x00\x00\x00\x00\x00\x80\x00\x01"s,
            kCloseTooLarge),
      Wrong("9.6", "over it behind a message", WholeText("good") + one_over, kCloseTooLarge,
            {"text good"}),
      // The answer to the first message is more than a socket takes at once.
      Wrong("9.7", "a violation while an answer is under way",
            ServerFrame(kFin | kBinary, many) + "\x83"s, kCloseProtocolError,
            {"binary " + Shown(many)}),
      Wrong("9.8", "a message over it while an answer is under way",
            ServerFrame(kFin | kBinary, many) + one_over, kCloseTooLarge,
            {"binary " + Shown(many)}),
  };
}

}  // namespace rampart::agent
