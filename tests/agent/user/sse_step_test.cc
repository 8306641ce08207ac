// The `sse` step, against Node's HTTP server and against servers that break off or lie.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/plan/load_plan.h"
#include "tests/agent/protocol/loopback.h"
#include "tests/agent/user/http_plan.h"
#include "tests/support/engine_runner.h"
#include "tests/support/peer.h"

namespace rampart::agent {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string PeerPlan(const Peer& peer, const std::string& steps) {
  return Plan("http://" + peer.host(), "base_url: \"${API}\"", steps);
}

constexpr char kHead[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

// One connection that is answered with `answer` and then closed, in order or by a reset.
std::unique_ptr<EngineRunner> Against(const std::string& answer, const std::string& step,
                                      bool reset = false) {
  LoopbackServer server(1, [&](BoostTcp::socket& socket) {
    ReadHead(socket);
    boost::system::error_code error;
    boost::asio::write(socket, boost::asio::buffer(answer), error);
    if (reset) socket.set_option(boost::asio::socket_base::linger(true, 0));
  });
  auto runner = std::make_unique<EngineRunner>(
      Plan(server.Url("", "http"), "base_url: \"${API}\"",
           "      - sse: " + step + "\n      - record: { share: 1 }\n"));
  runner->Run();
  EXPECT_EQ(runner->Value("share").trues, 1u);  // whatever happened, the iteration goes on
  EXPECT_EQ(runner->Value("sse_open").gauge.value, 0);
  return runner;
}

TEST(SseStep, EventsOfARealServerAreHandledInOrderUntilItEnds) {
  Peer peer(PEERS_DIR, "sse");
  EngineRunner runner(PeerPlan(peer, R"(
      - set: { n: "0" }
      - sse:
          name: few
          url: /few
          tags: { run: "r${iteration}" }
          checks: { open: connected and ok and status == 200 and connecting_ms > 0 }
          record: { value: connecting_ms }
          on_event:
            - set: { n: n + 1 }
            - check:
                first: n ~= 1 or (event == "message" and event_id == "7" and json.n == 1 and json.of == 3)
                second: n ~= 2 or (event == "plain" and event_id == "7" and message == "two" and json == nil)
                third: n ~= 3 or (event_id == "8" and message == '{"n":' .. ' 3}')
            - record: { seen: 1 }
      - check: { over: n == 3 and event == nil and event_id == nil and message == nil }
      - sse: { url: /echo, on_event: [ { check: { cookie: 'json.cookie == "stream=1"', asked: 'json.accept == "text/event-stream"' } } ] }
      - set: { path: '"/echo"' }
      - sse: { url: "${path}", on_event: [ { check: { relative: json ~= nil } } ] }
)"));
  runner.Run();
  EXPECT_TRUE(runner.errors().empty());
  EXPECT_EQ(runner.Count("seen"), 3);
  for (const char* check : {"first", "second", "third"}) {
    EXPECT_EQ(runner.Value("checks", {{"check", check}}).trues, 3u) << check;
  }
  for (const char* check : {"open", "over", "cookie", "asked", "relative"}) {
    EXPECT_EQ(runner.Value("checks", {{"check", check}}).trues, 1u) << check;
  }
  const Tags tags = {{"name", "few"}, {"run", "r0"}, {"scenario", "one"}};
  EXPECT_EQ(runner.Count("sse_sessions", tags), 1);
  EXPECT_EQ(runner.Count("sse_events", tags), 3);
  EXPECT_EQ(runner.Value("sse_connecting", tags).trend.count(), 1u);
  EXPECT_EQ(runner.Count("sse_errors"), 0);
  EXPECT_EQ(runner.Value("sse_open").gauge.value, 0);
  EXPECT_GT(runner.Count("data_received"), 100);
}

TEST(SseStep, AHoldOrACloseEndsAStreamThatNeverEnds) {
  Peer peer(PEERS_DIR, "sse");
  EngineRunner runner(PeerPlan(peer, R"(
      - sse: { name: held, url: /ticks, hold: 100ms }
      - set: { n: "0" }
      - sse:
          name: closed
          url: /ticks
          on_event:
            - set: { n: n + 1 }
            - http: { get: /plain, checks: { answered: status == 200 and message == nil } }
            - check: { same event: event == "tick" and event_id == message and message == tostring(math.tointeger(n)) }
            - when: n == 3
              steps: [ close: 1000 ]
      - record: { seen: n }
)"));
  runner.Run();
  EXPECT_TRUE(runner.errors().empty());
  EXPECT_GT(runner.Count("sse_events", {{"name", "held"}}), 0);
  EXPECT_EQ(runner.Count("sse_events", {{"name", "closed"}}), 3);
  EXPECT_EQ(runner.Value("checks", {{"check", "answered"}}).trues, 3u);
  EXPECT_EQ(runner.Value("checks", {{"check", "same event"}}).trues, 3u);
  EXPECT_EQ(runner.Count("seen"), 3);
}

TEST(SseStep, AnAnswerThatIsNoEventStreamIsSaid) {
  Peer peer(PEERS_DIR, "sse");
  EngineRunner runner(PeerPlan(peer, R"(
      - repeat: { times: 2, as: i }
        steps:
          - sse:
              url: "/${i == 1 and 'plain' or 'missing'}"
              checks: { never: ok, said: 'error == "sse" and not connected and status == (i == 1 and 200 or 404)' }
              record: { value: connecting_ms }
              on_event: [ { record: { seen: 1 } } ]
      - sse: { name: late, url: /never, timeout: 50ms, checks: { too late: error == "timeout" and status == 0 } }
      - sse: { name: bad, url: "ws://127.0.0.1/" }
      - sse: { name: broken, url: /break, on_event: [ { record: { seen: 1 } } ] }
)"));
  runner.Run();
  EXPECT_EQ(runner.ErrorsOf("sse"), 2u);
  EXPECT_EQ(runner.ErrorsOf("timeout"), 1u);
  EXPECT_EQ(runner.ErrorsOf("bad_url"), 1u);
  EXPECT_EQ(runner.ErrorsOf("connection_closed") + runner.ErrorsOf("connection_reset"), 1u);
  EXPECT_EQ(runner.Count("sse_errors"), 5);
  EXPECT_EQ(runner.Count("sse_sessions"), 1);
  EXPECT_EQ(runner.Count("seen"), 1);  // what came before the break counts
  EXPECT_EQ(runner.Value("checks", {{"check", "said"}}).trues, 2u);
  EXPECT_EQ(runner.Value("checks", {{"check", "never"}}).trues, 0u);
  EXPECT_EQ(runner.Value("checks", {{"check", "too late"}}).trues, 1u);
  EXPECT_EQ(runner.Value("value").trend.count(), 2u);
}

TEST(SseStep, ABodyMayBeChunkedOrHaveALengthOrEndWithItsConnection) {
  const std::string on_event = "on_event: [ { record: { seen: tonumber(message) } } ] }";
  const std::string events = "data: 1\n\ndata: 20\n\n";
  const std::string bodies[] = {
      "Transfer-Encoding: chunked\r\n\r\n3\r\ndat\r\n10;x=y\r\na: 1\n\ndata: 20\n\n\r\n0\r\n\r\n",
      "Content-Length: 19\r\n\r\n" + events,
      "Content-Type-Is: text/event-stream\r\n\r\n" + events,
  };
  for (const std::string& body : bodies) {
    const auto runner = Against(kHead + body, "{ url: /, " + on_event);
    EXPECT_EQ(runner->Count("seen"), 21) << body;
    EXPECT_TRUE(runner->errors().empty()) << body;
  }
  const auto interim =
      Against("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + std::string(kHead) + "\r\n" + events,
              "{ url: /, " + on_event);
  EXPECT_EQ(interim->Count("seen"), 21);
}

TEST(SseStep, AServerThatLiesOrBreaksOffCostsAnErrorAndNothingElse) {
  const std::string step = "{ url: /, on_event: [ { record: { seen: 1 } } ] }";
  const auto cut = Against(std::string(kHead) + "Content-Length: 1000\r\n\r\ndata: 1\n\n", step);
  EXPECT_EQ(cut->ErrorsOf("connection_closed"), 1u);
  EXPECT_EQ(cut->Count("seen"), 1);

  const auto chunk = Against(
      std::string(kHead) + "Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\nzz\r\n", step);
  EXPECT_EQ(chunk->ErrorsOf("bad_response"), 1u);
  EXPECT_EQ(chunk->Count("seen"), 1);
  EXPECT_EQ(chunk->Count("sse_errors"), 1);

  const auto endless = Against(
      std::string(kHead) + "\r\ndata: 1\n\ndata: " + std::string(17 * 1024 * 1024, 'x'), step);
  EXPECT_EQ(endless->ErrorsOf("message_too_large"), 1u);
  EXPECT_EQ(endless->Count("seen"), 1);

  const auto compressed =
      Against(std::string(kHead) + "Content-Encoding: gzip\r\n\r\n\x1f\x8b", step);
  EXPECT_EQ(compressed->ErrorsOf("sse"), 1u);

  const auto huge = Against(std::string(kHead) + "Content-Length: 99999999999\r\n\r\ndata: 1\n\n",
                            "{ url: /, on_event: [ { record: { seen: 1 } }, { close: 1000 } ] }");
  EXPECT_TRUE(huge->errors().empty());
  EXPECT_EQ(huge->Count("seen"), 1);

  const auto silent = Against("", step);
  EXPECT_EQ(silent->ErrorsOf("connection_closed"), 1u);
  const auto garbage = Against("SSH-2.0-OpenSSH\r\n\r\n", step);
  EXPECT_EQ(garbage->ErrorsOf("bad_response"), 1u);
}

TEST(SseStep, TheEndOfTheLoadEndsAStreamThatHasNothingToSay) {
  LoopbackServer server(1, [](BoostTcp::socket& socket) {
    ReadHead(socket);
    boost::system::error_code error;
    boost::asio::write(socket, boost::asio::buffer(std::string(kHead) + "\r\n"), error);
    ReadToEnd(socket);
  });
  EngineRunner runner(
      "name: test\nscenarios:\n  one:\n    load: { constant_users: { users: 1, duration: 100ms } "
      "}\n"
      "    graceful_stop: 0s\n    steps: [ { sse: { url: \"" +
      server.Url("/", "http") + "\" } } ]\n");
  runner.Run();
  server.Served(1);
  EXPECT_TRUE(runner.errors().empty());
  EXPECT_EQ(runner.Count("sse_sessions"), 1);
  EXPECT_EQ(runner.Value("sse_open").gauge.value, 0);
  EXPECT_EQ(runner.Count("interrupted_iterations"), 1);
}

TEST(SseStep, OneSessionAtATimeIsAFaultOfThePlan) {
  const auto faults = [](const std::string& steps) {
    return LoadPlan(Plan("http://h", "", steps), "p.yaml", {}).FaultText();
  };
  EXPECT_THAT(faults("      - sse: { url: /, on_event: [ { sse: { url: / } } ] }\n"),
              HasSubstr("inside of another"));
  EXPECT_THAT(faults("      - sse: { url: /, on_event: [ { send: x } ] }\n"),
              HasSubstr("`send` works inside a `websocket` only"));
  EXPECT_THAT(faults("      - close: 1000\n"), HasSubstr("`close` works inside"));
  EXPECT_THAT(faults("      - sse: { url: /, on_event: [ { close: 1000 } ] }\n"),
              Not(HasSubstr("p.yaml")));
}

}  // namespace
}  // namespace rampart::agent
