// GraphQL: good documents, wrong ones and hostile ones, against the real server.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/chat/graphql/document.h"
#include "tests/chat/test_client.h"

namespace rampart::chat {
namespace {

using ::testing::HasSubstr;

class GraphqlTest : public ::testing::Test {
 protected:
  json::value Ask(const std::string& document, const json::value& variables = json::object()) {
    const Answered answer =
        client_.Post("/graphql", {{"query", document}, {"variables", variables}});
    EXPECT_EQ(answer.status, 200u) << answer.body;
    return answer.Json();
  }
  // The data, when there are no errors.
  std::string Data(const std::string& document, const json::value& variables = json::object()) {
    const json::value answer = Ask(document, variables);
    EXPECT_FALSE(answer.as_object().contains("errors")) << json::serialize(answer);
    return json::serialize(answer.at("data"));
  }
  // "CODE: message" of the first error.
  std::string Error(const std::string& document, const json::value& variables = json::object()) {
    const json::value answer = Ask(document, variables);
    if (!answer.as_object().contains("errors")) return "none: " + json::serialize(answer);
    const json::value& error = answer.at("errors").at(0);
    return std::string(error.at("extensions").at("code").as_string()) + ": " +
           std::string(error.at("message").as_string());
  }

  RunningServer server_{Options{}};
  Client client_{server_};
};

TEST_F(GraphqlTest, TheSixOperationsOfAChat) {
  const json::value login =
      Ask("mutation login($email: String!, $password: String!) {"
          "  login(email: $email, password: $password) { token user { id name } } }",
          {{"email", "ann@load.test"}, {"password", "secret"}});
  const json::value& session = login.at("data").at("login");
  EXPECT_EQ(json::serialize(session.at("user")), R"({"id":"1","name":"ann@load.test"})");
  client_.token = std::string(session.at("token").as_string());
  const std::string channel = client_.NewChannel();

  EXPECT_EQ(Data("query channels { channels(limit: 20) { id name } }"),
            R"({"channels":[{"id":")" + channel + R"(","name":"c"}]})");
  EXPECT_EQ(Data("mutation sendMessage($channel: ID!, $content: String!) {"
                 "  sendMessage(channelId: $channel, content: $content) { id content } }",
                 {{"channel", channel}, {"content", "hello \"graph\""}}),
            R"({"sendMessage":{"id":"1","content":"hello \"graph\""}})");
  EXPECT_EQ(Data("query messages($channel: ID!) {"
                 "  messages(channelId: $channel, limit: 20) { id content } }",
                 {{"channel", std::stoi(channel)}}),
            R"({"messages":[{"id":"1","content":"hello \"graph\""}]})");
  EXPECT_EQ(Data("query profile { me { id name email } }"),
            R"({"me":{"id":"1","name":"ann@load.test","email":"ann@load.test"}})");
  EXPECT_EQ(Data("query search($q: String!) {"
                 "  search(query: $q, limit: 10) { total results { id content } } }",
                 {{"q", "graph"}}),
            R"({"search":{"total":1,"results":[{"id":"1","content":"hello \"graph\""}]}})");
  EXPECT_EQ(client_.Get("/api/stats").Json().at("messages_stored"), 1);
}

TEST_F(GraphqlTest, AliasesTypeNamesDefaultsAndComments) {
  client_.SignIn("ann");
  const std::string channel = client_.NewChannel();
  EXPECT_EQ(Data("{ me { __typename name name email } other: me { id } __typename }"),
            R"({"me":{"__typename":"User","name":"ann","email":null},"other":{"id":"1"},)"
            R"("__typename":"Query"})");
  EXPECT_EQ(Data("query ($n: Int = 1, $unset: Int) { # the first\n"
                 " a: channels(limit: $n) { id }, b: channels(limit: $unset) { id } }"),
            R"({"a":[{"id":"1"}],"b":[{"id":"1"}]})");
  EXPECT_EQ(Data("mutation { sendMessage(channelId: 1, content: \"a\\u00e9\\ud83d\\ude00\\n\\\"\")"
                 " { content } }"),
            "{\"sendMessage\":{\"content\":\"a\xC3\xA9\xF0\x9F\x98\x80\\n\\\"\"}}");
  const json::value two = {{"query", "query a { me { id } } query b { me { name } }"},
                           {"operationName", "b"}};
  EXPECT_EQ(client_.Post("/graphql", two).body, R"({"data":{"me":{"name":"ann"}}})");
}

TEST_F(GraphqlTest, ErrorsHaveTheirCodeAndPlace) {
  EXPECT_EQ(json::serialize(Ask("query profile {\n  mine: me { id } }")),
            R"({"errors":[{"message":"sign in first: a bearer token is missing, or not valid",)"
            R"("locations":[{"line":2,"column":3}],"extensions":{"code":"UNAUTHENTICATED"},)"
            R"("path":["mine"]}],"data":{"mine":null}})");
  client_.SignIn("ann");
  EXPECT_EQ(Error("mutation { login(email: \"ann\", password: \"guess\") { token } }"),
            "UNAUTHENTICATED: the password is wrong");
  EXPECT_EQ(Error("{ messages(channelId: \"7\") { id } }"), "NOT_FOUND: there is no channel 7");
  EXPECT_EQ(Error("{ messages(channelId: \"none\") { id } }"), "NOT_FOUND: there is no channel 0");
  EXPECT_EQ(Error("{ channels(limit: 1000) { id } }"),
            "BAD_USER_INPUT: limit must be a number from 1 to 200");
  EXPECT_EQ(Error("{ search(query: \" \") { total } }"), "BAD_USER_INPUT: q holds no word");
  EXPECT_EQ(Error("query ($q: String!) { search(query: $q) { total } }"),
            "BAD_USER_INPUT: variable $q must be String!, and is missing");
  EXPECT_EQ(Error("query ($q: String!) { search(query: $q) { total } }", {{"q", 7}}),
            "BAD_USER_INPUT: variable $q must be String!");
  EXPECT_EQ(Error("query ($n: Int) { channels(limit: $n) { id } }", {{"n", 1.5}}),
            "BAD_USER_INPUT: variable $n must be Int");
  // One field that fails leaves the others.
  const json::value both = Ask("{ me { id } messages(channelId: 9) { id } }");
  EXPECT_EQ(json::serialize(both.at("data")), R"({"me":{"id":"1"},"messages":null})");
}

TEST_F(GraphqlTest, WhatDoesNotFitTheSchemaIsSaidAndNothingRuns) {
  client_.SignIn("ann");
  client_.NewChannel();
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"{ you { id } }", "type Query has no field you"},
      {"{ me { id secret } }", "type User has no field secret"},
      {"{ me }", "field me needs a selection of what User has"},
      {"{ me { id { x } } }", "field id is a scalar and takes no selection"},
      {"{ messages { id } }", "field messages needs the argument channelId"},
      {"{ me(id: 1) { id } }", "field me has no argument id"},
      {"{ channels(limit: \"2\") { id } }", "argument limit must be Int"},
      {"{ channels(limit: 1, limit: 2) { id } }", "argument limit is there twice"},
      {"{ search(query: null) { total } }", "argument query must be String!"},
      {"{ search(query: $q) { total } }", "variable $q is not declared"},
      {"query ($q: String) { search(query: $q) { total } }", "variable $q of type String is"},
      {"query ($q: [String!]!) { search(query: $q) { total } }", "variable $q of type [String]!"},
      {"query ($q: String) { me { id } }", "variable $q is not used"},
      {"query ($q: Thing) { me { id } }", "there is no input type Thing"},
      {"query ($n: Int = \"x\") { channels(limit: $n) { id } }", "the default of $n is no Int"},
      {"{ a: me { id } a: channels { id } }", "there are two fields a"},
      {"mutation { sendMessage(channelId: 1, content: \"x\") { id } other }",
       "type Mutation has no field other"},
  };
  for (const auto& [document, message] : wrong) {
    EXPECT_THAT(Error(document), HasSubstr("GRAPHQL_VALIDATION_FAILED: " + message)) << document;
  }
  EXPECT_EQ(client_.Get("/api/stats").Json().at("messages_stored"), 0);
}

TEST_F(GraphqlTest, WhatIsNoDocumentOrNotSupportedIsRefused) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", "the document has no operation"},
      {"{", "expected a name, found the end"},
      {"{ }", "expected a name, found }"},
      {"{ me { id }", "expected a name, found the end"},
      {"query ( { me { id } }", "expected $"},
      {"mutate { x }", "expected query or mutation, found mutate"},
      {"{ me { ...f } }", "fragments are not supported here"},
      {"fragment f on User { id }", "fragments are not supported here"},
      {"{ me @skip(if: true) { id } }", "directives are not supported here"},
      {"subscription { x }", "subscriptions are not supported here"},
      {"{ search(query: \"\"\"x\"\"\") { total } }", "block strings are not supported here"},
      {"{ search(query: \"x) { total } }", "this string does not end"},
      {"{ search(query: \"\\q\") { total } }", "this string has a wrong escape"},
      {"{ search(query: \"\\udc00\") { total } }", "this string has a wrong escape"},
      {"{ search(query: [\"x\"]) { total } }", "nothing here takes a list or an object"},
      {"{ channels(limit: 01) { id } }", "this is no number"},
      {"{ channels(limit: 1.) { id } }", "this is no number"},
      {"{ me { id } } \x01", "there is a character that no GraphQL document has"},
  };
  for (const auto& [document, message] : wrong) {
    EXPECT_THAT(Error(document), HasSubstr("GRAPHQL_PARSE_FAILED: " + message)) << document;
  }
  EXPECT_EQ(client_.Do(http::verb::post, "/graphql", "{").status, 400u);
  EXPECT_EQ(client_.Post("/graphql", {{"variables", json::object()}}).status, 400u);
  EXPECT_EQ(client_.Post("/graphql", {{"query", "{me{id}}"}, {"variables", 7}}).status, 400u);
  EXPECT_EQ(client_.Get("/graphql").status, 405u);
}

std::string Times(int n, const std::string& text) {
  std::string all;
  for (int i = 0; i < n; ++i) all += text;
  return all;
}

TEST_F(GraphqlTest, HostileDocumentsCostLittle) {
  client_.SignIn("ann");
  EXPECT_THAT(Error(Times(50, "{ a") + Times(50, "}")), HasSubstr("nested over 16 deep"));
  EXPECT_THAT(Error(Times(60'000, "{")), HasSubstr("expected a name"));
  EXPECT_THAT(Error("{" + Times(600, " a") + "}"), HasSubstr("over 500 fields"));
  EXPECT_THAT(Error(Times(60, "{ a }")), HasSubstr("over 50 operations"));
  EXPECT_THAT(Error(Times(70'000, " ")), HasSubstr("over 64 KiB"));
  std::string many = "{";
  for (int i = 0; i < 30; ++i)
    many += " a" + std::to_string(i) + ": search(query: \"a\") { total }";
  EXPECT_THAT(Error(many + "}"), HasSubstr("over 20 fields at its top"));
  EXPECT_THAT(Error("{ me(" + Times(200, "a: 1 ") + ") { id } }"), HasSubstr("over 100 arguments"));
  EXPECT_EQ(Ask("{" + Times(200, " a { b }") + "}").at("errors").as_array().size(), 10u);
  EXPECT_THAT(Error("{ channels(limit: 99999999999999999999) { id } }"),
              HasSubstr("BAD_USER_INPUT: argument limit must be Int"));
  EXPECT_THAT(Error("query ($n: Int = 9999999999) { channels(limit: $n) { id } }"),
              HasSubstr("BAD_USER_INPUT: variable $n must be Int"));
}

// Every prefix of a document, and every document with one byte replaced, is parsed or refused.
TEST(GraphqlDocumentTest, BrokenDocumentsAreRefusedWithTheirPlace) {
  const std::string good =
      "query q($a: ID! = \"x\\u0041\", $b: [Int!]) {\n x: f(a: $a, b: -1.5e3) { g } # end\n}";
  graphql::Fault fault;
  ASSERT_TRUE(graphql::ParseDocument(good, fault).has_value()) << fault.message;
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(graphql::ParseDocument(good.substr(0, size), fault).has_value()) << size;
    EXPECT_FALSE(fault.message.empty());
  }
  for (size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'\0', '"', '{', '}', '\\', '\xFF', '$', '1'}) {
      std::string changed = good;
      changed[i] = c;
      fault = {};
      if (!graphql::ParseDocument(changed, fault).has_value()) {
        EXPECT_FALSE(fault.message.empty());
        EXPECT_LE(fault.at.line, 3);
      }
    }
  }
}

}  // namespace
}  // namespace rampart::chat
