// 5: fragmented messages, and what may stand between their frames.
#include "tests/agent/protocol/conformance/conformance_case.h"

namespace rampart::agent {

std::vector<ConformanceCase> FragmentCases() {
  const auto text = [](const std::string& payload) { return ServerFrame(kText, payload); };
  const auto more = [](const std::string& payload) { return ServerFrame(kContinuation, payload); };
  const auto last = [](const std::string& payload) {
    return ServerFrame(kFin | kContinuation, payload);
  };
  const auto ping = [](const std::string& payload) { return ServerFrame(kFin | kPing, payload); };
  const auto pong = [](const std::string& payload) { return ServerFrame(kFin | kPong, payload); };
  std::vector<ConformanceCase> cases = {
      Wrong("5.1", "ping in two fragments", ServerFrame(kPing, "pi") + last("ng"),
            kCloseProtocolError),
      Wrong("5.2", "pong in two fragments", ServerFrame(kPong, "po") + last("ng"),
            kCloseProtocolError),
      Right("5.3", "text in two fragments", text("frag") + last("ments"), {"text fragments"}),
      Right("5.4", "binary in two fragments", ServerFrame(kBinary, "frag") + last("ments"),
            {"binary fragments"}),
      Right("5.5", "text in five", text("f") + more("r") + more("a") + more("g") + last("!"),
            {"text frag!"}),
      Right("5.6", "ping between two fragments", text("frag") + ping("p") + last("ments"),
            {"text fragments"}, {"pong p", "text fragments"}),
      Right("5.7", "pong between two fragments", text("frag") + pong("p") + last("ments"),
            {"pong p", "text fragments"}, {"text fragments"}),
      Right("5.8", "pings between all fragments",
            text("a") + ping("1") + more("b") + ping("2") + more("c") + ping("3") + last("d"),
            {"text abcd"}, {"pong 1", "pong 2", "pong 3", "text abcd"}),
      Wrong("5.9", "continuation of nothing, the last", last("bad") + WholeText("good"),
            kCloseProtocolError),
      Wrong("5.10", "continuation of nothing, with more to come", more("bad") + WholeText("good"),
            kCloseProtocolError),
      Wrong("5.11", "continuation of a whole message", WholeText("good") + last("bad"),
            kCloseProtocolError, {"text good"}),
      Wrong("5.12", "continuation of a message that has ended",
            text("go") + last("od") + last("bad"), kCloseProtocolError, {"text good"}),
      Wrong("5.13", "continuation of nothing, its first byte", std::string(1, '\x80'),
            kCloseProtocolError),
      Wrong("5.14", "text inside of a message", text("frag") + WholeText("new") + last("ments"),
            kCloseProtocolError),
      Wrong("5.15", "binary inside of a message",
            text("frag") + ServerFrame(kFin | kBinary, "new") + last("ments"), kCloseProtocolError),
      Wrong("5.16", "fragmented text inside of a message", text("frag") + text("new"),
            kCloseProtocolError),
      Wrong("5.17", "text inside of a message, its first byte",
            text("frag") + std::string(1, '\x81'), kCloseProtocolError),
      Right("5.18", "empty fragments", text("") + more("") + last(""), {"text"}),
      Right("5.19", "empty fragments around one", text("") + more("middle") + last(""),
            {"text middle"}),
      Right(
          "5.20", "two messages in turn, with pings",
          text("one") + ping("1") + last("!") + ServerFrame(kBinary, "two") + ping("2") + last("!"),
          {"text one!", "binary two!"}, {"pong 1", "text one!", "pong 2", "binary two!"}),
      Wrong("5.21", "Close in two fragments", ServerFrame(kClose, "\x03\xE8") + last(""),
            kCloseProtocolError),
  };
  // 64 KiB in frames of these sizes.
  int number = 0;
  for (const size_t bytes : {64, 125, 126, 1024, 4096, 65'535}) {
    constexpr size_t kAll = 65'536;
    std::string frames = ServerFrame(kBinary, std::string(bytes, '*'));
    for (size_t sent = bytes; sent < kAll; sent += bytes) {
      const bool end = sent + bytes >= kAll;
      frames += ServerFrame(end ? kFin | kContinuation : kContinuation,
                            std::string(std::min(bytes, kAll - sent), '*'));
    }
    cases.push_back(Right("5.22." + std::to_string(++number),
                          "65536 bytes in frames of " + std::to_string(bytes), frames,
                          {"binary 65536 x *"}));
  }
  return cases;
}

}  // namespace rampart::agent
