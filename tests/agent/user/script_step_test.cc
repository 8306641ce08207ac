// The `script` step, what it sees of a response, and `repeat` with its pace.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/agent/user/http_plan.h"
#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

namespace http = boost::beast::http;
using testing::HasSubstr;

std::optional<HttpServerResponse> WithCookies(const HttpServerRequest&) {
  HttpServerResponse response = Respond(200, R"({"items": [3, 1, 2]})");
  response.insert(http::field::set_cookie, "session=abc=; Path=/; HttpOnly");
  response.insert(http::field::set_cookie, " theme = dark ;Secure");
  return response;
}

TEST(ScriptStep, ReadsTheResponseAndSetsVariables) {
  HttpServer server(WithCookies);
  EngineRunner runner(Plan(server,
                           R"(
      - http: { get: /a }
      - script: |
          sum = 0
          for _, n in ipairs(json.items) do sum = sum + n end
          sorted = copy(json.items)
          table.sort(sorted)
          kind = headers["content-type"]
          function of_user(n) return n * user.id end
      - check:
          summed: sum == 6
          sorted: json_encode(sorted) == "[1,2,3]" and json_encode(json.items) == "[3,1,2]"
          kind: kind == "application/json"
          function: of_user(2) == 2 * user.id
)",
                           1, 3));
  runner.Run();
  for (const char* check : {"summed", "sorted", "kind", "function"}) {
    EXPECT_EQ(runner.Value("checks", {{"check", check}}).trues, 3u) << check;
  }
  EXPECT_TRUE(runner.errors().empty()) << runner.errors()[0].detail();
}

TEST(ScriptStep, CookiesSizeAndTimingsOfTheResponse) {
  HttpServer server(WithCookies);
  EngineRunner runner(Plan(server, R"(
      - check: { none: cookies == nil and body_size == 0 and timings.duration == 0 }
      - http:
          get: /a
          checks:
            cookies: 'cookies.session == "abc=" and cookies.theme == "dark" and cookies.Path == nil'
            size: body_size == 20
            timings: >-
              timings.waiting > 0 and timings.connecting > 0 and timings.tls == 0 and
              math.abs(timings.sending + timings.waiting + timings.receiving - timings.duration) < 0.001 and
              timings.duration == duration_ms and timings.blocked >= 0
      - check:
          later: 'cookies.session == "abc=" and body_size == 20 and timings.duration == duration_ms'
      - http: { get: "http://127.0.0.1:1/", checks: { failed: body_size == 0 } }
)"));
  runner.Run();
  for (const char* check : {"none", "cookies", "size", "timings", "later", "failed"}) {
    EXPECT_EQ(runner.Value("checks", {{"check", check}}).trues, 1u) << check;
  }
}

TEST(ScriptStep, TheSizeIsKnownWithoutTheBody) {
  HttpServer server(
      [](const HttpServerRequest&) { return Respond(200, std::string(5'000'000, 'x')); });
  EngineRunner runner(Plan(server, R"(
      - http: { get: /a, checks: { size: body_size == 5000000 } }
      - check: { later: body_size == 5000000 }
)"));
  runner.Run();
  EXPECT_EQ(runner.Value("checks", {{"check", "size"}}).trues, 1u);
  EXPECT_EQ(runner.Value("checks", {{"check", "later"}}).trues, 1u);
}

TEST(ScriptStep, AnErrorEndsTheIterationWithPlaceAndLine) {
  EngineRunner runner(Plan("http://h", "", R"(
      - script: |
          local a = {}
          a.b.c = 1
      - record: { seen: 1 }
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 0);
  EXPECT_EQ(runner.ErrorsOf("script"), 1u);
  EXPECT_EQ(runner.errors()[0].detail(), "line 2: attempt to set a field of a.b, a nil value");
  EXPECT_EQ(runner.errors()[0].at().line(), 13u);
  EXPECT_EQ(runner.Count("step_errors"), 1);
}

TEST(ScriptStep, WhatUsersShareStaysAsItIs) {
  const std::string yaml =
      "name: test\nmetrics: { seen: counter }\nparams: { LIMITS: { low: 1 } }\n"
      "setup: [ { set: { list: '{1, 2, 3}' } } ]\n"
      "scenarios:\n  one:\n    load: { iterations_per_user: { users: 5, iterations: 1 } }\n"
      "    steps:\n"
      "      - set: { mine: setup.list }\n"
      "      - choose:\n"
      "          - steps: [ { script: 'mine[1] = 9' } ]\n"
      "          - steps: [ { script: 'setup.list = nil' } ]\n"
      "          - steps: [ { script: 'LIMITS.low = 9' } ]\n"
      "          - steps: [ { script: 'table.insert(mine, 4)' } ]\n"
      "teardown:\n"
      "  - check: { same: '#setup.list == 3 and setup.list[1] == 1 and LIMITS.low == 1' }\n";
  EngineRunner runner(yaml);
  runner.Run(true, true);
  EXPECT_EQ(runner.ErrorsOf("script"), 5u);
  for (const v1::ErrorCount& error : runner.errors()) {
    EXPECT_THAT(error.detail(), testing::ContainsRegex("^line 1: .* is not yours to change"));
  }
  EXPECT_EQ(runner.Value("checks", {{"check", "same"}}).trues, 1u);
}

TEST(Repeat, PassesBeginOnAGrid) {
  EngineRunner runner(Plan("http://h", "", R"(
      - script: begins = {}
      - repeat: { times: 6, every: 200ms }
        steps:
          - script: table.insert(begins, now_ms())
          - sleep: 150ms
      - record: { value: 'begins[6] - begins[1]' }
)"));
  runner.Run();
  const double ms = runner.Value("value").trend.Sum();
  EXPECT_GE(ms, 990);
  EXPECT_LT(ms, 1'700);  // 1,750 when the pause came after the pass
}

TEST(Repeat, APassThatTookLongIsNotCaughtUpWith) {
  EngineRunner runner(Plan("http://h", "", R"(
      - script: begins = {}
      - repeat: { times: 4, every: 100ms, as: i }
        steps:
          - script: begins[i] = now_ms()
          - when: i == 1
            steps: [ { sleep: 500ms } ]
      - check:
          late: 'begins[2] - begins[1] >= 495'
          then on the grid: 'begins[3] - begins[2] >= 95 and begins[4] - begins[3] >= 95'
)"));
  runner.Run();
  EXPECT_EQ(runner.Value("checks", {{"check", "late"}}).trues, 1u);
  EXPECT_EQ(runner.Value("checks", {{"check", "then on the grid"}}).trues, 1u);
}

TEST(Repeat, UntilIsAskedAfterEachPass) {
  EngineRunner runner(Plan("http://h", "", R"(
      - repeat: { times: 10, as: i, until: i == 3 }
        steps: [ { record: { seen: 1 } } ]
      - repeat: { times: 1, until: "true", every: 1h }
        steps: [ { record: { seen: 10 } } ]
      - repeat: { times: 5, until: "true", every: 1h }
        steps: [ { record: { seen: 100 } } ]
      - repeat: { times: 0, until: "true" }
        steps: [ { record: { seen: 1000 } } ]
      - repeat: { times: 2, until: "nothing.x" }
        steps: [ { set: { nothing: "nil" } } ]
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 113);
  EXPECT_EQ(runner.ErrorsOf("script"), 1u);
}

TEST(Repeat, APauseEndsWithTheUser) {
  EngineRunner runner(
      "name: test\nmetrics: { seen: counter }\nscenarios:\n  one:\n"
      "    graceful_stop: 0s\n"
      "    load: { constant_users: { users: 3, duration: 200ms } }\n    steps:\n"
      "      - repeat: { times: 10, every: 10h }\n"
      "        steps: [ { record: { seen: 1 } } ]\n");
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 3);
  EXPECT_LT(runner.seconds(), 30);
}

}  // namespace
}  // namespace rampart::agent
