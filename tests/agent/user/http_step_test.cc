// The `http` step against a server that remembers what it was asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/engine_runner.h"
#include "tests/support/http_server.h"

namespace rampart::agent {
namespace {

namespace http = boost::beast::http;
using testing::HasSubstr;

// One user, `iterations` passes through `steps`.
std::string Plan(const HttpServer& server, const std::string& steps, int iterations = 1,
                 int users = 1) {
  return "name: test\nparams: { API: \"" + server.url() +
         "\" }\nhttp: { base_url: \"${API}\" }\n"
         "metrics:\n  seen: { kind: counter }\n  value: { kind: trend }\n  share: { kind: rate }\n"
         "scenarios:\n  one:\n    load: { iterations_per_user: { users: " +
         std::to_string(users) + ", iterations: " + std::to_string(iterations) +
         " } }\n    steps:\n" + steps;
}

std::optional<HttpServerResponse> Fine(const HttpServerRequest&) {
  return Respond(200, R"({"id":7,"name":"x"})");
}

std::string Header(const HttpServerRequest& request, const char* name) {
  const auto value = request[name];
  return std::string(value.data(), value.size());
}

TEST(HttpStep, EveryMethodIsSentAsItIs) {
  HttpServer server(Fine);
  EngineRunner runner(Plan(server, R"(
      - http: { get: /a }
      - http: { post: /a }
      - http: { put: /a }
      - http: { patch: /a }
      - http: { delete: /a }
      - http: { head: /a }
      - http: { options: /a }
      - http: { request: { method: REPORT, url: /a } }
)"));
  runner.Run();
  std::string methods;
  for (const HttpServerRequest& request : server.requests()) {
    methods += std::string(request.method_string()) + " ";
  }
  EXPECT_EQ(methods, "GET POST PUT PATCH DELETE HEAD OPTIONS REPORT ");
  EXPECT_EQ(runner.Count("http_reqs"), 8);
  EXPECT_EQ(runner.Count("http_reqs", {{"method", "PATCH"}}), 1);
  EXPECT_EQ(runner.Value("http_req_failed").trues, 0u);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(HttpStep, JsonKeepsTypesFormAndBodyAreEncoded) {
  HttpServer server(Fine);
  EngineRunner runner(Plan(server, R"(
      - set: { n: 41 + 1, list: "{1, 2}" }
      - http:
          post: /json
          json: { number: "${n}", text: "n is ${n}", list: "${list}", yes: true, none: null, deep: [ { a: 1.5 } ] }
      - http: { post: /form, form: { a: "1 & 2", "b c": "${n}" } }
      - http: { post: /raw, body: "raw ${n}", headers: { content-type: text/plain, X-Own: "${user.id}" } }
)"));
  runner.Run();
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(
      requests[0].body(),
      R"({"number":42,"text":"n is 42","list":[1,2],"yes":true,"none":null,"deep":[{"a":1.5}]})");
  EXPECT_EQ(Header(requests[0], "Content-Type"), "application/json");
  EXPECT_EQ(requests[1].body(), "a=1+%26+2&b+c=42");
  EXPECT_EQ(Header(requests[1], "Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(requests[2].body(), "raw 42");
  EXPECT_EQ(Header(requests[2], "Content-Type"), "text/plain");
  EXPECT_EQ(Header(requests[2], "X-Own"), "1");
}

TEST(HttpStep, ALineBreakInAHeaderIsNotSent) {
  HttpServer server(Fine);
  EngineRunner runner(Plan(server, R"(
      - set: { evil: '"a\r\nInjected: yes"' }
      - http: { get: /a, headers: { X-Evil: "${evil}" }, checks: { fine: ok } }
)"));
  runner.Run();
  EXPECT_TRUE(server.requests().empty());
  EXPECT_EQ(runner.ErrorsOf("bad_request"), 1u);
  EXPECT_EQ(runner.Value("checks").trues, 0u);
}

TEST(HttpStep, SavesAppendsRecordsAndChecks) {
  HttpServer server(Fine);
  EngineRunner runner(Plan(server, R"(
      - repeat: 3
        steps:
          - http:
              get: /a
              checks: { is fine: status == 200, has seven: json.id == 7, is eight: json.id == 8 }
              record: { value: duration_ms, share: ok, seen: json.id }
              save: { id: json.id, kind: 'headers["content-type"]' }
              append: { ids: json.id }
      - check: { saved: id == 7 and kind == "application/json", appended: "#ids == 3" }
)"));
  runner.Run();
  EXPECT_EQ(runner.Value("checks", {{"check", "has seven"}}).trues, 3u);
  EXPECT_EQ(runner.Value("checks", {{"check", "is eight"}}).trues, 0u);
  EXPECT_EQ(runner.Value("checks", {{"check", "saved"}}).trues, 1u);
  EXPECT_EQ(runner.Value("checks", {{"check", "appended"}}).trues, 1u);
  EXPECT_EQ(runner.Count("seen"), 21);
  EXPECT_EQ(runner.Value("share").trues, 3u);
  EXPECT_EQ(runner.Value("value").trend.count(), 3u);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(HttpStep, AfterAFailureNothingIsSavedAndNoExpressionIsAtFault) {
  HttpServer server([](const HttpServerRequest& request) -> std::optional<HttpServerResponse> {
    return request.target() == "/good" ? Respond(200, R"({"id":1})") : Respond(500, "oh");
  });
  EngineRunner runner(Plan(server, R"(
      - http: { name: good, get: /good, save: { id: json.id } }
      - http: { name: bad, get: /bad, checks: { deep: json.a.b.c }, save: { id: json.a.b }, record: { value: json.a.b } }
      - check: { kept: id == 1, said: status == 500 and not ok and error == "http_status" }
      - http: { name: strict, get: /good, save: { id: json.a.b } }
      - record: { seen: 1 }
)"));
  runner.Run();
  EXPECT_EQ(runner.Value("checks", {{"check", "deep"}}).total, 1u);
  EXPECT_EQ(runner.Value("checks", {{"check", "deep"}}).trues, 0u);
  EXPECT_EQ(runner.Value("checks", {{"check", "kept"}}).trues, 1u);
  EXPECT_EQ(runner.Value("checks", {{"check", "said"}}).trues, 1u);
  EXPECT_EQ(runner.Value("value").trend.count(), 0u);
  EXPECT_EQ(runner.ErrorsOf("http_status"), 1u);
  EXPECT_EQ(runner.ErrorsOf("script"), 1u);  // the strict one
  EXPECT_EQ(runner.Count("seen"), 0);        // which ended the iteration
}

TEST(HttpStep, ExpectedStatusesAreNoFailures) {
  HttpServer server([](const HttpServerRequest&) { return Respond(404); });
  EngineRunner runner(Plan(server, R"(
      - http: { get: /a, expect_status: [ 404, 410 ], checks: { expected: ok } }
      - http: { get: /a }
)"));
  runner.Run();
  const SeriesValue failed = runner.Value("http_req_failed");
  EXPECT_EQ(failed.total, 2u);
  EXPECT_EQ(failed.trues, 1u);
  EXPECT_EQ(runner.Value("checks").trues, 1u);
}

TEST(HttpStep, SamplesCarryTheirTags) {
  HttpServer server(Fine);
  EngineRunner runner(Plan(server, R"(
      - group: outer
        steps:
          - repeat: { times: 2, as: i }
            steps: [ { http: { name: asked, get: "/a?i=${i}", tags: { fixed: f, odd: "${i % 2}" } } } ]
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("http_reqs", {{"fixed", "f"},
                                       {"group", "outer"},
                                       {"method", "GET"},
                                       {"name", "asked"},
                                       {"odd", "1"},
                                       {"scenario", "one"},
                                       {"status", "200"}}),
            1);
  EXPECT_EQ(runner.Count("http_reqs", {{"odd", "0"}}), 1);
  EXPECT_EQ(server.requests()[1].target(), "/a?i=2");
}

TEST(HttpStep, FailuresWithoutAnAnswerAreClassified) {
  HttpServer server([](const HttpServerRequest& request) -> std::optional<HttpServerResponse> {
    if (request.target() == "/slow") std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return std::nullopt;
  });
  EngineRunner runner(Plan(server, R"(
      - http: { name: empty, post: /empty }
      - http: { name: slow, get: /slow, timeout: 100ms }
      - http: { name: refused, get: "http://127.0.0.1:1/" }
      - http: { name: nowhere, get: "gopher://127.0.0.1/" }
)"));
  runner.Run();
  EXPECT_EQ(runner.ErrorsOf("connection_closed"), 1u);
  EXPECT_EQ(runner.ErrorsOf("timeout"), 1u);
  EXPECT_EQ(runner.ErrorsOf("connection_refused"), 1u);
  EXPECT_EQ(runner.ErrorsOf("bad_url"), 1u);
  EXPECT_EQ(runner.Count("http_reqs"), 4);
  EXPECT_EQ(runner.Value("http_req_failed").trues, 4u);
  const SeriesValue slow = runner.Value("http_req_duration", {{"name", "slow"}});
  EXPECT_EQ(slow.trend.count(), 1u);
  EXPECT_GE(slow.trend.Min(), 50);  // the timeout counts from before the connect
  EXPECT_EQ(runner.Value("http_req_duration", {{"name", "refused"}}).trend.count(), 0u);
  EXPECT_EQ(runner.Count("http_reqs", {{"error", "timeout"}, {"status", "0"}}), 1);
}

HttpServerResponse Redirect(unsigned status, const std::string& location) {
  HttpServerResponse response = Respond(status);
  response.set(http::field::location, location);
  return response;
}

TEST(HttpStep, RedirectsAreFollowedAsRfc9110Says) {
  HttpServer elsewhere(Fine);
  const std::string other = elsewhere.url();
  HttpServer server([&](const HttpServerRequest& request) -> std::optional<HttpServerResponse> {
    const std::string target(request.target());
    if (target == "/dir/302") return Redirect(302, "next");
    if (target == "/307") return Redirect(307, "/landed");
    if (target == "/away") return Redirect(301, other + "/landed");
    if (target == "/loop") return Redirect(303, "/loop");
    return Respond(200);
  });
  EngineRunner runner(Plan(server, R"(
      - http: { name: a, post: /dir/302, json: { x: 1 } }
      - http: { name: b, post: /307, body: kept }
      - http: { name: c, get: /away, headers: { Authorization: secret }, checks: { landed: url } }
      - http: { name: d, get: /loop, max_redirects: 3 }
      - http: { name: e, get: /loop, max_redirects: 0, checks: { itself: status == 303 and ok } }
)"));
  runner.Run();
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 10u);
  EXPECT_EQ(requests[1].target(), "/dir/next");
  EXPECT_EQ(requests[1].method(), http::verb::get);
  EXPECT_EQ(requests[1].body(), "");
  EXPECT_EQ(Header(requests[1], "Content-Type"), "");
  EXPECT_EQ(requests[3].target(), "/landed");
  EXPECT_EQ(requests[3].method(), http::verb::post);
  EXPECT_EQ(requests[3].body(), "kept");
  EXPECT_EQ(Header(requests[4], "Authorization"), "secret");
  ASSERT_EQ(elsewhere.requests().size(), 1u);
  EXPECT_EQ(Header(elsewhere.requests()[0], "Authorization"), "");
  EXPECT_EQ(runner.ErrorsOf("too_many_redirects"), 1u);
  EXPECT_EQ(runner.Count("http_reqs"), 11);
  EXPECT_EQ(runner.Value("checks", {{"check", "itself"}}).trues, 1u);
}

TEST(HttpStep, CookiesAreEachUsersOwn) {
  HttpServer server([](const HttpServerRequest& request) -> std::optional<HttpServerResponse> {
    HttpServerResponse response = Respond(200);
    if (request.target().starts_with("/in")) {
      response.set(http::field::set_cookie, "who=" + Header(request, "X-User") + "; Path=/");
    }
    return response;
  });
  EngineRunner runner(Plan(server, R"(
      - when: iteration == 0
        steps: [ { http: { name: in, get: /in, headers: { X-User: "${user.id}" } } } ]
      - http: { name: me, get: "/me/${user.id}" }
)",
                           3, 2));
  runner.Run();
  int seen = 0;
  for (const HttpServerRequest& request : server.requests()) {
    const std::string target(request.target());
    if (!target.starts_with("/me/")) continue;
    ++seen;
    EXPECT_EQ(Header(request, "Cookie"), "who=" + target.substr(4));
  }
  EXPECT_EQ(seen, 6);
}

TEST(HttpStep, AResponseIsKeptForStepsThatAskForItLater) {
  HttpServer server(Fine);
  EngineRunner runner(Plan(server, R"(
      - http: { get: /a }
      - when: json.id == 7
        steps: [ { record: { seen: 1 } } ]
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 1);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(HttpStep, WhatIsInFlightAtAnAbortIsCutInTimeAndIsNoFailure) {
  Once<bool> asked;
  Once<bool> release;
  HttpServer server([&](const HttpServerRequest&) -> std::optional<HttpServerResponse> {
    asked.Set(true);
    release.Wait();
    return Respond(200);
  });
  EngineRunner runner(Plan(server, "      - http: { get: /a, checks: { fine: ok } }\n"));
  ASSERT_TRUE(runner.engine().Arm("").ok());
  runner.Begin();
  asked.Wait();
  const int64_t stopped_ns = MonotonicNow();
  runner.engine().Stop(v1::ABORT);
  runner.Drained();
  EXPECT_LT(MonotonicNow() - stopped_ns, Engine::kCancelNs + 1'000'000'000);
  release.Set(true);
  runner.Collect();
  EXPECT_EQ(runner.Count("http_reqs"), 1);
  EXPECT_EQ(runner.Value("http_req_failed").total, 0u);
  EXPECT_EQ(runner.Value("checks").total, 0u);
  EXPECT_EQ(runner.Count("interrupted_iterations"), 1);
}

TEST(HttpStep, ArrivalsAreMeasuredFromWhenTheyWereDue) {
  HttpServer server(Fine);
  EngineRunner runner(
      "name: test\nscenarios:\n  one:\n    load: { constant_arrival_rate: { rate: "
      "100/s, duration: 100ms, users: 5 } }\n    steps: [ { http: { get: \"" +
      server.url() + "/\" } } ]\n");
  runner.Run();
  const SeriesValue plain = runner.Value("http_req_duration");
  const SeriesValue intended = runner.Value("http_req_intended_duration");
  EXPECT_EQ(intended.trend.count(), plain.trend.count());
  EXPECT_GE(intended.trend.Sum(), plain.trend.Sum());
}

}  // namespace
}  // namespace rampart::agent
