// The `websocket` step: against a Beast server for what one connection does, and against the chat
// server, whose own counts must be ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <string>

#include "tests/agent/protocol/loopback.h"
#include "tests/support/chat_server.h"
#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

namespace beast = boost::beast;
using testing::HasSubstr;
using BeastSocket = beast::websocket::stream<BoostTcp::socket&>;

std::string Plan(const std::string& url, const std::string& steps, int users = 1) {
  return "name: test\nparams: { URL: \"" + url +
         "\" }\nmetrics:\n  seen: { kind: counter }\n  value: { kind: trend }\n"
         "scenarios:\n  one:\n    load: { iterations_per_user: { users: " +
         std::to_string(users) + ", iterations: 1 } }\n    graceful_stop: 0s\n    steps:\n" + steps;
}

// What a server that answers every message with itself saw of one connection.
struct Seen {
  std::vector<std::string> messages;
  uint16_t close_code = 0;
  std::string close_reason;
};

std::function<void(BoostTcp::socket&)> Echo(Seen* seen) {
  return [seen](BoostTcp::socket& socket) {
    BeastSocket stream(socket);
    boost::system::error_code error;
    stream.accept(error);
    for (;;) {
      beast::flat_buffer buffer;
      stream.read(buffer, error);
      if (error) break;
      seen->messages.push_back(beast::buffers_to_string(buffer.data()));
      stream.text(stream.got_text());
      stream.write(buffer.data(), error);
    }
    seen->close_code = stream.reason().code;
    seen->close_reason = stream.reason().reason.c_str();
  };
}

TEST(WebsocketStep, OpensSendsHandlesAndClosesAfterItsHold) {
  Seen seen;
  LoopbackServer server(1, Echo(&seen));
  EngineRunner runner(Plan(server.Url(), R"(
      - websocket:
          url: "${URL}"
          hold: 300ms
          ping_every: 40ms
          checks: { open: connected and status == 101 and connecting_ms > 0 }
          on_open:
            - send: plain
            - send: { json: { n: "${1 + 1}", deep: { user: "${user.id}" } } }
          send_every:
            - { interval: 100ms, message: tick }
            - { interval: 170ms, steps: [ { record: { seen: 1 } } ] }
          on_message:
            - when: message ~= "tick" and json
              steps:
                - send: again
                - check: { still the message: json.n == 2 and json.deep.user == 1 }
)"));
  runner.Run();
  server.Served(1);
  // How many ticks fit is the machine's doing, but not that they come after the others.
  ASSERT_GE(seen.messages.size(), 4u);
  EXPECT_EQ(seen.messages[0], "plain");
  EXPECT_EQ(seen.messages[1], R"({"n":2,"deep":{"user":1}})");
  EXPECT_EQ(seen.messages[2], "again");
  EXPECT_EQ(seen.messages.back(), "tick");
  EXPECT_EQ(seen.close_code, 1000);
  EXPECT_EQ(runner.Value("checks").trues, 2u);
  EXPECT_EQ(runner.Value("checks").total, 2u);
  EXPECT_EQ(runner.Count("seen"), 1);
  EXPECT_EQ(runner.Count("ws_sessions"), 1);
  EXPECT_EQ(runner.Count("ws_msgs_sent"), static_cast<double>(seen.messages.size()));
  EXPECT_EQ(runner.Count("ws_msgs_received"), static_cast<double>(seen.messages.size()));
  EXPECT_EQ(runner.Count("ws_errors"), 0);
  EXPECT_GE(runner.Value("ws_ping").trend.count(), 1u);
  EXPECT_EQ(runner.Value("ws_open").gauge.value, 0);
  EXPECT_EQ(runner.Value("ws_open").gauge.max, 1);
  EXPECT_GE(runner.Value("ws_session_duration").trend.Min(), 300);
  EXPECT_EQ(runner.Value("ws_connecting").trend.count(), 1u);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(WebsocketStep, ACloseStepGivesItsCodeAndReason) {
  Seen seen;
  LoopbackServer server(1, Echo(&seen));
  EngineRunner runner(Plan(server.Url(), R"(
      - websocket:
          url: "${URL}"
          on_open: [ { send: "close me" } ]
          on_message: [ { close: { code: 4000, reason: "user ${user.id} leaves" } } ]
      - record: { seen: 1 }
)"));
  runner.Run();
  server.Served(1);
  EXPECT_EQ(seen.close_code, 4000);
  EXPECT_EQ(seen.close_reason, "user 1 leaves");
  EXPECT_EQ(runner.Count("seen"), 1);  // the iteration goes on
  EXPECT_TRUE(runner.errors().empty());
}

TEST(WebsocketStep, AFailInsideEndsTheIterationAndClosesInOrder) {
  Seen seen;
  LoopbackServer server(1, Echo(&seen));
  EngineRunner runner(Plan(server.Url(), R"(
      - websocket:
          url: "${URL}"
          on_open: [ { send: a } ]
          on_message: [ { fail: "not what I wanted" } ]
      - record: { seen: 1 }
)"));
  runner.Run();
  server.Served(1);
  EXPECT_EQ(seen.close_code, 1000);
  EXPECT_EQ(runner.Count("seen"), 0);
  EXPECT_EQ(runner.ErrorsOf("plan"), 1u);
  EXPECT_EQ(runner.Value("ws_open").gauge.value, 0);
}

TEST(WebsocketStep, TheServersCloseIsAnErrorUnlessItIsNormal) {
  int connection = 0;
  LoopbackServer server(3, [&connection](BoostTcp::socket& socket) {
    const int number = connection++;
    const std::string grant = GrantUpgrade(ReadUpgrade(socket));
    // 1000; 4001 `gone`; and the end of the connection without a Close frame.
    const std::string frames[] = {ServerFrame(0x88, std::string("\x03\xE8", 2)),
                                  ServerFrame(0x88, "\x0F\xA1gone"), ""};
    boost::asio::write(socket, boost::asio::buffer(grant + frames[number]));
    if (number < 2) ReadToEnd(socket);
  });
  EngineRunner runner(Plan(server.Url(), R"(
      - websocket: { name: normal, url: "${URL}" }
      - websocket: { name: gone, url: "${URL}" }
      - websocket: { name: dead, url: "${URL}" }
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("ws_errors", {{"name", "normal"}}), 0);
  EXPECT_EQ(runner.Count("ws_errors", {{"name", "gone"}}), 1);
  EXPECT_EQ(runner.Count("ws_errors", {{"name", "dead"}}), 1);
  ASSERT_EQ(runner.errors().size(), 2u);
  for (const v1::ErrorCount& error : runner.errors()) {
    EXPECT_EQ(error.kind(), "connection_closed");
    EXPECT_THAT(error.detail(), HasSubstr(error.step() == "gone" ? "4001 gone" : "1006"));
  }
  EXPECT_EQ(runner.Value("ws_open").gauge.value, 0);
}

TEST(WebsocketStep, WhatDoesNotOpenIsAnErrorAndTheChecksSayIt) {
  LoopbackServer server(1, [](BoostTcp::socket& socket) {
    ReadUpgrade(socket);
    const std::string no = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    boost::asio::write(socket, boost::asio::buffer(no));
  });
  EngineRunner runner(Plan(server.Url(), R"(
      - websocket: { name: forbidden, url: "${URL}", checks: { open: connected, said: status == 403 } }
      - websocket: { name: refused, url: "ws://127.0.0.1:1/", checks: { open: connected } }
      - websocket: { name: http, url: "http://127.0.0.1/" }
)"));
  runner.Run();
  EXPECT_EQ(runner.ErrorsOf("websocket_handshake"), 1u);
  EXPECT_EQ(runner.ErrorsOf("connection_refused"), 1u);
  EXPECT_EQ(runner.ErrorsOf("bad_url"), 1u);
  EXPECT_EQ(runner.Count("ws_errors"), 3);
  EXPECT_EQ(runner.Count("ws_sessions"), 0);
  EXPECT_EQ(runner.Value("checks", {{"check", "open"}}).trues, 0u);
  EXPECT_EQ(runner.Value("checks", {{"check", "said"}}).trues, 1u);
}

// How much a client read is known to the server only after the closing handshake: a stop in the
// middle of a flood must lose nothing of it.
TEST(WebsocketStep, AStopUnderAFloodOfMessagesCountsEveryOneThatTheServerSent) {
  for (const v1::StopKind kind : {v1::DRAIN, v1::ABORT}) {
    Once<bool> flooding;
    uint64_t sent = 0;
    uint16_t code = 0;
    LoopbackServer server(1, [&](BoostTcp::socket& socket) {
      BeastSocket stream(socket);
      stream.accept();
      stream.text(true);
      boost::system::error_code error;
      while (!error && socket.available() == 0) {  // until the Close frame comes
        stream.write(boost::asio::buffer("flood", 5), error);
        if (!error && ++sent == 100) flooding.Set(true);
      }
      beast::flat_buffer buffer;
      if (!error) stream.read(buffer, error);  // reads and answers it
      code = stream.reason().code;
    });
    EngineRunner runner(Plan(server.Url(), "      - websocket: { url: \"${URL}\", hold: 1h }\n"));
    ASSERT_TRUE(runner.engine().Arm("").ok());
    runner.Begin();
    flooding.Wait();
    runner.engine().Stop(kind);
    runner.Drained();
    runner.Collect();
    server.Served(1);
    EXPECT_EQ(runner.Count("ws_msgs_received"), static_cast<double>(sent));
    EXPECT_EQ(code, 1001);
    EXPECT_EQ(runner.Count("interrupted_iterations"), 1);
    EXPECT_TRUE(runner.errors().empty());
  }
}

// Grants the upgrade with these frames right behind it, and reads until the client ends.
std::function<void(BoostTcp::socket&)> SaysAtOnce(const std::string& frames) {
  return [frames](BoostTcp::socket& socket) {
    const std::string grant = GrantUpgrade(ReadUpgrade(socket));
    boost::asio::write(socket, boost::asio::buffer(grant + frames));
    ReadToEnd(socket);
  };
}

TEST(WebsocketStep, StepsThatTakeLongerThanTheirIntervalLeaveMessagesTheirTurn) {
  LoopbackServer server(
      1, SaysAtOnce(ServerFrame(0x81, "hello") + ServerFrame(0x88, std::string("\x03\xE8", 2))));
  EngineRunner runner(Plan(server.Url(), R"(
      - websocket:
          url: "${URL}"
          hold: 500ms
          ping_every: 1ms
          on_open: [ { sleep: 10ms } ]
          send_every:
            - { interval: 1ms, steps: [ { sleep: 5ms } ] }
            - { interval: 1ms, steps: [ { sleep: 5ms } ] }
          on_message: [ { record: { seen: 1 } }, { close: 1000 } ]
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 1);
  EXPECT_LT(runner.Value("ws_session_duration").trend.Max(), 500);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(WebsocketStep, TheServersCloseIsAnErrorAlsoWhenItIsReadWhileWeClose) {
  LoopbackServer server(1, SaysAtOnce(ServerFrame(0x88, "\x0F\xA1gone")));
  // The hold is over before anything is read.
  EngineRunner runner(Plan(server.Url(), R"(
      - websocket: { name: gone, url: "${URL}", hold: 1ms, on_open: [ { sleep: 10ms } ] }
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("ws_errors"), 1);
  ASSERT_EQ(runner.errors().size(), 1u);
  EXPECT_EQ(runner.errors()[0].kind(), "connection_closed");
  EXPECT_EQ(runner.errors()[0].count(), 1u);
  EXPECT_THAT(runner.errors()[0].detail(), HasSubstr("4001 gone"));
}

TEST(WebsocketStep, AServerThatBreaksTheProtocolIsAnErrorOfItsOwnClass) {
  LoopbackServer server(1, SaysAtOnce(ServerFrame(0xC1, "a reserved bit")));
  EngineRunner runner(Plan(server.Url(), "      - websocket: { url: \"${URL}\", hold: 1h }\n"));
  runner.Run();
  EXPECT_EQ(runner.ErrorsOf("websocket_protocol"), 1u);
  EXPECT_EQ(runner.Count("ws_errors"), 1);
  EXPECT_EQ(runner.Value("ws_open").gauge.value, 0);
}

TEST(WebsocketStep, MessagesThatACloseStepLeavesUnhandledAreCounted) {
  constexpr int kMessages = 500;
  uint16_t code = 0;
  LoopbackServer server(1, [&code](BoostTcp::socket& socket) {
    BeastSocket stream(socket);
    boost::system::error_code error;
    stream.accept(error);
    for (int i = 0; i < kMessages && !error; ++i) stream.write(boost::asio::buffer("m", 1), error);
    beast::flat_buffer buffer;
    while (!error) stream.read(buffer, error);
    code = stream.reason().code;
  });
  EngineRunner runner(Plan(server.Url(), R"(
      - websocket: { url: "${URL}", on_message: [ { record: { seen: 1 } }, { close: 1000 }, { record: { seen: 1 } } ] }
)"));
  runner.Run();
  server.Served(1);
  EXPECT_EQ(code, 1000);
  EXPECT_EQ(runner.Count("seen"), 1);
  EXPECT_EQ(runner.Count("ws_msgs_received"), kMessages);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(WebsocketStep, AStopEndsStepsInsideAndStillClosesInOrder) {
  Once<bool> handling;
  uint16_t code = 0;
  LoopbackServer server(1, [&](BoostTcp::socket& socket) {
    BeastSocket stream(socket);
    boost::system::error_code error;
    stream.accept(error);
    stream.write(boost::asio::buffer("first", 5), error);
    beast::flat_buffer buffer;
    stream.read(buffer, error);  // what on_message sends before it sleeps
    stream.write(boost::asio::buffer("second", 6), error);
    handling.Set(true);
    while (!error) stream.read(buffer, error);
    code = stream.reason().code;
  });
  EngineRunner runner(Plan(server.Url(), R"(
      - websocket: { url: "${URL}", on_message: [ { send: "got ${message}" }, { sleep: 1h } ] }
)"));
  ASSERT_TRUE(runner.engine().Arm("").ok());
  runner.Begin();
  handling.Wait();
  runner.engine().Stop(v1::ABORT);
  runner.Drained();
  runner.Collect();
  server.Served(1);
  EXPECT_EQ(code, 1001);
  EXPECT_EQ(runner.Count("ws_msgs_sent"), 1);
  EXPECT_EQ(runner.Count("ws_msgs_received"), 2);
  EXPECT_EQ(runner.Count("interrupted_iterations"), 1);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(WebsocketStep, TheChatServerCountsWhatWeCount) {
  ChatServer chat(PROGRAM_DIR "/chat", {"--allow-user-header"});
  EngineRunner runner(
      "name: test\nparams: { API: \"" + chat.http() + "\", WS: \"" + chat.websocket() + R"(" }
metrics: { latency: trend }
setup:
  - http: { post: "${API}/api/channels", headers: { X-User-Id: admin }, json: { name: c, type: public }, save: { channel: json.id } }
scenarios:
  one:
    load: { iterations_per_user: { users: 20, iterations: 2 } }
    steps:
      - websocket:
          url: "${WS}"
          headers: { X-User-Id: "user ${user.id}" }
          hold: 100ms..200ms
          on_open: [ { send: { json: { type: join, channel_id: "${setup.channel}" } } } ]
          send_every:
            - interval: 10ms..20ms
              message: { json: { type: message, channel_id: "${setup.channel}", content: hello, timestamp: "${now_us()}" } }
          on_message:
            - when: json.type == "message"
              steps: [ { record: { latency: (now_us() - json.timestamp) / 1000 } } ]
)",
      {.agent = 0, .weights = {1}, .threads = 2});
  runner.Run(true);
  EXPECT_TRUE(runner.errors().empty());
  EXPECT_EQ(runner.Count("ws_sessions"), 40);
  EXPECT_EQ(chat.Count("ws_connections_opened"), 40u);
  EXPECT_EQ(static_cast<double>(chat.Count("ws_messages_received")), runner.Count("ws_msgs_sent"));
  EXPECT_EQ(static_cast<double>(chat.Count("ws_messages_sent")), runner.Count("ws_msgs_received"));
  EXPECT_GT(runner.Value("latency").trend.count(), 500u);
}

}  // namespace
}  // namespace rampart::agent
