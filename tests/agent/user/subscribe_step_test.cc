// `graphql` and `subscribe` against the servers of the packages graphql and graphql-ws, and
// `subscribe` against servers that break the protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <functional>
#include <string>
#include <vector>

#include "common/plan/load_plan.h"
#include "tests/agent/protocol/loopback.h"
#include "tests/agent/user/http_plan.h"
#include "tests/support/chat_server.h"
#include "tests/support/engine_runner.h"
#include "tests/support/peer.h"

namespace rampart::agent {
namespace {

namespace beast = boost::beast;
using testing::HasSubstr;

constexpr char kLogin[] = R"(
      - graphql:
          query: |
            mutation login($email: String!, $password: String!) {
              login(email: $email, password: $password) { token user { id name } }
            }
          variables: { email: "u${user.id}@x", password: secret }
          checks: { signed in: 'string.find(data.login.user.name, "u" .. user.id, 1, true) == 1' }
          save: { token: data.login.token }
)";

std::string PeerPlan(const std::string& host, const std::string& steps, int users = 1) {
  return Plan("http://" + host,
              "base_url: \"${API}\", headers: { Authorization: \"Bearer ${token or 'nobody'}\" }",
              "      - set: { ws: '\"ws://" + host + "/graphql\"', token: nil }\n" + steps, 1,
              users);
}

void ExpectChecks(const EngineRunner& runner, const std::vector<const char*>& checks,
                  uint64_t times = 1) {
  for (const char* check : checks) {
    const SeriesValue value = runner.Value("checks", {{"check", check}});
    EXPECT_EQ(value.trues, times) << check;
    EXPECT_EQ(value.total, times) << check;
  }
}

// The first channel is read, written into and searched; after `before`, it is there.
void UseChat(const std::string& host, const std::string& before) {
  EngineRunner runner(PeerPlan(host, std::string(kLogin) + before + R"(
      - graphql: { query: "query channels { channels(limit: 20) { id name } }", save: { channel: "data.channels[1].id" } }
      - graphql:
          query: "mutation sendMessage($channel: ID!, $content: String!) { sendMessage(channelId: $channel, content: $content) { id content } }"
          variables: { channel: "${channel}", content: "needle ${user.id}" }
          checks: { sent: 'data.sendMessage.content == "needle 1"' }
      - graphql:
          query: "query messages($channel: ID!) { messages(channelId: $channel, limit: 20) { id content } }"
          variables: { channel: "${channel}" }
          checks: { listed: "#data.messages == 1" }
      - graphql: { query: "query profile { me { id name email } }", checks: { me: 'data.me.email == "u1@x"' } }
      - graphql:
          query: "query search($q: String!) { search(query: $q, limit: 10) { total results { id content } } }"
          variables: { q: needle }
          checks: { found: "data.search.total == 1 and #data.search.results == 1" }
)"));
  runner.Run();
  EXPECT_TRUE(runner.errors().empty());
  ExpectChecks(runner, {"signed in", "sent", "listed", "me", "found"});
  EXPECT_EQ(runner.Value("graphql_failed").total, 6u);
  EXPECT_EQ(runner.Value("graphql_failed").trues, 0u);
  for (const char* name : {"login", "channels", "sendMessage", "messages", "profile", "search"}) {
    EXPECT_EQ(runner.Count("http_reqs", {{"name", name}, {"status", "200"}}), 1) << name;
  }
}

TEST(GraphqlPeer, AUserOfAChatSignsInReadsWritesAndSearches) {
  Peer peer(PEERS_DIR, "graphql");
  UseChat(peer.host(), "");
}

TEST(GraphqlChat, TheReferenceServerSpeaksTheSame) {
  ChatServer chat(PROGRAM_DIR "/chat");
  UseChat("127.0.0.1:" + std::to_string(chat.port()),
          "      - http: { post: /api/channels, json: { name: c, type: public } }\n");
}

TEST(GraphqlPeer, WhatItRefusesIsAFailureWithItsWords) {
  Peer peer(PEERS_DIR, "graphql");
  EngineRunner runner(PeerPlan(peer.host(), R"(
      - graphql:
          query: query profile { me { id } }
          checks: { who: 'errors[1].extensions.code == "UNAUTHENTICATED" and status == 200 and error == "graphql"' }
      - graphql:
          query: query unknown { nothing }
          checks: { invalid: status == 400 and data == nil and error == "graphql" }
      - graphql: { query: "{ half }", checks: { half: 'data.half[1] == "whole" and errors[1].path[2] == 1 and not ok' } }
)"));
  runner.Run();
  ExpectChecks(runner, {"who", "invalid", "half"});
  EXPECT_EQ(runner.ErrorsOf("graphql"), 3u);
  EXPECT_EQ(runner.Value("graphql_failed").trues, 3u);
  EXPECT_EQ(runner.Value("http_req_failed").trues, 1u);
  std::string details;
  for (const v1::ErrorCount& error : runner.errors()) details += error.detail() + "\n";
  EXPECT_THAT(details, HasSubstr("sign in first\n"));
  EXPECT_THAT(details, HasSubstr("Cannot query field \"nothing\" on type \"Query\""));
  EXPECT_THAT(details, HasSubstr("broken\n"));
}

TEST(GraphqlPeer, ASubscriptionHearsWhatIsWrittenFromInsideOfIt) {
  Peer peer(PEERS_DIR, "graphql");
  EngineRunner runner(PeerPlan(peer.host(), std::string(kLogin) + R"(
      - set: { n: "0" }
      - subscribe:
          url: "${ws}"
          query: "subscription messageAdded($c: ID!, $n: Int) { messageAdded(channelId: $c, count: $n) { id content } }"
          variables: { c: "1", n: "${2 + 1}" }
          connection_params: { authorization: "Bearer ${token}" }
          checks: { acknowledged: connected and ok and status == 101 and connecting_ms > 0 }
          record: { value: connecting_ms }
          tags: { run: "r${iteration}" }
          every:
            - interval: 5ms
              steps:
                - graphql:
                    query: "mutation sendMessage($c: ID!, $t: String!) { sendMessage(channelId: $c, content: $t) { id } }"
                    variables: { c: "1", t: "hello" }
                    checks: { answered: data.sendMessage.id and message == nil }
          on_next:
            - set: { n: n + 1, heard: data.messageAdded.content }
            - graphql:
                query: query profile { me { name } }
                checks: { answer's data: 'data.me.name == "u1"' }
            - check: { result again: 'data.messageAdded.content == "hello" and errors == nil and json.type == "next"' }
            - record: { seen: 1 }
      - check: { over: n == 3 and message == nil }
)"));
  runner.Run();
  EXPECT_TRUE(runner.errors().empty());
  ExpectChecks(runner, {"signed in", "acknowledged", "over"});
  ExpectChecks(runner, {"answer's data", "result again"}, 3);
  EXPECT_EQ(runner.Count("seen"), 3);
  const Tags tags = {{"name", "messageAdded"}, {"run", "r0"}, {"scenario", "one"}};
  EXPECT_EQ(runner.Count("graphql_next", tags), 3);
  EXPECT_EQ(runner.Count("ws_sessions", tags), 1);
  EXPECT_EQ(runner.Count("ws_msgs_received", tags), 5);  // with connection_ack and complete
  EXPECT_EQ(runner.Count("ws_msgs_sent", tags), 2);      // connection_init and subscribe
  EXPECT_EQ(runner.Count("ws_errors"), 0);
  EXPECT_EQ(runner.Value("ws_open").gauge.value, 0);
  EXPECT_GE(runner.Value("graphql_failed", {{"name", "sendMessage"}}).total, 3u);
}

TEST(GraphqlPeer, ManyUsersHearEachOtherAndEndTheirSubscriptionsThemselves) {
  Peer peer(PEERS_DIR, "graphql");
  EngineRunner runner(PeerPlan(peer.host(), std::string(kLogin) + R"(
      - subscribe:
          name: listen
          url: "${ws}"
          query: "subscription ($c: ID!) { messageAdded(channelId: $c) { content } }"
          variables: { c: "2" }
          connection_params: { authorization: "Bearer ${token}" }
          hold: 400ms
          every:
            - interval: 20ms
              steps: [ { graphql: { name: write, query: "mutation ($t: String!) { sendMessage(channelId: 2, content: $t) { id } }", variables: { t: "u${user.id}" } } } ]
          on_next:
            - when: data.messageAdded.content ~= "u" .. user.id
              steps: [ { record: { seen: 1 } } ]
)",
                               4));
  runner.Run();
  EXPECT_TRUE(runner.errors().empty());
  EXPECT_GT(runner.Count("seen"), 0);
  EXPECT_EQ(runner.Count("ws_sessions", {{"name", "listen"}}), 4);
  EXPECT_EQ(runner.Count("ws_msgs_sent", {{"name", "listen"}}), 12);  // with complete
  EXPECT_EQ(runner.Count("ws_errors"), 0);
}

TEST(GraphqlPeer, ASubscriptionThatIsRefusedSaysWhyAndErrorsOfAResultEndNothing) {
  Peer peer(PEERS_DIR, "graphql");
  EngineRunner runner(PeerPlan(peer.host(), std::string(kLogin) + R"(
      - subscribe:
          name: forbidden
          url: "${ws}"
          query: "subscription { messageAdded(channelId: 1) { id } }"
          connection_params: { refuse: true }
          checks: { not acknowledged: not connected and not ok and error == "graphql" }
      - subscribe:
          name: nobody
          url: "${ws}"
          query: "subscription { messageAdded(channelId: 1) { id } }"
      - subscribe: { name: invalid, url: "${ws}", query: "subscription { nothing }" }
      - subscribe:
          name: poisoned
          url: "${ws}"
          query: "subscription { messageAdded(channelId: 1, count: 1) { id } }"
          connection_params: { authorization: "Bearer ${token}" }
          on_subscribed:
            - repeat: 1
              steps: [ { sleep: 100ms }, { graphql: { query: "mutation { sendMessage(channelId: 1, content: \"poison\") { id } }" } } ]
          on_next:
            - check:
                a result with errors: data == nil and not ok and error == "graphql" and string.find(errors[1].message, "non%-null")
      - subscribe: { name: no server, url: "ws://127.0.0.1:1/graphql", query: "subscription { a }", checks: { refused: error == "connection_refused" } }
)"));
  runner.Run();
  ExpectChecks(runner, {"signed in", "not acknowledged", "a result with errors", "refused"});
  std::string errors;
  for (const v1::ErrorCount& error : runner.errors()) {
    errors += error.kind() + " " + error.step() + ": " + error.detail() + "\n";
  }
  EXPECT_THAT(errors, HasSubstr("graphql forbidden: the server closed with code 4403 Forbidden"));
  EXPECT_THAT(errors, HasSubstr("graphql nobody: sign in first"));
  EXPECT_THAT(errors, HasSubstr("graphql invalid: Cannot query field"));
  EXPECT_THAT(errors, HasSubstr("graphql poisoned: Cannot return null"));
  // A result with errors breaks no connection; whom the server does not know gets one, too.
  EXPECT_EQ(runner.Count("ws_errors"), 3);
  EXPECT_EQ(runner.Count("graphql_next"), 2);
}

// A server that selects the protocol and then goes its own way. What it read is in `read`.
using Stream = beast::websocket::stream<BoostTcp::socket&>;
std::unique_ptr<EngineRunner> Against(const std::function<void(Stream&)>& serve,
                                      const std::string& more, bool select = true) {
  LoopbackServer server(1, [&](BoostTcp::socket& socket) {
    Stream stream(socket);
    stream.set_option(
        beast::websocket::stream_base::decorator([&](beast::websocket::response_type& response) {
          if (select) {
            response.set(beast::http::field::sec_websocket_protocol, "graphql-transport-ws");
          }
        }));
    boost::system::error_code error;
    stream.accept(error);
    serve(stream);
    beast::flat_buffer buffer;
    while (!error) stream.read(buffer, error);
  });
  auto runner = std::make_unique<EngineRunner>(
      Plan("", "",
           "      - subscribe: { name: s, url: \"" + server.Url() +
               "\", query: \"subscription { a }\"" + more + " }\n      - record: { share: 1 }\n"));
  runner->Run();
  server.Served(1);
  EXPECT_EQ(runner->Value("share").trues, 1u);  // whatever happened, the iteration goes on
  EXPECT_EQ(runner->Value("ws_open").gauge.value, 0);
  return runner;
}

void Say(Stream& stream, const std::string& text) {
  boost::system::error_code error;
  stream.text(true);
  stream.write(boost::asio::buffer(text), error);
}

std::string Hear(Stream& stream) {
  beast::flat_buffer buffer;
  boost::system::error_code error;
  stream.read(buffer, error);
  return beast::buffers_to_string(buffer.data());
}

constexpr char kAck[] = R"({"type":"connection_ack"})";

TEST(SubscribeStep, SaysInitSubscribeAndCompleteAndAnswersPings) {
  std::vector<std::string> heard;
  const auto runner = Against(
      [&](Stream& stream) {
        heard.push_back(Hear(stream));
        Say(stream, R"({"type":"ping","payload":{"a":1}})");
        heard.push_back(Hear(stream));
        Say(stream, kAck);
        heard.push_back(Hear(stream));
        Say(stream, R"({"type":"pong"})");
        Say(stream, R"({"type":"ping"})");
        heard.push_back(Hear(stream));
        Say(stream, R"({"id":"2","type":"next","payload":{"data":{}}})");  // nobody asked for
        Say(stream, R"({"id":"1","type":"next","payload":{"data":{"a":7}}})");
        heard.push_back(Hear(stream));
      },
      ", connection_params: { n: \"${user.id}\" }, on_next: [ { record: { seen: data.a } }, { "
      "close: 1000 } ]");
  EXPECT_THAT(heard,
              testing::ElementsAre(
                  R"({"type":"connection_init","payload":{"n":1}})", R"({"type":"pong"})",
                  R"({"id":"1","type":"subscribe","payload":{"query":"subscription { a }"}})",
                  R"({"type":"pong"})", R"({"id":"1","type":"complete"})"));
  EXPECT_TRUE(runner->errors().empty());
  EXPECT_EQ(runner->Count("seen"), 7);
  EXPECT_EQ(runner->Count("graphql_next"), 1);
}

TEST(SubscribeStep, AServerThatBreaksTheProtocolIsClosedWith4400) {
  const std::pair<bool, const char*> breaks[] = {
      {false, R"({"id":"1","type":"next","payload":{"data":{}}})"},
      {false, "no json"},
      {true, R"({"type":"data","id":"1"})"},
      {true, R"({"id":"1","type":"next","payload":7})"},
      {true, kAck},
  };
  for (const auto& [acknowledged, text] : breaks) {
    uint16_t code = 0;
    const auto runner = Against(
        [&, acknowledged = acknowledged, text = text](Stream& stream) {
          Hear(stream);
          if (acknowledged) Say(stream, kAck);
          Say(stream, text);
          beast::flat_buffer buffer;
          boost::system::error_code error;
          while (!error) stream.read(buffer, error);
          code = stream.reason().code;
        },
        ", checks: { c: connected }");
    EXPECT_EQ(code, 4400) << text;
    EXPECT_EQ(runner->ErrorsOf("graphql"), 1u) << text;
    EXPECT_EQ(runner->errors().size(), 1u) << text;
    EXPECT_EQ(runner->Count("ws_errors"), 1) << text;
    EXPECT_EQ(runner->Value("checks").trues, acknowledged ? 1u : 0u) << text;
  }
}

TEST(SubscribeStep, NoAcknowledgementNoProtocolAndAnAbruptEndAreErrors) {
  const auto silent =
      Against([](Stream&) {}, ", timeout: 100ms, checks: { c: error == \"timeout\" }");
  EXPECT_EQ(silent->ErrorsOf("timeout"), 1u);
  EXPECT_EQ(silent->Value("checks").trues, 1u);

  const auto other = Against([](Stream&) {}, ", checks: { c: error == \"graphql\" }", false);
  EXPECT_EQ(other->ErrorsOf("graphql"), 1u);
  EXPECT_EQ(other->Value("checks").trues, 1u);

  const auto gone = Against(
      [](Stream& stream) {
        Hear(stream);
        Say(stream, kAck);
        Hear(stream);
        stream.next_layer().close();
      },
      ", hold: 1h");
  EXPECT_EQ(gone->ErrorsOf("connection_closed") + gone->ErrorsOf("connection_reset"), 1u);
  EXPECT_EQ(gone->Count("ws_errors"), 1);
}

TEST(SubscribeStep, FaultsAreFoundWhenThePlanLoads) {
  const auto faults = [](const std::string& step) {
    return LoadPlan(Plan("http://h", "", "      - subscribe: { url: \"ws://h/\", " + step + " }\n"),
                    "p.yaml", {})
        .FaultText();
  };
  EXPECT_EQ(faults("query: \"subscription { a }\", on_next: [ { sleep: 1s }, { close: 1000 } ]"),
            "");
  EXPECT_THAT(faults("query: \"subscription { a\""), HasSubstr("no GraphQL document"));
  EXPECT_THAT(faults("query: \"{ a }\", every: [ { interval: 1s, message: x } ]"),
              HasSubstr("`every` needs `steps`"));
  EXPECT_THAT(faults("query: \"{ a }\", on_next: [ { websocket: { url: \"ws://h\" } } ]"),
              HasSubstr("inside of another"));
  EXPECT_THAT(faults("query: \"{ a }\", on_next: [ { send: x } ]"),
              HasSubstr("inside a `websocket` only"));
}

}  // namespace
}  // namespace rampart::agent
