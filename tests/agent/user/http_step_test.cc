// The `http` step against a server that remembers what it was asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/agent/user/http_plan.h"
#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

namespace http = boost::beast::http;
using testing::HasSubstr;

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
      - set: { evil: '"a\r\nInjected: yes"', feed: '"a\n"', nul: '"a\0b"' }
      - http: { get: /a, headers: { X-Evil: "${evil}" }, checks: { fine: ok } }
      - http: { get: /a, headers: { X-Evil: "${feed}" } }
      - http: { get: /a, headers: { X-Evil: "${nul}" } }
)"));
  runner.Run();
  EXPECT_TRUE(server.requests().empty());
  EXPECT_EQ(runner.ErrorsOf("bad_request"), 3u);
  EXPECT_EQ(runner.Value("checks").trues, 0u);
  EXPECT_EQ(runner.Count("http_reqs"), 0);  // an error only
}

TEST(HttpStep, WithoutAnAnswerThereIsNoneToRead) {
  HttpServer server(Fine);
  // `good` leaves its answer in the buffers that the others get.
  EngineRunner runner(Plan(server, R"(
      - set: { evil: '"a\r\n"' }
      - http: { name: good, get: /a, checks: { read: json.id == 7 } }
      - http: { name: unsent, get: /a, headers: { X: "${evil}" }, checks: { unsent: "json or #body > 0" } }
      - http: { name: nowhere, get: "gopher://x/", checks: { nowhere: 'json or headers["content-type"]' } }
)"));
  runner.Run();
  EXPECT_EQ(runner.Value("checks", {{"check", "read"}}).trues, 1u);
  EXPECT_EQ(runner.Value("checks", {{"check", "unsent"}}).trues, 0u);
  EXPECT_EQ(runner.Value("checks", {{"check", "nowhere"}}).trues, 0u);
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

TEST(HttpStep, ThePlansHeadersAndBaseUrlHoldUnlessTheStepHasItsOwn) {
  HttpServer server(Fine);
  HttpServer elsewhere(Fine);
  EngineRunner runner(Plan(
      server.url(),
      R"(base_url: "${API}/v1/", headers: { X-All: all, Accept: text/plain, Content-Type: a/b })",
      R"(
      - http: { post: "/a/${1 + 1}", json: { x: 1 }, headers: { accept: "*/*" } }
      - http: { post: "/raw", body: "abc", headers: { content-length: 3, host: "own.test" } }
      - set: { path: '"/c"' }
      - http: { get: "${path}" }
      - http: { get: ")" +
          elsewhere.url() + "/b\" }\n"));
  runner.Run();
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].target(), "/v1/a/2");
  EXPECT_EQ(requests[2].target(), "/v1/c");
  EXPECT_EQ(Header(requests[0], "X-All"), "all");
  EXPECT_EQ(Header(requests[0], "Content-Type"), "a/b");
  EXPECT_EQ(Header(requests[0], "Accept"), "*/*");
  EXPECT_EQ(requests[0].count("Accept"), 1u);
  EXPECT_EQ(Header(requests[0], "Host"), "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_THAT(Header(requests[0], "User-Agent"), HasSubstr("rampart"));
  EXPECT_EQ(requests[1].body(), "abc");
  EXPECT_EQ(requests[1].count("Content-Length"), 1u);
  EXPECT_EQ(Header(requests[1], "Host"), "own.test");
  ASSERT_EQ(elsewhere.requests().size(), 1u);
  EXPECT_EQ(elsewhere.requests()[0].target(), "/b");
  // Without a name, the URL as it is written, so that ids do not make a series each.
  EXPECT_EQ(runner.Count("http_reqs", {{"name", "/a/${1 + 1}"}}), 1);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(HttpStep, AResetInTheMiddleOfABodyIsAFailureWithItsTime) {
  LoopbackServer server(1, [](BoostTcp::socket& socket) {
    ReadHead(socket);
    boost::asio::write(socket, boost::asio::buffer(
                                   std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")));
    socket.set_option(boost::asio::socket_base::linger(true, 0));
    socket.close();
  });
  EngineRunner runner(Plan(server.Url("", "http"), R"(base_url: "${API}")", R"(
      - http: { get: /, checks: { answered: "status > 0 or #body > 0" } }
      - check: { said: error == "connection_reset" and status == 0 }
)"));
  runner.Run();
  EXPECT_EQ(runner.ErrorsOf("connection_reset"), 1u);
  EXPECT_EQ(runner.Value("http_req_failed").trues, 1u);
  EXPECT_EQ(runner.Value("http_req_duration", {{"error", "connection_reset"}}).trend.count(), 1u);
  EXPECT_EQ(runner.Value("checks", {{"check", "answered"}}).trues, 0u);
  EXPECT_EQ(runner.Value("checks", {{"check", "said"}}).trues, 1u);
}

TEST(HttpStep, ACompressedAnswerIsReadAsWhatItSays) {
  // {"id":7}, by gzip.
  const unsigned char bytes[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
                                 0xab, 0x56, 0xca, 0x4c, 0x51, 0xb2, 0x32, 0xaf, 0x05, 0x00,
                                 0x43, 0x5f, 0x07, 0x12, 0x08, 0x00, 0x00, 0x00};
  const std::string packed(reinterpret_cast<const char*>(bytes), sizeof(bytes));
  HttpServer server([&](const HttpServerRequest& request) -> std::optional<HttpServerResponse> {
    HttpServerResponse response = Respond(200, request.target() == "/bad" ? "{}" : packed);
    response.set(http::field::content_encoding, request.target() == "/shout" ? "GZIP" : "gzip");
    return response;
  });
  EngineRunner runner(Plan(server, R"(
      - http: { get: /, headers: { Accept-Encoding: gzip }, checks: { small: json.id == 7 } }
      - http: { get: /shout, checks: { any case: json.id == 7 } }
      - http: { head: /, checks: { no body: ok and body == "" } }
      - http: { get: /bad, checks: { bad: "#body > 0" } }
)"));
  runner.Run();
  EXPECT_EQ(Header(server.requests()[0], "Accept-Encoding"), "gzip");
  EXPECT_EQ(runner.Value("checks", {{"check", "small"}}).trues, 1u);
  EXPECT_EQ(runner.Value("checks", {{"check", "any case"}}).trues, 1u);
  EXPECT_EQ(runner.Value("checks", {{"check", "no body"}}).trues, 1u);
  EXPECT_EQ(runner.Value("checks", {{"check", "bad"}}).trues, 0u);
  EXPECT_EQ(runner.ErrorsOf("bad_encoding"), 1u);
  EXPECT_EQ(runner.errors().size(), 1u);
}

}  // namespace
}  // namespace rampart::agent
