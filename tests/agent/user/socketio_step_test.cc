// The `socketio` step and `emit`, against the real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/engine_runner.h"
#include "tests/support/peer.h"

namespace rampart::agent {
namespace {

using testing::HasSubstr;

std::string Plan(const std::string& url, const std::string& steps, int users = 1) {
  return "name: test\nparams: { URL: \"" + url +
         "\" }\nmetrics:\n  seen: { kind: counter }\n  value: { kind: trend }\n"
         "scenarios:\n  one:\n    load: { iterations_per_user: { users: " +
         std::to_string(users) + ", iterations: 1 } }\n    graceful_stop: 0s\n    steps:\n" + steps;
}

class SocketioStep : public testing::Test {
 protected:
  std::string Url(const std::string& scheme = "http") const {
    return scheme + "://" + server_.host();
  }
  // All checks held, so many.
  static void ExpectChecks(const EngineRunner& runner, uint64_t count) {
    EXPECT_EQ(runner.Value("checks").trues, count);
    EXPECT_EQ(runner.Value("checks").total, count);
  }

  Peer server_{PEERS_DIR, "socketio"};
};

TEST_F(SocketioStep, AnEmitWaitsForItsAcknowledgementAndSeesItsArguments) {
  EngineRunner runner(Plan(Url(), R"(
      - socketio:
          name: chat
          url: "${URL}"
          checks: { connected: connected and ok and connecting_ms > 0 }
          on_connect:
            - emit:
                event: echo
                args: [ "say \"hi\"", { n: "${1 + 1}" }, [], "${user.id}" ]
                ack: true
                checks:
                  the same: args[1] == 'say "hi"' and args[2].n == 2 and args[4] == 1
                  empty: "#args[3] == 0"
                  all: "#args == 4"
                record: { value: duration_ms }
                save: { got: "args[2].n" }
            - emit: { event: echo, ack: true, checks: { nothing: "#args == 0" } }
            - emit: { event: echo, args: alone, ack: true, checks: { one: 'args[1] == "alone" and not args[2]' } }
            - check: { kept: got == 2 and ok and duration_ms > 0, gone: not args }
            - close: 1000
      - record: { seen: 1 }
)"));
  runner.Run();
  server_.process().WaitFor("left /: client namespace disconnect");
  ExpectChecks(runner, 8);
  EXPECT_EQ(runner.Count("seen"), 1);
  EXPECT_EQ(runner.Value("value").trend.count(), 1u);
  EXPECT_EQ(runner.Count("socketio_events_sent", {{"name", "chat"}}), 3);
  EXPECT_EQ(runner.Value("socketio_ack").trend.count(), 3u);
  EXPECT_EQ(runner.Value("socketio_connecting").trend.count(), 1u);
  EXPECT_EQ(runner.Count("socketio_errors"), 0);
  EXPECT_EQ(runner.Count("ws_sessions"), 1);
  EXPECT_EQ(runner.Count("ws_errors"), 0);
  EXPECT_EQ(runner.Value("ws_open").gauge.value, 0);
  EXPECT_TRUE(runner.errors().empty());
}

TEST_F(SocketioStep, EventsHaveTheirStepsAndAStarHasTheOthers) {
  EngineRunner runner(Plan(Url("ws"), R"(
      - socketio:
          url: "${URL}"
          auth: { name: "user-${user.id}" }
          tags: { room: "r${user.id}" }
          on_connect:
            - emit: { event: "${'sa' .. 'y'}", args: [ hello ] }
            - emit: { event: ask }
          on:
            said:
              - check: { said: 'event == "said" and args[1] == "hello" and args[2] == "user-1"' }
            "*":
              - record: { seen: 1 }
              - when: event == "answered"
                steps:
                  - check: { answered with nothing: "args[1] == 0 and seen_question" }
                  - close: 1000
              - set: { seen_question: 'event == "question" and args[1] == 42' }
)"));
  runner.Run();
  ExpectChecks(runner, 2);
  EXPECT_EQ(runner.Count("seen"), 2);
  EXPECT_EQ(runner.Count("socketio_events_sent", {{"room", "r1"}}), 2);
  EXPECT_EQ(runner.Count("socketio_events_received", {{"room", "r1"}}), 3);
  EXPECT_TRUE(runner.errors().empty());
}

TEST_F(SocketioStep, EventsThatComeBeforeTheAcknowledgementAreHandledAfterItInOrder) {
  EngineRunner runner(Plan(Url(), R"(
      - socketio:
          url: "${URL}"
          on_connect:
            - set: { order: "''" }
            - emit: { event: burst, args: 5, ack: true, checks: { first: 'order == "" and args[1] == "done"' } }
          on:
            tick:
              - set: { order: "order .. args[1]" }
              - when: args[1] == 2
                steps:
                  - emit: { event: echo, args: [ x ], ack: true, checks: { inside: 'args[1] == "x"' } }
                  - check: { still the event's: "args[1] == 2" }
              - when: args[1] == 5
                steps:
                  - check: { in order: order == "12345" }
                  - close: 1000
)"));
  runner.Run();
  ExpectChecks(runner, 4);
  EXPECT_TRUE(runner.errors().empty());
}

TEST_F(SocketioStep, EventsOverTheBoundAreDroppedAndSaid) {
  EngineRunner runner(Plan(Url(), R"(
      - socketio:
          url: "${URL}"
          on_connect: [ { emit: { event: flood, args: [ 30, 100000 ], ack: true } } ]
          on:
            tick:
              - record: { seen: 1 }
              - when: args[1] == 10
                steps: [ { close: 1000 } ]
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("socketio_events_received"), 30);
  EXPECT_EQ(runner.Count("seen"), 10);
  EXPECT_EQ(runner.ErrorsOf("socketio"), 20u);
  EXPECT_EQ(runner.Count("socketio_errors"), 20);
}

TEST_F(SocketioStep, ANamespaceThatRefusesIsAFailureWithItsMessage) {
  EngineRunner runner(Plan(Url(), R"(
      - socketio:
          url: "${URL}"
          namespace: /admin
          auth: { token: wrong }
          checks: { refused: not connected and error == "socketio" }
          record: { value: connected and connecting_ms or nil }
          on_connect: [ { record: { seen: 100 } } ]
      - record: { seen: 1 }
)"));
  runner.Run();
  ExpectChecks(runner, 1);
  EXPECT_EQ(runner.Count("seen"), 1);
  ASSERT_EQ(runner.errors().size(), 1u);
  EXPECT_EQ(runner.errors()[0].kind(), "socketio");
  EXPECT_THAT(runner.errors()[0].detail(), HasSubstr("`/admin` refused: not for you"));
  EXPECT_EQ(runner.Count("socketio_errors"), 1);
  EXPECT_EQ(runner.Count("ws_errors"), 0);
  EXPECT_EQ(runner.Value("socketio_connecting").trend.count(), 0u);
  EXPECT_EQ(runner.Value("ws_open").gauge.value, 0);
}

TEST_F(SocketioStep, ANamespaceKnowsWhoComesByItsAuth) {
  EngineRunner runner(Plan(Url(), R"(
      - socketio:
          url: "${URL}"
          namespace: "${'admin'}"
          auth: { token: "${'sec' .. 'ret'}", name: "user ${user.id}" }
          on:
            welcome:
              - check: { known: 'args[1] == "user 1"' }
              - emit: { event: echo, args: [ 1 ], ack: true, checks: { there: "args[1] == 1" } }
              - close: 1000
)"));
  runner.Run();
  server_.process().WaitFor("left /admin: client namespace disconnect");
  ExpectChecks(runner, 2);
  EXPECT_TRUE(runner.errors().empty());
}

TEST_F(SocketioStep, AnUnknownNamespaceIsRefused) {
  EngineRunner runner(Plan(Url(), R"(
      - socketio: { url: "${URL}", namespace: /nowhere }
)"));
  runner.Run();
  ASSERT_EQ(runner.errors().size(), 1u);
  EXPECT_THAT(runner.errors()[0].detail(), HasSubstr("Invalid namespace"));
}

TEST_F(SocketioStep, TheServerEndsItWithoutAnError) {
  for (const char* event : {"leave", "hang up"}) {
    EngineRunner runner(Plan(Url(), std::string(R"(
      - socketio:
          url: "${URL}"
          on_connect:
            - emit: { event: ")") + event +
                                        R"(" }
      - record: { seen: 1 }
)"));
    runner.Run();
    server_.process().WaitFor("left /: server namespace disconnect");
    EXPECT_EQ(runner.Count("seen"), 1);
    EXPECT_TRUE(runner.errors().empty()) << event;
    EXPECT_EQ(runner.Count("socketio_errors"), 0);
  }
}

TEST_F(SocketioStep, AnEndWhileAnAcknowledgementIsAwaitedEndsTheSession) {
  EngineRunner runner(Plan(Url(), R"(
      - socketio:
          url: "${URL}"
          on_connect:
            - emit: { event: leave }
            - emit: { event: silence, ack: true, checks: { not acknowledged: ok == false } }
            - record: { seen: 100 }
      - record: { seen: 1 }
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 1);
  EXPECT_EQ(runner.Value("socketio_ack").trend.count(), 0u);
}

TEST_F(SocketioStep, AnAcknowledgementThatDoesNotComeIsATimeoutAndTheStepsGoOn) {
  EngineRunner runner(Plan(Url(), R"(
      - socketio:
          url: "${URL}"
          on_connect:
            - emit:
                event: silence
                ack: true
                timeout: 100ms
                checks: { acknowledged: ok, has args: "args[1]" }
                record: { value: ok and duration_ms or nil }
                save: { got: "args[1].deep" }
            - check: { said: not ok and error == "timeout" and duration_ms >= 100 and not got }
            - emit: { event: echo, ack: true, checks: { the next: ok and not error } }
            - close: 1000
)"));
  runner.Run();
  EXPECT_EQ(runner.Value("checks").trues, 2u);
  EXPECT_EQ(runner.Value("checks").total, 4u);
  EXPECT_EQ(runner.Value("value").trend.count(), 0u);
  EXPECT_EQ(runner.ErrorsOf("timeout"), 1u);
  EXPECT_EQ(runner.errors().size(), 1u);
  EXPECT_EQ(runner.Count("socketio_errors"), 1);
  EXPECT_EQ(runner.Value("socketio_ack").trend.count(), 1u);
}

TEST_F(SocketioStep, BinaryArgumentsKeepTheirPlaceholders) {
  EngineRunner runner(Plan(Url(), R"(
      - socketio:
          url: "${URL}"
          on_connect:
            - emit:
                event: bytes
                ack: true
                checks: { acknowledged: "args[1]._placeholder and args[1].num == 0 and args[2] == 7" }
          on:
            picture:
              - check: { event: 'args[1] == "before" and args[2].num == 0 and args[3].deep.num == 1' }
              - emit: { event: echo, args: [ after ], ack: true, checks: { goes on: 'args[1] == "after"' } }
              - close: 1000
)"));
  runner.Run();
  ExpectChecks(runner, 3);
  EXPECT_TRUE(runner.errors().empty());
}

TEST_F(SocketioStep, PingsAreAnsweredAlsoWhileAStepSleeps) {
  EngineRunner runner(Plan(Url(), R"(
      - socketio:
          url: "${URL}"
          on_connect:
            - emit: { event: say, args: [ kept ] }
            - sleep: 500ms
            - check: { not handled yet: not kept }
          on: { said: [ { set: { kept: "args[1]" } }, { close: 1000 } ] }
      - check: { handled after: kept == "kept" }
)"));
  runner.Run();
  server_.process().WaitFor("pong");
  ExpectChecks(runner, 2);
  EXPECT_TRUE(runner.errors().empty());
}

TEST_F(SocketioStep, BlocksRunAtTheirIntervalUntilTheHoldIsOver) {
  EngineRunner runner(Plan(Url(), R"(
      - socketio:
          url: "${URL}"
          hold: 500ms
          every:
            - interval: 50ms
              steps: [ { emit: { event: say, args: [ tick ] } }, { record: { seen: 1 } } ]
)"));
  runner.Run();
  server_.process().WaitFor("left /: client namespace disconnect");
  EXPECT_GE(runner.Count("seen"), 2);
  EXPECT_LE(runner.Count("seen"), 10);
  EXPECT_EQ(runner.Count("socketio_events_sent"), runner.Count("seen"));
  EXPECT_TRUE(runner.errors().empty());
}

TEST_F(SocketioStep, WhatTheServerDoesNotTakeIsRefusedHere) {
  EngineRunner runner(Plan(Url(), R"(
      - socketio:
          url: "${URL}"
          on_connect:
            - emit: { event: echo, args: [ "${string.rep('x', 200000)}" ], ack: true }
            - check: { refused: error == "message_too_large" }
            - emit: { event: echo, ack: true, checks: { goes on: ok } }
            - close: 1000
)"));
  runner.Run();
  ExpectChecks(runner, 2);
  EXPECT_EQ(runner.ErrorsOf("message_too_large"), 1u);
  EXPECT_EQ(runner.Count("socketio_errors"), 1);
  EXPECT_EQ(runner.Count("socketio_events_sent"), 1);
}

TEST_F(SocketioStep, TheExampleOfTheGuidePasses) {
  std::ifstream in(std::string(PEERS_DIR) + "/../../docs/PLANS.md");
  std::string guide((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const size_t begin = guide.find("name: socketio-chat\n");
  ASSERT_NE(begin, std::string::npos);
  std::string plan = guide.substr(begin, guide.find("```", begin) - begin);
  const std::string url = "http://127.0.0.1:3000";
  ASSERT_NE(plan.find(url), std::string::npos);
  plan.replace(plan.find(url), url.size(), Url());
  EngineRunner runner(plan);
  runner.Run();
  EXPECT_GT(runner.Value("checks").total, 0u);
  EXPECT_EQ(runner.Value("checks").trues, runner.Value("checks").total);
  EXPECT_GT(runner.Value("socketio_ack").trend.count(), 0u);
  EXPECT_GT(runner.Value("heard_after").trend.count(), 0u);
  EXPECT_TRUE(runner.errors().empty());
}

TEST_F(SocketioStep, ManyUsersHearEachOther) {
  EngineRunner runner(Plan(Url(),
                           R"(
      - socketio:
          url: "${URL}"
          namespace: /admin
          auth: { token: secret, name: "${user.id}" }
          on:
            welcome: [ { emit: { event: say, args: [ here ] } } ]
            said:
              - when: tonumber(args[2]) == user.id
                steps: [ { set: { self: true } }, { close: 1000 } ]
      - check: { heard itself: self }
)",
                           20));
  runner.Run();
  ExpectChecks(runner, 20);
  EXPECT_EQ(runner.Count("ws_sessions"), 20);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(SocketioStepAlone, AServerThatIsNotThereIsAnErrorOfBoth) {
  EngineRunner runner(Plan("http://127.0.0.1:1", R"(
      - socketio: { url: "${URL}", checks: { down: not connected and error == "connection_refused" } }
)"));
  runner.Run();
  EXPECT_EQ(runner.Value("checks").trues, 1u);
  EXPECT_EQ(runner.Count("socketio_errors"), 1);
  EXPECT_EQ(runner.Count("ws_errors"), 1);
  EXPECT_EQ(runner.errors().size(), 1u);
}

}  // namespace
}  // namespace rampart::agent
