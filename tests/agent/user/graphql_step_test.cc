// The `graphql` step against a server whose answers a test chooses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "common/plan/load_plan.h"
#include "tests/agent/user/http_plan.h"
#include "tests/support/engine_runner.h"
#include "tests/support/http_server.h"

namespace rampart::agent {
namespace {

using testing::HasSubstr;

constexpr char kMe[] = R"({"data":{"me":{"id":"7","name":"x"},"ids":[1,2]}})";

HttpServer::Answer Always(unsigned status, const std::string& body) {
  return [=](const HttpServerRequest&) -> std::optional<HttpServerResponse> {
    return Respond(status, body);
  };
}

TEST(GraphqlStep, SendsQueryVariablesAndOperationAndKeepsItsDataForLater) {
  HttpServer server(Always(200, kMe));
  EngineRunner runner(Plan(server, R"(
      - set: { n: "20" }
      - graphql:
          query: |
            # what a $variable is, GraphQL knows
            query channels($limit: Int!, $q: Filter) {
              channels(limit: $limit, q: $q) { id, at: "$${n}" }
            }
          variables: { limit: "${n}", q: { text: "a ${n} \"b\"", all: [ true, null ] } }
          headers: { X-User: "u${user.id}" }
          checks:
            data is there: data.me.id == "7" and data.ids[2] == 2 and errors == nil
            json is the whole: json.data.me.name == "x"
            ok: ok and status == 200 and error == nil
          record: { value: "#data.ids" }
          save: { id: data.me.id }
          append: { ids: "data.ids[1]" }
      - check: { later: 'data.me.name == "x" and id == "7" and ids[1] == 1' }
      - http: { get: /x, checks: { not here: data == nil } }
      - check: { nor after: data == nil and errors == nil }
)"));
  runner.Run();
  EXPECT_TRUE(runner.errors().empty());
  ASSERT_EQ(server.requests().size(), 2u);
  const HttpServerRequest request = server.requests()[0];
  EXPECT_EQ(request.target(), "/graphql");
  EXPECT_EQ(request.method_string(), "POST");
  EXPECT_EQ(Header(request, "Content-Type"), "application/json");
  EXPECT_EQ(Header(request, "Accept"), "application/graphql-response+json, application/json");
  EXPECT_EQ(Header(request, "X-User"), "u1");
  EXPECT_EQ(request.body(),
            R"({"query":"# what a $variable is, GraphQL knows\nquery channels($limit: Int!, )"
            R"($q: Filter) {\n  channels(limit: $limit, q: $q) { id, at: \"${n}\" }\n}\n",)"
            R"("variables":{"limit":20,"q":{"text":"a 20 \"b\"","all":[true,null]}}})");
  const Tags tags = {{"name", "channels"}, {"scenario", "one"}};
  EXPECT_EQ(runner.Value("graphql_failed", tags).total, 1u);
  EXPECT_EQ(runner.Value("graphql_failed", tags).trues, 0u);
  EXPECT_EQ(runner.Value("http_req_failed", {{"name", "channels"}}).trues, 0u);
  for (const char* check :
       {"data is there", "json is the whole", "ok", "later", "not here", "nor after"}) {
    EXPECT_EQ(runner.Value("checks", {{"check", check}}).trues, 1u) << check;
  }
  EXPECT_EQ(runner.Value("value").trend.Max(), 2);
}

TEST(GraphqlStep, TheNameTagIsTheStepsTheOperationsOrTheUrl) {
  HttpServer server(Always(200, kMe));
  EngineRunner runner(Plan(server, R"(
      - graphql: { name: own, query: "query a { b }" }
      - graphql: { query: "query a { b } query c { d }", operation_name: c, tags: { run: "r${iteration}" } }
      - graphql: { query: "{ b }", url: "/api/gql?v=${1 + 1}", headers: { accept: application/json } }
)"));
  runner.Run();
  EXPECT_TRUE(runner.errors().empty());
  EXPECT_EQ(runner.Value("graphql_failed", {{"name", "own"}}).total, 1u);
  EXPECT_EQ(runner.Value("graphql_failed", {{"name", "c"}, {"run", "r0"}}).total, 1u);
  EXPECT_EQ(runner.Count("http_reqs", {{"name", "c"}, {"run", "r0"}, {"method", "POST"}}), 1);
  EXPECT_EQ(runner.Value("graphql_failed", {{"name", "/api/gql?v=${1 + 1}"}}).total, 1u);
  EXPECT_EQ(server.requests()[1].body(),
            R"({"query":"query a { b } query c { d }","operationName":"c"})");
  EXPECT_EQ(server.requests()[2].target(), "/api/gql?v=2");
  EXPECT_EQ(Header(server.requests()[2], "Accept"), "application/json");
}

TEST(GraphqlStep, ErrorsInAnAnswerAreAFailureThatHttpDoesNotSee) {
  HttpServer server(Always(
      200,
      R"({"errors":[{"message":"who are you?","extensions":{"code":"UNAUTHENTICATED"}}],"data":null})"));
  EngineRunner runner(Plan(server, R"(
      - graphql:
          name: me
          query: query me { me { id } }
          checks:
            said: errors[1].extensions.code == "UNAUTHENTICATED"
            none: data == nil
            failed: not ok and status == 200 and error == "graphql"
            no data no hold: data.me.id == "7"
          save: { id: data.me.id }
      - record: { seen: "id == nil and 1 or 0" }
)"));
  runner.Run();
  for (const char* check : {"said", "none", "failed"}) {
    EXPECT_EQ(runner.Value("checks", {{"check", check}}).trues, 1u) << check;
  }
  EXPECT_EQ(runner.Value("checks", {{"check", "no data no hold"}}).trues, 0u);
  EXPECT_EQ(runner.Value("graphql_failed").trues, 1u);
  EXPECT_EQ(runner.Value("http_req_failed").trues, 0u);
  EXPECT_EQ(runner.Count("seen"), 1);
  ASSERT_EQ(runner.errors().size(), 1u);
  EXPECT_EQ(runner.errors()[0].kind(), "graphql");
  EXPECT_EQ(runner.errors()[0].detail(), "who are you?");
  EXPECT_EQ(runner.errors()[0].step(), "me");
}

TEST(GraphqlStep, WhatIsNoAnswerIsAFailureOfTheNearestClass) {
  const std::pair<unsigned, const char*> answers[] = {
      {200, "<html>"},                             // graphql
      {200, "[]"},                                 // graphql
      {400, R"({"errors":[{"message":"bad"}]})"},  // graphql: it says more than the status
      {502, "<html>"},                             // http_status
      {500, R"({"data":{}})"},                     // http_status
  };
  std::atomic<size_t> next = 0;
  HttpServer server([&](const HttpServerRequest&) -> std::optional<HttpServerResponse> {
    const size_t i = next++;
    if (i >= std::size(answers)) return std::nullopt;  // connection_closed
    return Respond(answers[i].first, answers[i].second);
  });
  EngineRunner runner(Plan(server, R"(
      - repeat: 6
        steps: [ { graphql: { query: "{ a }", checks: { never: ok } } } ]
)"));
  runner.Run();
  EXPECT_EQ(runner.ErrorsOf("graphql"), 3u);
  EXPECT_EQ(runner.ErrorsOf("http_status"), 2u);
  EXPECT_EQ(runner.ErrorsOf("connection_closed"), 1u);
  EXPECT_EQ(runner.errors().size(), 6u);
  EXPECT_EQ(runner.Value("graphql_failed").trues, 6u);
  EXPECT_EQ(runner.Value("graphql_failed").total, 6u);
  EXPECT_EQ(runner.Value("http_req_failed").trues, 4u);
  EXPECT_EQ(runner.Value("checks").trues, 0u);
}

TEST(GraphqlStep, FaultsAreFoundWhenThePlanLoads) {
  const auto faults = [](const std::string& step) {
    return LoadPlan(Plan("http://h", "", "      - graphql: " + step + "\n"), "p.yaml", {})
        .FaultText();
  };
  EXPECT_EQ(faults("{ query: \"query q($a: ID) { b(c: $a) }\", variables: { a: 1 } }"), "");
  EXPECT_THAT(faults("{ query: \"  \" }"),
              HasSubstr("`query` is no GraphQL document: it is empty"));
  EXPECT_THAT(faults("{ query: \"query q { b \" }"), HasSubstr("p.yaml:12:9: `query` is no"));
  EXPECT_THAT(faults("{ query: \"subscription s { b }\" }"), HasSubstr("`subscribe` step"));
  EXPECT_THAT(faults("{ query: \"{ a } { b }\" }"), HasSubstr("operation_name"));
  EXPECT_THAT(faults("{ query: \"{ a }\", record: { http_reqs: 1 } }"), HasSubstr("measured by"));
  EXPECT_THAT(faults("{ query: \"{ a }\", checks: { c: dat.x } }"), HasSubstr("mean `data`"));
}

}  // namespace
}  // namespace rampart::agent
