// What each step does to a user, and how a failure shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

using testing::HasSubstr;

std::string Plan(const std::string& steps, const std::string& around = "") {
  return "name: test\nmetrics:\n  seen: { kind: counter }\n  value: { kind: trend }\n"
         "  level: { kind: gauge, merge: sum }\n  share: { kind: rate }\n" +
         around +
         "scenarios:\n  one:\n    load: { iterations_per_user: { users: 1, iterations: 1 } }\n"
         "    steps:\n" +
         steps;
}

TEST(Steps, SetWhenRepeatForEachAndGroup) {
  EngineRunner runner(Plan(R"(
      - set: { list: "{3, 5, 7}", sum: 0 }
      - group: outer
        steps:
          - for_each: { in: list, as: n }
            steps:
              - set: { sum: sum + n }
              - repeat: { times: n, as: i }
                steps: [ { record: { seen: 1, value: i } } ]
          - group: inner
            steps: [ { check: { sum is right: sum == 15, is not sixteen: sum == 16 } } ]
      - when: sum == 15
        steps: [ { record: { level: 2, share: "true" } } ]
      - when: sum ~= 15
        steps: [ { record: { level: 9 } } ]
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 15);
  EXPECT_EQ(runner.Value("value").trend.Sum(), 6 + 15 + 28);
  EXPECT_EQ(runner.Value("level").gauge.value, 2);
  EXPECT_EQ(runner.Value("share").trues, 1u);
  EXPECT_EQ(runner.Value("checks", {{"check", "sum is right"}, {"group", "outer::inner"}}).trues,
            1u);
  EXPECT_EQ(runner.Value("checks", {{"check", "is not sixteen"}}).trues, 0u);
  EXPECT_EQ(runner.Value("group_duration", {{"group", "outer::inner"}}).trend.count(), 1u);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(Steps, ChooseGoesByWeight) {
  EngineRunner runner(
      "name: test\nmetrics:\n  seen: { kind: counter }\nscenarios:\n  one:\n"
      "    load: { iterations_per_user: { users: 10, iterations: 1000 } }\n    steps:\n"
      "      - choose:\n"
      "          - { weight: 3, steps: [ { record: { values: { seen: 1 }, tags: { way: a } } } ] "
      "}\n"
      "          - { weight: 1, steps: [ { record: { values: { seen: 1 }, tags: { way: b } } } ] "
      "}\n"
      "          - { weight: 0.000001, steps: [ { sleep: 0s } ] }\n");
  runner.Run();
  const double a = runner.Count("seen", {{"way", "a"}});
  const double b = runner.Count("seen", {{"way", "b"}});
  EXPECT_NEAR(a + b, 10'000, 5);
  EXPECT_NEAR(a, 7'500, 250);  // over five standard deviations
}

TEST(Steps, TagsThatAreRenderedMakeASeriesEach) {
  EngineRunner runner(Plan(R"(
      - repeat: { times: 4, as: i }
        steps: [ { record: { values: { seen: 1 }, tags: { odd: "${i % 2}" } } } ]
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("seen", {{"odd", "0"}}), 2);
  EXPECT_EQ(runner.Count("seen", {{"odd", "1"}}), 2);
}

TEST(Steps, NilRecordsNothing) {
  EngineRunner runner(Plan("      - record: { value: \"nil\" }\n"));
  runner.Run();
  EXPECT_EQ(runner.Value("value").trend.count(), 0u);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(Steps, FailEndsTheIterationWithItsWordsAndPlace) {
  EngineRunner runner(Plan(R"(
      - fail: "user ${user.id} has had enough"
      - record: { seen: 1 }
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 0);
  EXPECT_EQ(runner.Count("iterations"), 1);
  EXPECT_EQ(runner.Count("step_errors"), 1);
  ASSERT_EQ(runner.errors().size(), 1u);
  EXPECT_EQ(runner.errors()[0].kind(), "plan");
  EXPECT_EQ(runner.errors()[0].detail(), "user 1 has had enough");
  EXPECT_EQ(runner.errors()[0].at().line(), 12u);
}

TEST(Steps, AnExpressionThatFailsIsAnErrorWithItsPlace) {
  EngineRunner runner(Plan(R"(
      - set: { x: "user.name.first" }
      - record: { seen: 1 }
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 0);
  EXPECT_EQ(runner.ErrorsOf("script"), 1u);
  EXPECT_THAT(runner.errors()[0].detail(), HasSubstr("nil"));
  EXPECT_EQ(runner.errors()[0].at().line(), 12u);
  EXPECT_GT(runner.errors()[0].at().column(), 1u);
}

TEST(Steps, SetupsVariablesReachEveryUserAndTeardown) {
  EngineRunner runner(
      Plan("      - record: { value: \"setup.numbers[2]\" }\n",
           "setup:\n  - set: { numbers: \"{10, 20, 30}\" }\n"
           "teardown:\n"
           "  - for_each: { in: setup.numbers, as: n }\n"
           "    steps: [ { record: { values: { value: n }, tags: { at: end } } } ]\n"),
      {.agent = 0, .weights = {1}, .threads = 2});
  runner.Run(true, true);
  EXPECT_EQ(runner.Value("value", {{"scenario", "one"}}).trend.Sum(), 20);
  EXPECT_EQ(runner.Value("value", {{"at", "end"}}).trend.Sum(), 60);
  EXPECT_EQ(runner.Count("iterations"), 1);
}

TEST(Steps, ASetupThatFailsSaysWhy) {
  EngineRunner runner(Plan("      - sleep: 0s\n", "setup:\n  - fail: \"no target today\"\n"));
  Once<absl::StatusOr<std::string>> done;
  runner.engine().RunSetup([&](absl::StatusOr<std::string> json) { done.Set(std::move(json)); });
  const absl::StatusOr<std::string> json = done.Wait();
  ASSERT_FALSE(json.ok());
  EXPECT_THAT(std::string(json.status().message()), HasSubstr("no target today"));
}

TEST(Steps, AUserThatNeverWaitsLeavesTheOthersTheirTurn) {
  // Both share one thread; the sleeper must wake while the spinner spins.
  EngineRunner runner(
      "name: test\nmetrics:\n  seen: { kind: counter }\nscenarios:\n"
      "  spinner:\n    load: { constant_users: { users: 1, duration: 300ms } }\n"
      "    steps: [ { set: { x: 1 } } ]\n"
      "  sleeper:\n    load: { iterations_per_user: { users: 1, iterations: 10 } }\n"
      "    steps: [ { sleep: 1ms }, { record: { seen: 1 } } ]\n");
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 10);
  EXPECT_GT(runner.Count("iterations", {{"scenario", "spinner"}}), 10);
}

}  // namespace
}  // namespace rampart::agent
