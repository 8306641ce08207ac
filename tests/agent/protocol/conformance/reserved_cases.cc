// 3: reserved bits. 4: reserved opcodes. Both are known by a frame's first byte.
#include "tests/agent/protocol/conformance/conformance_case.h"

namespace rampart::agent {

std::vector<ConformanceCase> ReservedCases() {
  std::vector<ConformanceCase> cases;
  const std::string good = WholeText("good");
  const std::vector<unsigned char> opcodes = {kText, kBinary, kClose, kPing, kPong};
  for (unsigned char bits = 1; bits < 8; ++bits) {
    for (const unsigned char opcode : opcodes) {
      const auto first = static_cast<unsigned char>(kFin | bits << 4 | opcode);
      const std::string number = "3." + std::to_string(bits) + "." + std::to_string(opcode);
      cases.push_back(Wrong(number, "reserved bits", good + ServerFrame(first, "bad") + good,
                            kCloseProtocolError, {"text good"}));
    }
    cases.push_back(Wrong(
        "3." + std::to_string(bits) + ".0", "reserved bits of a continuation",
        ServerFrame(kText, "go") + ServerFrame(static_cast<unsigned char>(kFin | bits << 4), "od"),
        kCloseProtocolError));
  }
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    const auto first = static_cast<unsigned char>(kFin | opcode);
    const std::string number = "4." + std::to_string(opcode);
    cases.push_back(Wrong(number + ".1", "reserved opcode without a payload",
                          ServerFrame(first, ""), kCloseProtocolError));
    cases.push_back(Wrong(number + ".2", "reserved opcode with a payload",
                          good + ServerFrame(first, "reserved payload") + good, kCloseProtocolError,
                          {"text good"}));
    cases.push_back(Wrong(number + ".3", "first byte alone",
                          std::string(1, static_cast<char>(first)), kCloseProtocolError));
    cases.push_back(Wrong(
        number + ".4", "inside of a message",
        ServerFrame(kText, "go") + ServerFrame(first, "") + ServerFrame(kFin | kContinuation, "od"),
        kCloseProtocolError));
  }
  return cases;
}

}  // namespace rampart::agent
