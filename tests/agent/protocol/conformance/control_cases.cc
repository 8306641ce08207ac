// 2: pings and pongs.
#include "tests/agent/protocol/conformance/conformance_case.h"

namespace rampart::agent {

std::vector<ConformanceCase> ControlCases() {
  const auto ping = [](const std::string& payload) { return ServerFrame(kFin | kPing, payload); };
  const auto pong = [](const std::string& payload) { return ServerFrame(kFin | kPong, payload); };
  const std::string binary("\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF", 8);
  const std::string most(125, '\xFE');
  std::vector<ConformanceCase> cases = {
      Right("2.1", "ping without a payload", ping(""), {}, {"pong"}),
      Right("2.2", "ping with text", ping("Hello, world!"), {}, {"pong Hello, world!"}),
      Right("2.3", "ping with bytes that are no text", ping(binary), {}, {"pong " + binary}),
      Right("2.4", "ping with 125 bytes", ping(most), {}, {"pong " + Shown(most)}),
      Wrong("2.5", "ping with 126 bytes", ping(std::string(126, '*')), kCloseProtocolError),
      Wrong("2.6", "ping with a length of 64 bits", "\x89\x7F", kCloseProtocolError),
      Right("2.7", "unsolicited pong without a payload", pong(""), {"pong"}, {}),
      Right("2.8", "unsolicited pong with a payload", pong("nobody asked"), {"pong nobody asked"},
            {}),
      Right("2.9", "unsolicited pong, then a ping", pong("nobody asked") + ping("are you there?"),
            {"pong nobody asked"}, {"pong are you there?"}),
      Wrong("2.10", "pong with 126 bytes", pong(std::string(126, '*')), kCloseProtocolError),
      Right("2.12", "ping between messages", WholeText("one") + ping("p") + WholeText("two"),
            {"text one", "text two"}, {"text one", "pong p", "text two"}),
  };
  // Each has its own answer, in their order.
  std::string pings;
  std::vector<std::string> pongs;
  for (int i = 0; i < 10; ++i) {
    pings += ping("payload-" + std::to_string(i));
    pongs.push_back("pong payload-" + std::to_string(i));
  }
  cases.push_back(Right("2.11", "ten pings at once", pings, {}, pongs));
  return cases;
}

}  // namespace rampart::agent
