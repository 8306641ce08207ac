// 1: frames of every form of length, whole messages.
#include "tests/agent/protocol/conformance/conformance_case.h"

namespace rampart::agent {

std::vector<ConformanceCase> FramingCases() {
  std::vector<ConformanceCase> cases;
  const std::vector<size_t> sizes = {0,   1,   2,      124,    125,    126,    127,
                                     128, 255, 65'534, 65'535, 65'536, 65'537, 1'000'000};
  int number = 0;
  for (const size_t size : sizes) {
    ++number;
    const std::string payload(size, '*');
    const std::string shown = size == 0 ? "" : " " + Shown(payload);
    const std::string bytes = std::to_string(size) + " bytes";
    cases.push_back(Right("1.1." + std::to_string(number), "text of " + bytes,
                          ServerFrame(kFin | kText, payload), {"text" + shown}));
    const std::string binary(size, '\xFE');
    const std::string shown_binary = size == 0 ? "" : " " + Shown(binary);
    cases.push_back(Right("1.2." + std::to_string(number), "binary of " + bytes,
                          ServerFrame(kFin | kBinary, binary), {"binary" + shown_binary}));
  }
  // RFC 6455, 5.2: "the minimal number of bytes MUST be used to encode the length".
  using std::string_literals::operator""s;
  cases.push_back(Wrong("1.3.1", "125 bytes, length in 16 bits",
                        "\x82\x7E\x00\x7D"s + std::string(125, '*'), kCloseProtocolError));
  cases.push_back(
      Wrong("1.3.2", "no bytes, length in 16 bits", "\x81\x7E\x00\x00"s, kCloseProtocolError));
  cases.push_back(Wrong("1.3.3", "65535 bytes, length in 64 bits",
                        "\x82\x7F\x00\x00\x00\x00\x00\x00\xFF\xFF"s, kCloseProtocolError));
  cases.push_back(Wrong("1.3.4", "a length with its highest bit",
                        "\x82\x7F\x80\x00\x00\x00\x00\x00\x00\x00"s, kCloseProtocolError));
  cases.push_back(Right(
      "1.4.1", "many in one write",
      WholeText("one") + ServerFrame(kFin | kBinary, "two") + WholeText("") + WholeText("three"),
      {"text one", "binary two", "text", "text three"}));
  return cases;
}

}  // namespace rampart::agent
