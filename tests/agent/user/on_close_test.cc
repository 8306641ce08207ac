// `on_close` of a websocket, and what it is for: a gauge that counts up and down.
#include <gtest/gtest.h>

#include <boost/asio/write.hpp>
#include <string>

#include "tests/agent/protocol/loopback.h"
#include "tests/support/chat_server.h"
#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

std::string Plan(const std::string& url, const std::string& load, const std::string& steps) {
  return "name: test\nparams: { WS: \"" + url +
         "\" }\nmetrics:\n  active: { kind: gauge, merge: sum }\n  closed: counter\n"
         "  seen: counter\nscenarios:\n  one:\n    load: { " +
         load + " }\n    graceful_stop: 0s\n    steps:\n" + steps;
}

constexpr const char* kOneUser = "iterations_per_user: { users: 1, iterations: 1 }";

TEST(OnClose, ASumGaugeIsTheNumberOfUsersMeanwhileAndNoneAtTheEnd) {
  ChatServer server(PROGRAM_DIR "/chat");
  EngineRunner runner(
      Plan(server.websocket(), "iterations_per_user: { users: 25, iterations: 2 }", R"(
      - websocket:
          url: "${WS}"
          hold: 2s
          on_open: [ { record: { active: 1 } } ]
          on_close: [ { record: { active: -1, closed: 1 } } ]
)"),
      {.threads = 2});
  runner.Run();
  EXPECT_EQ(runner.Count("closed"), 50);
  EXPECT_EQ(runner.Value("active").gauge.value, 0);
  EXPECT_EQ(runner.Count("ws_sessions"), 50);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(OnClose, TheGaugeHasEveryOpenConnectionOfAThread) {
  ChatServer server(PROGRAM_DIR "/chat");
  EngineRunner runner(
      Plan(server.websocket(), "iterations_per_user: { users: 25, iterations: 1 }", R"(
      - websocket:
          url: "${WS}"
          hold: 3s
          on_open: [ { record: { active: 1 } } ]
          on_close: [ { record: { active: -1 } } ]
)"));
  runner.Run();
  EXPECT_EQ(runner.Value("active").gauge.value, 0);
  EXPECT_EQ(runner.Value("active").gauge.max, 25);
}

TEST(OnClose, UsersThatAreStoppedCloseToo) {
  ChatServer server(PROGRAM_DIR "/chat");
  EngineRunner runner(Plan(server.websocket(), "constant_users: { users: 10, duration: 1s }", R"(
      - websocket:
          url: "${WS}"
          on_open: [ { record: { active: 1 } }, { sleep: 1h } ]
          on_close:
            - when: "true"
              steps:
                - group: closing
                  steps: [ { set: { left: 1 } }, { record: { closed: left } } ]
            - record: { active: -1 }
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("interrupted_iterations"), 10);
  EXPECT_EQ(runner.Count("closed"), 10);
  EXPECT_EQ(runner.Value("active").gauge.value, 0);
  EXPECT_EQ(runner.Value("active").gauge.max, 10);
}

TEST(OnClose, AConnectionThatBreaksOrAFailInsideClosesOnce) {
  LoopbackServer server(2, [](BoostTcp::socket& socket) {
    boost::system::error_code error;
    boost::asio::write(socket, boost::asio::buffer(GrantUpgrade(ReadUpgrade(socket))), error);
    char byte;
    socket.read_some(boost::asio::buffer(&byte, 1), error);
    socket.set_option(boost::asio::socket_base::linger(true, 0), error);
    socket.close(error);
  });
  EngineRunner runner(Plan(server.Url(), "iterations_per_user: { users: 1, iterations: 2 }", R"(
      - websocket:
          url: "${WS}"
          hold: 1h
          on_open:
            - record: { active: 1 }
            - send: hello
            - when: iteration == 1
              steps: [ { fail: enough } ]
          on_close: [ { record: { active: -1, closed: 1 } } ]
      - record: { seen: 1 }
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("closed"), 2);
  EXPECT_EQ(runner.Count("seen"), 1);  // not after the fail
  EXPECT_EQ(runner.Value("active").gauge.value, 0);
}

TEST(OnClose, AConnectionThatDidNotOpenDoesNotClose) {
  EngineRunner runner(Plan("ws://127.0.0.1:1/", kOneUser, R"(
      - websocket:
          url: "${WS}"
          on_open: [ { record: { active: 1 } } ]
          on_close: [ { record: { active: -1, closed: 1 } } ]
      - record: { seen: 1 }
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("closed"), 0);
  EXPECT_EQ(runner.Count("seen"), 1);
}

TEST(OnClose, ItsOwnFailEndsTheIteration) {
  ChatServer server(PROGRAM_DIR "/chat");
  EngineRunner runner(Plan(server.websocket(), kOneUser, R"(
      - websocket: { url: "${WS}", hold: 10ms, on_close: [ { fail: too short } ] }
      - record: { seen: 1 }
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 0);
  EXPECT_EQ(runner.ErrorsOf("plan"), 1u);
}

}  // namespace
}  // namespace rampart::agent
