#include "controller/run/run_schedule.h"

#include <gtest/gtest.h>

#include <string>

#include "common/plan/load_plan.h"

namespace rampart::controller {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

RunSchedule ScheduleOf(const std::string& scenarios) {
  const LoadedPlan loaded = LoadPlan("name: p\nscenarios:\n" + scenarios, "p.yaml", {});
  EXPECT_TRUE(loaded.ok()) << loaded.FaultText();
  return RunSchedule(loaded.plan);
}

TEST(RunSchedule, NamesTheStageOfARamp) {
  const RunSchedule schedule = ScheduleOf(R"(
  ramp:
    load:
      ramping_users:
        stages: [ { duration: 10s, target: 1000 }, { duration: 20s, target: 3000 }, { duration: 30s, target: 3000 } ]
    steps: [ { sleep: 1s } ]
)");
  EXPECT_EQ(schedule.StageAt(0), "ramp: stage 1 of 3, 0 -> 1,000 users");
  EXPECT_EQ(schedule.StageAt(10 * kSecond - 1), "ramp: stage 1 of 3, 0 -> 1,000 users");
  EXPECT_EQ(schedule.StageAt(10 * kSecond), "ramp: stage 2 of 3, 1,000 -> 3,000 users");
  EXPECT_EQ(schedule.StageAt(30 * kSecond), "ramp: stage 3 of 3, 3,000 users");
  EXPECT_EQ(schedule.StageAt(60 * kSecond), "the schedule is over, the last iterations end");
  EXPECT_EQ(schedule.StageAt(-1), "");
  EXPECT_EQ(schedule.LengthNs(), 60 * kSecond);
  EXPECT_EQ(schedule.UsersAt(5 * kSecond), 500);
  EXPECT_EQ(schedule.UsersAt(20 * kSecond), 2'000);
  EXPECT_EQ(schedule.UsersAt(60 * kSecond), 0);
  EXPECT_EQ(schedule.UsersAt(-1), 0);
}

TEST(RunSchedule, AddsScenariosAndTheirStarts) {
  const RunSchedule schedule = ScheduleOf(R"(
  browse:
    load: { constant_users: { users: 100, duration: 60s } }
    steps: [ { sleep: 1s } ]
  send:
    start: 30s
    load: { constant_arrival_rate: { rate: 1500/s, duration: 60s, users: 7, max_users: 20 } }
    steps: [ { sleep: 1s } ]
  step:
    start: 50s
    load: { ramping_arrival_rate: { start_rate: 30/m, users: 1, stages: [ { duration: 5s, target: 20/s } ] } }
    steps: [ { sleep: 1s } ]
  once:
    start: 50s
    load: { iterations_per_user: { users: 1, iterations: 5, max_duration: 10s } }
    steps: [ { sleep: 1s } ]
)");
  EXPECT_EQ(schedule.LengthNs(), 90 * kSecond);
  EXPECT_EQ(schedule.UsersAt(0), 100);
  EXPECT_EQ(schedule.UsersAt(30 * kSecond), 107);
  EXPECT_EQ(schedule.UsersAt(51 * kSecond), 109);
  EXPECT_EQ(schedule.UsersAt(70 * kSecond), 7);
  EXPECT_EQ(schedule.StageAt(0),
            "browse: 100 users; send: starts in 30 s; step: starts in 50 s; 1 more");
  EXPECT_EQ(schedule.StageAt(50 * kSecond),
            "browse: 100 users; send: 1,500 iterations/s; step: stage 1 of 1, 0.5 -> 20 "
            "iterations/s; 1 more");
  EXPECT_EQ(schedule.StageAt(58 * kSecond),
            "browse: 100 users; send: 1,500 iterations/s; once: 1 user, 5 iterations each");
}

TEST(RunSchedule, AScenarioAfterAnotherIsAnEstimateUntilItBegins) {
  v1::Plan plan;
  for (const char* name : {"one", "two", "three"}) {
    v1::Scenario& scenario = *plan.add_scenarios();
    scenario.set_name(name);
    v1::IterationsPerUser& model = *scenario.mutable_load()->mutable_iterations_per_user();
    model.set_users(2);
    model.set_iterations(1);
    model.mutable_max_duration()->set_seconds(100);
  }
  plan.mutable_scenarios(1)->set_start_after("one");
  plan.mutable_scenarios(1)->mutable_start()->set_seconds(5);
  plan.mutable_scenarios(2)->set_start_after("two");
  RunSchedule schedule(plan);
  EXPECT_EQ(schedule.LengthNs(), 305 * kSecond);
  // The first takes longer than planned: the second has not begun.
  EXPECT_EQ(schedule.UsersAt(110 * kSecond), 0);
  EXPECT_NE(schedule.StageAt(110 * kSecond).find("two: starts after one"), std::string::npos);
  schedule.Begins("two", 20 * kSecond);
  EXPECT_EQ(schedule.LengthNs(), 220 * kSecond);
  EXPECT_EQ(schedule.UsersAt(110 * kSecond), 2);
  EXPECT_EQ(schedule.StageAt(15 * kSecond).find("two: starts after one"), std::string::npos);
  EXPECT_NE(schedule.StageAt(15 * kSecond).find("two: starts in 5 s"), std::string::npos);
}

}  // namespace
}  // namespace rampart::controller
