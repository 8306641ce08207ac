// 7: closing by the server.
#include "tests/agent/protocol/conformance/conformance_case.h"

namespace rampart::agent {

std::vector<ConformanceCase> CloseCases() {
  const auto closing = [](std::string number, std::string name, std::string bytes, int code,
                          std::string reason = "", std::vector<std::string> before = {}) {
    std::vector<std::string> events = before;
    events.push_back("closed " + std::to_string(code) + (reason.empty() ? "" : " " + reason));
    // A Close frame without a code is answered by one without.
    before.push_back(code == kCloseNoCode ? "close" : "close " + std::to_string(code));
    return ConformanceCase{std::move(number), std::move(name), std::move(bytes), std::move(events),
                           std::move(before)};
  };
  const std::string ping = ServerFrame(kFin | kPing, "late");
  const std::string longest(123, '*');
  std::vector<ConformanceCase> cases = {
      closing("7.1.1", "behind a message", WholeText("hello") + CloseFrame(1000), 1000, "",
              {"text hello"}),
      closing("7.1.2", "twice", CloseFrame(1000) + CloseFrame(1000), 1000),
      closing("7.1.3", "a ping behind it", CloseFrame(1000) + ping, 1000),
      closing("7.1.4", "a message behind it", CloseFrame(1000) + WholeText("late"), 1000),
      closing(
          "7.1.5", "inside of a fragmented message",
          ServerFrame(kText, "frag") + CloseFrame(1000) + ServerFrame(kFin | kContinuation, "ment"),
          1000),
      closing("7.1.6", "what is forbidden behind it", CloseFrame(1000) + "\xFF\xFF\xFF", 1000),
      closing("7.1.7", "256 KiB behind it", CloseFrame(1000) + WholeText(std::string(262'144, '*')),
              1000),
      closing("7.3.1", "without a payload", ServerFrame(kFin | kClose, ""), kCloseNoCode),
      Wrong("7.3.2", "one byte", ServerFrame(kFin | kClose, "\x03"), kCloseProtocolError),
      closing("7.3.3", "a code alone", CloseFrame(1000), 1000),
      closing("7.3.4", "a reason", CloseFrame(1000, "Hello, world!"), 1000, "Hello, world!"),
      closing("7.3.5", "the longest reason", CloseFrame(1000, longest), 1000, Shown(longest)),
      Wrong("7.3.6", "126 bytes", CloseFrame(1000, std::string(124, '*')), kCloseProtocolError),
      closing("7.3.7", "a reason beyond ASCII", CloseFrame(1000, "\xE2\x82\xAC"), 1000,
              "\xE2\x82\xAC"),
      Wrong("7.5.1", "a reason that is not UTF-8", CloseFrame(1000, "\xCE\xBA\xED\xA0\x80"),
            kCloseInvalidText),
      Wrong("7.5.2", "a reason that ends within a character", CloseFrame(1000, "ok\xE2\x82"),
            kCloseInvalidText),
      Wrong("7.5.3", "a bad code and a bad reason", CloseFrame(999, "\xFF"), kCloseProtocolError),
  };
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                         3000, 3999, 4000, 4999}) {
    const std::string number = "7.7." + std::to_string(code);
    cases.push_back(closing(number, "a code that may be sent", CloseFrame(code), code));
    cases.push_back(closing(number + "r", "with a reason", CloseFrame(code, "why"), code, "why"));
  }
  for (const int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65'535}) {
    cases.push_back(Wrong("7.9." + std::to_string(code), "a code that may not be sent",
                          CloseFrame(code), kCloseProtocolError));
    cases.push_back(Wrong("7.9." + std::to_string(code) + "r", "with a reason",
                          CloseFrame(code, "why"), kCloseProtocolError));
  }
  return cases;
}

std::vector<ConformanceCase> MaskCases() {
  // RFC 6455, 5.1: "A client MUST close a connection if it detects a masked frame."
  using std::string_literals::operator""s;
  return {
      Wrong("8.1", "a masked text", WholeText("good") + "\x81\x85maskhello"s, kCloseProtocolError,
            {"text good"}),
      Wrong("8.2", "a masked ping", "\x89\x81mask\x00"s, kCloseProtocolError),
      Wrong("8.3", "a masked Close", "\x88\x82maskmask"s, kCloseProtocolError),
      Wrong("8.4", "a mask of zeros", "\x81\x82\x00\x00\x00\x00hi"s, kCloseProtocolError),
      Wrong("8.5", "the mask bit alone", "\x82\x80"s, kCloseProtocolError),
      Wrong("8.6", "a masked continuation", ServerFrame(kText, "fr") + "\x80\x82mask__"s,
            kCloseProtocolError),
  };
}

}  // namespace rampart::agent
