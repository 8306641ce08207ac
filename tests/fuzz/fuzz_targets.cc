#include <algorithm>

#include "tests/fuzz/fuzz_target.h"

namespace rampart {

// Of the whole tree; a fuzzer has its own only (fuzz_main.cc).
const std::vector<FuzzTarget>& FuzzTargets() {
  static const std::vector<FuzzTarget>& targets = *new std::vector<FuzzTarget>{
      {"cookies", FuzzCookies},
      {"csv", FuzzCsv},
      {"delta", FuzzDelta},
      {"http_response", FuzzHttpResponse},
      {"journal", FuzzJournal},
      {"plan", FuzzPlan},
      {"script", FuzzScript},
      {"socketio", FuzzSocketio},
      {"sse", FuzzSse},
      {"url", FuzzUrl},
      {"websocket_frames", FuzzWebsocketFrames},
      {"websocket_handshake", FuzzWebsocketHandshake},
  };
  return targets;
}

}  // namespace rampart
