// SocketioConnection against servers that misbehave: the real one is in the step's test.
#include "agent/protocol/socketio_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <vector>

#include "tests/agent/protocol/loopback.h"

namespace rampart::agent {
namespace {

using Event = SocketioConnection::Event;
using testing::HasSubstr;

constexpr const char* kOpen = R"(0{"sid":"s","pingInterval":25000,"pingTimeout":20000})";
constexpr const char* kConnected = R"(40{"sid":"t"})";

std::string Frames(const std::vector<std::string>& messages) {
  std::string frames;
  for (const std::string& message : messages) {
    // What begins with a NUL stands for a binary message.
    const bool binary = message.starts_with('\0');
    frames += ServerFrame(binary ? 0x82 : 0x81, message);
  }
  return frames;
}

// Sends `messages`, and reads to the end.
std::function<void(BoostTcp::socket&)> Say(std::vector<std::string> messages) {
  return [messages = std::move(messages)](BoostTcp::socket& socket) {
    const std::string key = ReadUpgrade(socket);
    boost::system::error_code error;
    boost::asio::write(socket, boost::asio::buffer(GrantUpgrade(key) + Frames(messages)), error);
    ReadToEnd(socket);
  };
}

struct Outcome {
  std::optional<Failure> connecting;
  std::vector<std::string> events;
  Event end = Event::kEvent;
  Failure failure{ErrorKind::kSystem, ""};
  uint64_t received = 0;
};

Outcome Meet(std::vector<std::string> messages, int64_t for_ns = 60'000'000'000) {
  Outcome outcome;
  LoopbackServer server(1, Say(std::move(messages)));
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    EXPECT_TRUE(opened.websocket) << opened.failure.detail;
    if (!opened.websocket) co_return;
    SocketioConnection connection(*opened.websocket, "/", {});
    const int64_t deadline_ns = MonotonicNow() + for_ns;
    outcome.connecting = co_await connection.Connect("", deadline_ns, nullptr);
    while (!outcome.connecting && outcome.end == Event::kEvent) {
      outcome.end = co_await connection.Next(deadline_ns, nullptr);
      if (outcome.end == Event::kEvent) {
        outcome.events.push_back(connection.event().name + connection.event().args);
      }
    }
    outcome.failure = connection.failure();
    outcome.received = connection.events_received();
  }});
  return outcome;
}

TEST(SocketioConnection, EventsOfOtherNamespacesAreNotOurs) {
  const Outcome outcome =
      Meet({kOpen, kConnected, R"(42["a",1])", R"(42/other,["b"])", R"(451-/other,["c",{}])",
            std::string("\0x", 2), "6", R"(42["d"])", "41"});
  EXPECT_THAT(outcome.events, testing::ElementsAre("a[1]", "d[]"));
  EXPECT_EQ(outcome.end, Event::kClosed);
  EXPECT_EQ(outcome.received, 2u);
}

TEST(SocketioConnection, EventsBeforeTheNamespaceIsConnectedAreKept) {
  const Outcome outcome = Meet({kOpen, R"(42["early"])", kConnected, R"(42["late"])", "1"});
  EXPECT_THAT(outcome.events, testing::ElementsAre("early[]", "late[]"));
  EXPECT_EQ(outcome.end, Event::kClosed);
}

TEST(SocketioConnection, AnAcknowledgementNobodyWaitsForIsLetGo) {
  const Outcome outcome = Meet({kOpen, kConnected, "4399[1]", R"(42["a"])", "41"});
  EXPECT_THAT(outcome.events, testing::ElementsAre("a[]"));
}

TEST(SocketioConnection, WhatTheProtocolForbidsEndsItWithAWord) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{kOpen, kConnected, ""}, "empty Engine.IO packet"},
      {{kOpen, kConnected, "9"}, "no known type"},
      {{kOpen, kConnected, "49"}, "no known type"},
      {{kOpen, kConnected, kOpen}, "second Engine.IO open packet"},
      {{kOpen, kConnected, "42{}"}, "no list that begins with its name"},
      {{kOpen, kConnected, "431{}"}, "acknowledgement that is no list"},
      {{kOpen, kConnected, "43[]"}, "without the id"},
      {{kOpen, kConnected, std::string("\0", 1)}, "no packet has announced"},
      {{kOpen, kConnected, R"(451-["a",{}])", R"(42["b"])"}, "attachments of another were due"},
      {{kOpen, kConnected, R"(44{"message":"go away"})"}, "go away"},
  };
  for (const auto& [messages, why] : cases) {
    const Outcome outcome = Meet(messages);
    ASSERT_FALSE(outcome.connecting) << why;
    EXPECT_EQ(outcome.end, Event::kFailed) << why;
    EXPECT_EQ(outcome.failure.kind, ErrorKind::kSocketio) << why;
    EXPECT_THAT(outcome.failure.detail, HasSubstr(why));
  }
}

TEST(SocketioConnection, AServerOfAnotherProtocolIsRecognised) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"hello"}, "no known type"},
      {{R"(0{"sid":"s"})"}, "without pingInterval"},
      {{"40"}, "before the Engine.IO open packet"},
      {{kOpen, R"(44{"message":"no"})"}, "`/` refused: no"},
      {{kOpen, R"(44"no")"}, "`/` refused: no"},
  };
  for (const auto& [messages, why] : cases) {
    const Outcome outcome = Meet(messages);
    ASSERT_TRUE(outcome.connecting) << why;
    EXPECT_EQ(outcome.connecting->kind, ErrorKind::kSocketio) << why;
    EXPECT_THAT(outcome.connecting->detail, HasSubstr(why));
  }
}

TEST(SocketioConnection, AServerThatSaysNothingIsATimeout) {
  Outcome outcome = Meet({}, 50'000'000);
  ASSERT_TRUE(outcome.connecting);
  EXPECT_EQ(outcome.connecting->kind, ErrorKind::kTimeout);
  EXPECT_THAT(outcome.connecting->detail, HasSubstr("no Engine.IO open packet"));
  outcome = Meet({kOpen}, 50'000'000);
  ASSERT_TRUE(outcome.connecting);
  EXPECT_EQ(outcome.connecting->kind, ErrorKind::kTimeout);
  EXPECT_THAT(outcome.connecting->detail, HasSubstr("did not connect the namespace"));
}

TEST(SocketioConnection, APingThatDoesNotComeIsNoticed) {
  const int64_t begin_ns = MonotonicNow();
  const Outcome outcome =
      Meet({R"(0{"sid":"s","pingInterval":60,"pingTimeout":40})", kConnected, "2", R"(42["a"])"});
  EXPECT_THAT(outcome.events, testing::ElementsAre("a[]"));
  EXPECT_EQ(outcome.end, Event::kFailed);
  EXPECT_EQ(outcome.failure.kind, ErrorKind::kSocketio);
  EXPECT_THAT(outcome.failure.detail, HasSubstr("no ping for 100 ms"));
  EXPECT_GE(MonotonicNow() - begin_ns, 100'000'000);
}

}  // namespace
}  // namespace rampart::agent
