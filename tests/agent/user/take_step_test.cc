// What `take` gives users, in every order, and what happens when a feed is at its end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

using testing::HasSubstr;

// `feed`: how it is written. Steps see the metric `seen`.
std::string Plan(const std::string& feed, const std::string& load, const std::string& steps,
                 const std::string& around = "") {
  return "name: test\nmetrics: { seen: counter }\nfeeds: { users: " + feed + " }\n" + around +
         "scenarios:\n  one:\n    graceful_stop: 5s\n    load: { " + load + " }\n    steps:\n" +
         steps;
}

const std::string kTakeAndSee =
    "      - take: users\n"
    "      - record: { values: { seen: 1 }, tags: { name: \"${row.name}\" } }\n";

// A column `name` with the rows n1, n2, ...
std::string Names(int rows) {
  std::string csv = "name\n";
  for (int i = 1; i <= rows; ++i) csv += "n" + std::to_string(i) + "\n";
  return csv;
}

EnginePlace Beside(const std::string& name, const std::string& content, int threads = 1) {
  EnginePlace place;
  place.threads = threads;
  place.files = {{name, content}};
  return place;
}

double Seen(const EngineRunner& runner, int row) {
  return runner.Count("seen", {{"name", "n" + std::to_string(row)}});
}

TEST(TakeStep, ARowOfCsvIsATableOfTextsAndOneOfJsonLinesIsItsValue) {
  EngineRunner csv(
      Plan("users.csv", "iterations_per_user: { users: 1, iterations: 1 }",
           "      - take: users\n"
           "      - check:\n          plain: row.name == 'ann'\n"
           "          quoted: row.says == 'a \"b\", c'\n          digits are text: row.n == '7'\n"),
      Beside("users.csv", "name,says,n\nann,\"a \"\"b\"\", c\",7\n"));
  csv.Run();
  EXPECT_EQ(csv.Value("checks").trues, 3u);
  EXPECT_TRUE(csv.errors().empty());

  EngineRunner json(
      Plan("users.jsonl", "iterations_per_user: { users: 1, iterations: 1 }",
           "      - take: { from: users, as: person }\n"
           "      - check: { deep: \"person.tags[2] == 'b'\", number: person.n == 7, nothing: "
           "person.gone == null, no other: row == nil }\n"
           "      - set: { row: 1 }\n"),
      Beside("users.jsonl", "{\"n\":7,\"tags\":[\"a\",\"b\"],\"gone\":null}\n"));
  json.Run();
  EXPECT_EQ(json.Value("checks").trues, 4u);
  EXPECT_TRUE(json.errors().empty());
}

TEST(TakeStep, SequentialFollowsTheFileAndBeginsAgain) {
  EngineRunner runner(Plan("users.csv", "iterations_per_user: { users: 1, iterations: 7 }",
                           "      - take: users\n"
                           "      - check: { in order: \"row.name == 'n' .. "
                           "math.tointeger(iteration % 3 + 1)\" }\n"),
                      Beside("users.csv", Names(3)));
  runner.Run();
  EXPECT_EQ(runner.Value("checks").trues, 7u);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(TakeStep, RandomTakesAnyRowAndTheSeedDecidesWhich) {
  std::vector<std::vector<double>> runs;
  for (int i = 0; i < 2; ++i) {
    EngineRunner runner(Plan("{ file: users.csv, order: random }",
                             "iterations_per_user: { users: 1, iterations: 1000 }", kTakeAndSee),
                        Beside("users.csv", Names(4)));
    runner.Run();
    std::vector<double>& counts = runs.emplace_back();
    for (int row = 1; row <= 4; ++row) {
      counts.push_back(Seen(runner, row));
      EXPECT_NEAR(counts.back(), 250, 70);  // over five standard deviations
    }
  }
  EXPECT_EQ(runs[0], runs[1]);
}

TEST(TakeStep, UniqueIsEveryRowOnceOverAgentsAndThreads) {
  std::map<int, double> seen;
  for (uint32_t agent = 0; agent < 3; ++agent) {
    EnginePlace place = Beside("users.csv", Names(60), 1 + static_cast<int>(agent));
    place.agent = agent;
    place.weights = {3, 1, 2};
    EngineRunner runner(Plan("{ file: users.csv, order: unique }",
                             "iterations_per_user: { users: 20, iterations: 3 }", kTakeAndSee),
                        place);
    runner.Run();
    EXPECT_TRUE(runner.errors().empty());
    for (int row = 1; row <= 60; ++row) seen[row] += Seen(runner, row);
  }
  for (int row = 1; row <= 60; ++row) EXPECT_EQ(seen[row], 1) << row;
}

TEST(TakeStep, AUserThatFindsNoRowLeftEndsForGood) {
  // The 2 threads have 2 users each, and 5 rows each.
  EngineRunner runner(Plan("{ file: users.csv, order: unique }",
                           "iterations_per_user: { users: 4, iterations: 1000000 }", kTakeAndSee),
                      Beside("users.csv", Names(10), 2));
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 10);
  EXPECT_EQ(runner.Count("iterations"), 10);
  EXPECT_EQ(runner.Count("interrupted_iterations"), 4);
  EXPECT_EQ(runner.ErrorsOf("feed"), 4u);
  EXPECT_EQ(runner.Count("step_errors"), 0);
  ASSERT_FALSE(runner.errors().empty());
  EXPECT_THAT(runner.errors()[0].detail(),
              HasSubstr("no row of feed users is left here: users.csv has 10"));
  EXPECT_EQ(runner.errors()[0].step(), "take");
  EXPECT_EQ(runner.errors()[0].at().line(), 9u);
}

TEST(TakeStep, ARampedUserThatFindsNoRowLeftEndsToo) {
  EngineRunner runner(Plan("{ file: users.csv, order: unique }",
                           "constant_users: { users: 2, duration: 200ms }", kTakeAndSee),
                      Beside("users.csv", Names(3)));
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 3);
  EXPECT_EQ(runner.ErrorsOf("feed"), 2u);
  EXPECT_EQ(runner.Count("interrupted_iterations"), 2);
}

TEST(TakeStep, AnArrivalThatFindsNoRowLeftIsDropped) {
  EngineRunner runner(
      Plan("{ file: users.csv, order: unique }",
           "constant_arrival_rate: { rate: 100/s, duration: 400ms, users: 2 }", kTakeAndSee),
      Beside("users.csv", Names(5)));
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 5);
  EXPECT_EQ(runner.Count("iterations"), 5);
  EXPECT_EQ(runner.Count("dropped_iterations"), 35);
  // Once a user, however often it asks.
  EXPECT_GE(runner.ErrorsOf("feed"), 1u);
  EXPECT_LE(runner.ErrorsOf("feed"), 2u);
}

TEST(TakeStep, SetupAndTeardownTakeToo) {
  EngineRunner runner(
      Plan("{ file: users.csv, order: unique }", "iterations_per_user: { users: 2, iterations: 1 }",
           kTakeAndSee + "      - check: { setup took: \"setup.row.name == 'n1'\" }\n",
           "setup:\n  - take: users\nteardown:\n  - take: users\n"
           "  - record: { values: { seen: 1 }, tags: { name: \"${row.name}\", at: end } }\n"),
      Beside("users.csv", Names(4), 2));
  runner.Run(true, true);
  EXPECT_EQ(runner.Value("checks").trues, 2u);
  EXPECT_EQ(runner.Count("seen", {{"at", "end"}}), 1);
  EXPECT_EQ(runner.Count("seen"), 3);
  for (int row = 1; row <= 4; ++row) EXPECT_EQ(Seen(runner, row), row == 1 ? 0 : 1);
}

TEST(TakeStep, ASetupThatFindsNoRowLeftSaysSo) {
  EngineRunner runner(
      Plan("{ file: users.csv, order: unique }", "iterations_per_user: { users: 1, iterations: 1 }",
           "      - sleep: 0s\n", "setup:\n  - take: users\n  - take: users\n"),
      Beside("users.csv", Names(1)));
  Once<absl::StatusOr<std::string>> done;
  runner.engine().RunSetup([&](absl::StatusOr<std::string> json) { done.Set(std::move(json)); });
  const absl::StatusOr<std::string> json = done.Wait();
  ASSERT_FALSE(json.ok());
  EXPECT_THAT(std::string(json.status().message()),
              HasSubstr("no row of feed users is left here: users.csv has 1"));
}

TEST(TakeStep, TwoFeedsOfOneFileAreTakenApartAndTwoStepsOfOneFeedTogether) {
  const std::string plan =
      "name: test\nfeeds:\n  a: { file: users.csv, order: unique }\n"
      "  b: { file: users.csv, order: unique }\nscenarios:\n  one:\n"
      "    load: { iterations_per_user: { users: 1, iterations: 1 } }\n    steps:\n"
      "      - take: { from: a, as: first }\n      - take: { from: a, as: second }\n"
      "      - take: { from: b, as: other }\n"
      "      - check: { together: first.name == 'n1' and second.name == 'n2', apart: other.name "
      "== 'n1' }\n";
  EngineRunner runner(plan, Beside("users.csv", Names(2)));
  runner.Run();
  EXPECT_EQ(runner.Value("checks").trues, 2u);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(TakeStep, AnAgentThatGotABadFileSaysSo) {
  const LoadedPlan loaded = LoadPlan(
      Plan("users.csv", "constant_users: { users: 1, duration: 1s }", kTakeAndSee), "p", {});
  v1::Prepare prepare;
  *prepare.mutable_plan() = loaded.plan;
  prepare.mutable_assignment()->add_weights(1);
  EXPECT_THAT(std::string(Engine::Make(prepare, {}).status().message()),
              HasSubstr("feed file users.csv did not come with the plan"));
  v1::PlanFile& file = *prepare.add_files();
  file.set_name("users.csv");
  file.set_content("name\n");
  EXPECT_THAT(std::string(Engine::Make(prepare, {}).status().message()),
              HasSubstr("feed file users.csv:1: a head line, but no row below it"));
}

}  // namespace
}  // namespace rampart::agent
