// Our WebSocket client against every conformance case, whole and chopped.
#include <gtest/gtest.h>

#include "tests/agent/protocol/conformance/conformance_server.h"

namespace rampart::agent {
namespace {

using Event = Websocket::Event;
using Lines = std::vector<std::string>;

std::string Line(std::string word, std::string_view payload) {
  if (!payload.empty()) word += " " + Shown(payload);
  return word;
}

// Answers every message with itself until the connection is over.
Task<> Echo(Connector& connector, std::string url, Lines* events) {
  Opened opened;
  co_await Open(connector, url, {}, Seconds(10), &opened);
  if (!opened.websocket) {
    events->push_back("not open: " + opened.failure.detail);
    co_return;
  }
  Websocket& websocket = *opened.websocket;
  for (bool over = false; !over;) {
    switch (co_await websocket.Next(Seconds(5), nullptr)) {
      case Event::kMessage: {
        events->push_back(Line(websocket.binary() ? "binary" : "text", websocket.message()));
        const std::string message(websocket.message());
        if (auto failure = websocket.Send(message, websocket.binary())) {
          events->push_back("cannot send: " + failure->detail);
        }
        break;
      }
      case Event::kPong:
        events->push_back(Line("pong", websocket.pong_payload()));
        break;
      case Event::kClosed:
        events->push_back(
            Line("closed " + std::to_string(websocket.close_code()), websocket.close_reason()));
        over = true;
        break;
      case Event::kFailed:
        events->push_back("failed " + std::string(ErrorKindName(websocket.failure().kind)));
        over = true;
        break;
      case Event::kDeadline:
      case Event::kInterrupted:
        events->push_back("waits for more");
        over = true;
        break;
    }
  }
  co_await websocket.Close(kCloseNormal, "", Seconds(10), nullptr);
}

void RunCases(const std::vector<ConformanceCase>& cases) {
  for (const Cut cut : {Cut::kWhole, Cut::kChopped}) {
    std::vector<Lines> seen;
    std::vector<Lines> events(cases.size());
    {
      LoopbackServer server(static_cast<int>(cases.size()), [&](BoostTcp::socket& socket) {
        seen.push_back(ServeCase(cases[seen.size()], cut, socket));
      });
      RunUsers({[&](Connector& connector) -> Task<> {
        for (Lines& of_case : events) co_await Echo(connector, server.Url(), &of_case);
      }});
    }
    for (size_t i = 0; i < cases.size(); ++i) {
      SCOPED_TRACE("case " + cases[i].number + ", " + cases[i].name +
                   (cut == Cut::kWhole ? ", at once" : ", chopped"));
      EXPECT_EQ(events[i], cases[i].events);
      EXPECT_EQ(seen[i], cases[i].seen);
    }
  }
}

TEST(WebsocketConformance, Framing) { RunCases(FramingCases()); }
TEST(WebsocketConformance, PingsAndPongs) { RunCases(ControlCases()); }
TEST(WebsocketConformance, ReservedBitsAndOpcodes) { RunCases(ReservedCases()); }
TEST(WebsocketConformance, Fragmentation) { RunCases(FragmentCases()); }
TEST(WebsocketConformance, TextIsUtf8) { RunCases(TextCases()); }
TEST(WebsocketConformance, Closing) { RunCases(CloseCases()); }
TEST(WebsocketConformance, ServersDoNotMask) { RunCases(MaskCases()); }
TEST(WebsocketConformance, Limits) { RunCases(LimitCases()); }

TEST(WebsocketConformance, Handshakes) {
  const std::vector<HandshakeCase> cases = HandshakeCases();
  for (const Cut cut : {Cut::kWhole, Cut::kChopped}) {
    Lines came_to;
    {
      LoopbackServer server(static_cast<int>(cases.size()),
                            [&, next = size_t{0}](BoostTcp::socket& socket) mutable {
                              ServeHandshake(cases[next++], cut, socket);
                            });
      RunUsers({[&](Connector& connector) -> Task<> {
        for (size_t i = 0; i < cases.size(); ++i) {
          Opened opened;
          co_await Open(connector, server.Url(),
                        {.headers = "", .subprotocols = "chat.v1, chat.v2"}, Seconds(10), &opened);
          if (opened.websocket) {
            came_to.push_back("open " + std::string(opened.websocket->subprotocol()));
          } else {
            came_to.push_back(std::string(ErrorKindName(opened.failure.kind)) + ": " +
                              opened.failure.detail);
          }
        }
      }});
    }
    for (size_t i = 0; i < cases.size(); ++i) {
      SCOPED_TRACE("case " + cases[i].number + ", " + cases[i].name +
                   (cut == Cut::kWhole ? ", at once" : ", chopped"));
      EXPECT_TRUE(came_to[i].starts_with(cases[i].comes_to)) << came_to[i];
      EXPECT_EQ(came_to[i].starts_with("open "), cases[i].comes_to.starts_with("open "));
    }
  }
}

// Numbers are what a person looks a case up by.
TEST(WebsocketConformance, EveryCaseHasItsOwnNumber) {
  std::vector<std::string> numbers;
  for (const auto& chapter : {FramingCases(), ControlCases(), ReservedCases(), FragmentCases(),
                              TextCases(), CloseCases(), MaskCases(), LimitCases()}) {
    for (const ConformanceCase& one : chapter) numbers.push_back(one.number);
  }
  for (const HandshakeCase& one : HandshakeCases()) numbers.push_back(one.number);
  EXPECT_GT(numbers.size(), 300u);
  std::sort(numbers.begin(), numbers.end());
  EXPECT_EQ(std::adjacent_find(numbers.begin(), numbers.end()), numbers.end());
}

}  // namespace
}  // namespace rampart::agent
