#include "common/plan/load_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace rampart {
namespace {

using testing::HasSubstr;

constexpr std::string_view kPlan = R"(name: p
params: { URL: "http://h", USERS: 10, FOR: 10m }
metrics: { latency: trend }
scenarios:
  main:
    start: 1m
    load:
      ramping_users:
        graceful_ramp_down: 30s
        stages: [ { duration: "${FOR}", target: "${USERS * 2}" } ]
    steps:
      - http: { get: "${URL}/x", checks: { fine: status == 200 }, save: { token: json.token },
                record: { latency: duration_ms } }
      - sleep: 1s
      - when: token ~= nil
        steps: [ { http: { get: "${URL}/${token}" } } ]
thresholds: { latency: "p(95)<200" }
)";

TEST(LoadPlan, ParamsAndTheTimeScaleAreInThePlan) {
  const LoadedPlan loaded = LoadPlan(kPlan, "p.yaml", {{{"USERS", "50"}}, 0.1});
  ASSERT_TRUE(loaded.ok()) << loaded.FaultText();
  const v1::Scenario& main = loaded.plan.scenarios(0);
  EXPECT_EQ(main.load().ramping_users().stages(0).target(), 100);
  EXPECT_EQ(main.load().ramping_users().stages(0).duration().seconds(), 60);
  EXPECT_EQ(main.load().ramping_users().graceful_ramp_down().seconds(), 30);
  EXPECT_EQ(main.start().seconds(), 6);
  EXPECT_EQ(main.steps(1).sleep().min().seconds(), 1);
  EXPECT_EQ(loaded.plan.params(1).value().integer(), 50);
  EXPECT_NE(PlanHash(loaded.plan), PlanHash(LoadPlan(kPlan, "p.yaml", {}).plan));
  EXPECT_EQ(PlanHash(loaded.plan),
            PlanHash(LoadPlan(kPlan, "p.yaml", {{{"USERS", "50"}}, 0.1}).plan));
}

// Faults of a plan with these feeds and this step.
std::string WithFeeds(const std::string& feeds, const std::string& step) {
  return LoadPlan("name: p\nfeeds: " + feeds +
                      "\nscenarios:\n  one:\n    load: { constant_users: { users: 1, duration: 1s "
                      "} }\n    steps:\n      - " +
                      step + "\n",
                  "p.yaml", {})
      .FaultText();
}

TEST(LoadPlan, FeedsAndWhoTakesFromThem) {
  EXPECT_EQ(WithFeeds("{ users: u.csv, unused: { file: o.jsonl, order: unique } }",
                      "group: g\n        steps: [ { take: users }, { set: { x: row.id } } ]"),
            "");
  EXPECT_EQ(
      WithFeeds("{ users: u.csv }",
                "group: g\n        steps: [ { take: { from: users, as: person } }, { set: { x: "
                "person.id } } ]"),
      "");
  EXPECT_EQ(WithFeeds("{ users: u.csv }", "take: user"),
            "p.yaml:7:9: there is no feed `user` (did you mean `users`?)\n");
  EXPECT_EQ(WithFeeds("{}", "take: users"),
            "p.yaml:7:9: there is no feed `users`: name it under `feeds`\n");
  EXPECT_THAT(WithFeeds("{ users: u.csv }", "take: { from: users, as: a-b }"),
              HasSubstr("p.yaml:7:9: `as` needs the name of a variable, not `a-b`"));
  EXPECT_EQ(WithFeeds("{ users: u.txt }", "take: users"),
            "p.yaml:2:10: feed file u.txt: a feed is a .csv file with a head line, or a .jsonl "
            "file\n");
  EXPECT_THAT(WithFeeds("{ users: u.csv, users: v.csv }", "take: users"), HasSubstr("p.yaml:2:24"));
  EXPECT_THAT(WithFeeds("{ users: { file: u.csv, order: sorted } }", "take: users"),
              HasSubstr("one of sequential, random, unique"));
}

TEST(LoadPlan, TheHashCoversEveryFilesNameAndContent) {
  const v1::Plan plan = LoadPlan(kPlan, "p.yaml", {}).plan;
  const auto hash = [&plan](std::vector<std::pair<std::string, std::string>> files) {
    google::protobuf::RepeatedPtrField<v1::PlanFile> made;
    for (auto& [name, content] : files) {
      made.Add()->set_name(name);
      made.rbegin()->set_content(content);
    }
    return PlanHash(plan, made);
  };
  EXPECT_EQ(hash({}), PlanHash(plan));
  const std::set<uint64_t> different = {hash({}), hash({{"a", "bc"}}), hash({{"ab", "c"}}),
                                        hash({{"a", "bd"}}), hash({{"a", "b"}, {"", "c"}})};
  EXPECT_EQ(different.size(), 5u);
}

// The plan with `from` written as `to`: its faults.
std::string With(std::string_view from, std::string_view to) {
  std::string text(kPlan);
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  return LoadPlan(text, "p.yaml", {}).FaultText();
}

TEST(LoadPlan, EveryMistakeIsNamedWhereItStands) {
  EXPECT_THAT(
      With("status == 200", "stauts == 200"),
      HasSubstr("p.yaml:12:44: `stauts` in `stauts == 200` is not known (did you mean `status`?)"));
  EXPECT_THAT(With("status == 200", "status == "), HasSubstr("is no Lua expression"));
  EXPECT_THAT(With("${URL}/${token}", "${URL}/${tokn}"), HasSubstr("did you mean `token`?"));
  EXPECT_THAT(With("latency: duration_ms", "latncy: duration_ms"),
              HasSubstr("there is no metric `latncy` (did you mean `latency`?)"));
  EXPECT_THAT(With("latency: duration_ms", "http_reqs: 1"), HasSubstr("is measured by Rampart"));
  EXPECT_THAT(With("\"p(95)<200\"", "\"rate<200\""), HasSubstr("p.yaml:17:"));
  EXPECT_THAT(With("thresholds: { latency", "thresholds: { latenc"),
              HasSubstr("no metric `latenc`"));
  EXPECT_THAT(With("{ latency: trend }", "{ latency: trend, vus: gauge }"), HasSubstr("built-in"));
  EXPECT_THAT(With("${USERS * 2}", "2000000"), HasSubstr("more than 1,000,000 users"));
  EXPECT_THAT(With("${USERS * 2}", "${USRS}"), HasSubstr("only params are known"));
  EXPECT_THAT(With("\"${FOR}\"", "8d"), HasSubstr("over 7 days"));
  EXPECT_THAT(With("      - sleep: 1s", "      - send: hello"),
              HasSubstr("inside a `websocket` only"));
  EXPECT_THAT(With("        steps: [ { http: { get: \"${URL}/${token}\" } } ]\n", ""),
              HasSubstr("`steps` is missing"));
}

// An agent compiles every text there is, an empty one too.
TEST(LoadPlan, WhatIsEmptyIsNoExpression) {
  for (const char* nothing : {"\"\"", "''", "~", "{ expression: \"\" }"}) {
    EXPECT_EQ(With("fine: status == 200", std::string("fine: ") + nothing),
              "p.yaml:12:44: `fine` has no expression\n")
        << nothing;
  }
  EXPECT_THAT(With("token: json.token", "token: "), HasSubstr("`token` has no expression"));
  EXPECT_THAT(With("latency: duration_ms", "latency: "), HasSubstr("`latency` has no expression"));
  EXPECT_EQ(With("      - sleep: 1s",
                 "      - repeat: { times: \"\" }\n        steps: [ { sleep: 1s } ]"),
            "p.yaml:14:26: `times` is empty\n");
  EXPECT_EQ(With("      - sleep: 1s",
                 "      - for_each: { in: '', as: x }\n        steps: [ { sleep: 1s } ]"),
            "p.yaml:14:25: `in` is empty\n");
  EXPECT_THAT(
      With("      - sleep: 1s", "      - http: { post: /x, multipart: { a: { file: \"\" } } }"),
      HasSubstr("p.yaml:14:40: `file` is empty"));
}

TEST(LoadPlan, HeadersHaveNamesOfHeaders) {
  for (const char* name : {"'X-${URL}'", "'X-${'", "\"a b\"", "\"a\\r\\nb\"", "''", "'a:'"}) {
    EXPECT_THAT(With("      - sleep: 1s",
                     std::string("      - http: { get: /, headers: { ") + name + ": x } }"),
                HasSubstr("p.yaml:14:36: "))
        << name;
    EXPECT_THAT(
        With("scenarios:", std::string("http: { headers: { ") + name + ": x } }\nscenarios:"),
        HasSubstr("is no name of a header"))
        << name;
  }
  EXPECT_EQ(
      With("      - sleep: 1s", "      - http: { get: /, headers: { X_y.z-1: \"${token}\" } }"),
      "");
}

TEST(LoadPlan, StepsOfAConnectionStandInsideOfIt) {
  const auto instead = [](const std::string& step) { return With("      - sleep: 1s", step); };
  EXPECT_THAT(instead("      - emit: { event: e }"), HasSubstr("inside a `socketio` only"));
  EXPECT_THAT(instead("      - close: 1000"),
              HasSubstr("inside a `websocket`, `socketio`, `subscribe` or `sse` only"));
  EXPECT_THAT(instead("      - websocket: { url: u, on_open: [ { emit: { event: e } } ] }"),
              HasSubstr("inside a `socketio` only"));
  EXPECT_THAT(instead("      - socketio: { url: u, on_connect: [ { send: text } ] }"),
              HasSubstr("inside a `websocket` only"));
  EXPECT_THAT(instead("      - socketio: { url: u, on: { e: [ { websocket: { url: u } } ] } }"),
              HasSubstr("inside of another: a user has one at a time"));
  EXPECT_THAT(instead("      - socketio: { url: u, on: { e: [] } }"), HasSubstr("for each event"));
  EXPECT_THAT(instead("      - socketio: { url: u, auth: [ 1 ] }"), HasSubstr("must be a map"));
  EXPECT_THAT(instead("      - socketio: { url: u, every: [ { interval: 1s, message: m } ] }"),
              HasSubstr("no `message`"));
  EXPECT_THAT(instead("      - socketio: { url: u, every: [ { interval: 1s } ] }"),
              HasSubstr("needs `steps`"));
  EXPECT_THAT(instead("      - socketio: { url: u, record: { latncy: 1 } }"),
              HasSubstr("did you mean `latency`?"));
  EXPECT_THAT(
      instead(
          "      - socketio: { url: u, on_connect: [ { emit: { event: e, save: { x: ok } } } ] }"),
      HasSubstr("need `ack: true`"));
  EXPECT_EQ(instead("      - socketio:\n"
                    "          url: u\n"
                    "          every: [ { interval: 1s, steps: [ { emit: { event: e } } ] } ]\n"
                    "          on:\n"
                    "            e:\n"
                    "              - when: args and event\n"
                    "                steps:\n"
                    "                  - emit: { event: e, ack: true, save: { answer: ok } }\n"
                    "                  - check: { answered: answer }\n"
                    "                  - close: 1000"),
            "");
}

TEST(LoadPlan, OnCloseWaitsForNothing) {
  const auto with = [](const std::string& steps) {
    return With("      - sleep: 1s", "      - websocket: { url: u, on_close: [ " + steps + " ] }");
  };
  EXPECT_THAT(with("{ sleep: 1s }"), HasSubstr("wait for nothing only"));
  EXPECT_THAT(with("{ http: { get: /x } }"), HasSubstr("wait for nothing only"));
  EXPECT_THAT(with("{ repeat: 2, steps: [ { set: { x: ok } } ] }"), HasSubstr("for nothing only"));
  EXPECT_THAT(with("{ when: ok, steps: [ { group: g, steps: [ { sleep: 1s } ] } ] }"),
              HasSubstr("wait for nothing only"));
  EXPECT_THAT(with("{ choose: [ { steps: [ { close: 1000 } ] } ] }"), HasSubstr("for nothing"));
  EXPECT_EQ(with("{ record: { latency: 1 } }, { set: { x: ok } }, { check: { c: ok } }, "
                 "{ when: ok, steps: [ { group: g, steps: [ { fail: f } ] } ] }, "
                 "{ choose: [ { steps: [ { set: { x: ok } } ] } ] }"),
            "");
}

TEST(LoadPlan, PlansAreUtf8) {
  const std::string plan(kPlan);
  const auto faults = [](const std::string& text, const PlanOptions& options) {
    return LoadPlan(text, "p.yaml", options).FaultText();
  };
  std::string latin1 = plan;
  latin1.replace(latin1.find("main:"), 4, "m\xE4in");
  EXPECT_THAT(faults(latin1, {}), HasSubstr("p.yaml:5:1: the line is not UTF-8"));
  EXPECT_THAT(faults("name: \xFF", {}), HasSubstr("p.yaml:1:1: the line is not UTF-8"));
  EXPECT_THAT(faults(plan, {{{"URL", "http://\xE4"}}}), HasSubstr("is not UTF-8"));
  std::string made = plan;
  made.replace(made.find("name: p"), 7, "name: \"${string.char(228)}\"");
  EXPECT_THAT(faults(made, {}), HasSubstr("is not UTF-8"));
}

TEST(LoadPlan, AnOverrideOfNothingIsAFault) {
  EXPECT_THAT(LoadPlan(kPlan, "p.yaml", {{{"USER", "1"}}, 1}).FaultText(),
              HasSubstr("-e USER: the plan has no such param; it has URL, USERS, FOR"));
  EXPECT_FALSE(LoadPlan(kPlan, "p.yaml", {{}, 0}).ok());
}

}  // namespace
}  // namespace rampart
