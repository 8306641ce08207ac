#include "common/plan/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/load/arrival_schedule.h"
#include "common/load/share.h"
#include "common/load/user_schedule.h"
#include "common/plan/load_plan.h"

namespace rampart {
namespace {

using testing::HasSubstr;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;

// Users 100 and 50, and a rate of 200 a second.
constexpr const char* kPlan = R"(
name: mixed
scenarios:
  big:
    load: { constant_users: { users: 100, duration: 1m } }
    steps: [ { sleep: 1s } ]
  small:
    load: { iterations_per_user: { users: 50, iterations: 3 } }
    start: 30s
    graceful_stop: 7s
    steps: [ { sleep: 1s } ]
  rate:
    load:
      constant_arrival_rate: { rate: 200/s, duration: 1m, users: 40, max_users: 80, when_busy: wait }
    steps: [ { sleep: 1s } ]
)";

v1::Plan With(const std::string& profile, const std::string& duration = "",
              const std::string& text = kPlan) {
  PlanOptions options;
  options.profile = profile;
  options.duration = duration;
  const LoadedPlan loaded = LoadPlan(text, "plan.yaml", options);
  EXPECT_TRUE(loaded.ok()) << loaded.FaultText();
  return loaded.plan;
}

UserSchedule Users(const v1::Plan& plan, int scenario) {
  return *UserSchedule::Make(plan.scenarios(scenario).load());
}
ArrivalSchedule Rate(const v1::Plan& plan, int scenario) {
  return *ArrivalSchedule::Make(plan.scenarios(scenario).load());
}

TEST(Profile, LoadGoesToThePlansOwnSizeAndBack) {
  const v1::Plan plan = With("load");
  EXPECT_EQ(Users(plan, 0).Length(), 14 * kMinute);
  EXPECT_EQ(Users(plan, 0).UsersAt(kMinute), 50);
  EXPECT_EQ(Users(plan, 0).UsersAt(7 * kMinute), 100);
  EXPECT_EQ(Users(plan, 1).UsersAt(7 * kMinute), 50);
  EXPECT_EQ(Rate(plan, 2).RatePerSecondAt(7 * kMinute), 200);
  EXPECT_EQ(Rate(plan, 2).RatePerSecondAt(kMinute), 100);
  // What is no load stays.
  EXPECT_EQ(plan.scenarios(1).start().seconds(), 30);
  EXPECT_EQ(plan.scenarios(1).graceful_stop().seconds(), 7);
  EXPECT_EQ(MostUsers(plan.scenarios(2).load()), 80);
  EXPECT_EQ(plan.scenarios(2).load().ramping_arrival_rate().when_busy(), v1::WAIT);
}

TEST(Profile, StressAndSpikeGoBeyond) {
  const v1::Plan stress = With("stress");
  EXPECT_EQ(Users(stress, 0).MaxUsers(), 300);
  EXPECT_EQ(Users(stress, 0).UsersAt(12 * kMinute), 150);
  EXPECT_EQ(Rate(stress, 2).RatePerSecondAt(26 * kMinute), 600);
  EXPECT_EQ(MostUsers(stress.scenarios(2).load()), 240);
  const v1::Plan spike = With("spike");
  EXPECT_EQ(Users(spike, 0).UsersAt(2 * kMinute), 100);
  EXPECT_EQ(Users(spike, 0).UsersAt(3 * kMinute + 11 * kSecond), 500);
  EXPECT_EQ(Users(spike, 0).UsersAt(7 * kMinute), 100);
}

TEST(Profile, DurationIsTheSteadyPart) {
  EXPECT_EQ(Users(With("soak"), 0).Length(), 4 * kHour + 10 * kMinute);
  EXPECT_EQ(Users(With("soak", "1h"), 0).Length(), kHour + 10 * kMinute);
  EXPECT_EQ(Users(With("endurance"), 0).Length(), 48 * kHour + 10 * kMinute);
  EXPECT_EQ(Users(With("stress", "1m"), 0).Length(), 4 * kMinute + 10 * kMinute);
  EXPECT_EQ(Rate(With("breakpoint", "2m"), 2).Length(), 2 * kMinute);
}

TEST(Profile, SmokeAndScalabilityShareTheirOwnSize) {
  const v1::Plan smoke = With("smoke");
  EXPECT_EQ(Users(smoke, 0).UsersAt(0), 3);
  EXPECT_EQ(Users(smoke, 1).UsersAt(0), 2);
  EXPECT_EQ(Rate(smoke, 2).RatePerSecondAt(kSecond), 2);
  const v1::Plan scalability = With("scalability");
  EXPECT_EQ(Users(scalability, 0).Length(), 95 * kMinute);
  std::vector<int64_t> together;
  for (const int64_t t : {10 * kMinute, 25 * kMinute, 40 * kMinute, 55 * kMinute, 70 * kMinute}) {
    // Together exactly the profile's, and two to one.
    const int64_t big = Users(scalability, 0).UsersAt(t);
    const int64_t small = Users(scalability, 1).UsersAt(t);
    together.push_back(big + small);
    EXPECT_NEAR(static_cast<double>(big), 2.0 * static_cast<double>(small), 2) << t;
  }
  EXPECT_THAT(together, testing::ElementsAre(1'000, 3'000, 5'000, 7'000, 10'000));
  EXPECT_EQ(Rate(scalability, 2).RatePerSecondAt(10 * kMinute), 20);
  EXPECT_EQ(Rate(scalability, 2).RatePerSecondAt(70 * kMinute), 200);
  EXPECT_EQ(Users(scalability, 0).MaxUsers() + Users(scalability, 1).MaxUsers(), 10'000);
}

TEST(Profile, BreakpointMakesUsersARate) {
  const v1::Plan plan = With("breakpoint", "", R"(
name: users
scenarios:
  big:
    load: { constant_users: { users: 100, duration: 1m } }
    steps: [ { sleep: 1s } ]
  small:
    load: { iterations_per_user: { users: 50, iterations: 3 } }
    steps: [ { sleep: 1s } ]
)");
  double begin = 0;
  double end = 0;
  int64_t most = 0;
  for (int i = 0; i < 2; ++i) {
    begin += Rate(plan, i).RatePerSecondAt(0);
    end += Rate(plan, i).RatePerSecondAt(20 * kMinute - 1);
    most += MostUsers(plan.scenarios(i).load());
  }
  EXPECT_NEAR(begin, 100, 1e-6);
  EXPECT_NEAR(end, 10'000, 1e-3);
  EXPECT_EQ(most, 10'000);
}

// Who listens to what is sent makes no more of it.
TEST(Profile, BreakpointLeavesUsersBesideARateAsTheyAre) {
  v1::Plan plan = With("breakpoint");
  EXPECT_EQ(Users(plan, 0).UsersAt(0), 100);
  EXPECT_EQ(Users(plan, 0).UsersAt(20 * kMinute - 1), 100);
  EXPECT_EQ(Users(plan, 0).Length(), 20 * kMinute);
  EXPECT_EQ(Users(plan, 1).UsersAt(kMinute), 50);
  EXPECT_EQ(Rate(plan, 2).RatePerSecondAt(0), 100);
  EXPECT_NEAR(Rate(plan, 2).RatePerSecondAt(20 * kMinute - 1), 10'000, 1e-3);

  HoldRate(1234.5, 2 * kMinute, &plan);
  EXPECT_EQ(Users(plan, 0).UsersAt(0), 100);
  EXPECT_EQ(Users(plan, 0).Length(), 2 * kMinute);
  EXPECT_EQ(Rate(plan, 2).Length(), 2 * kMinute);
  EXPECT_EQ(Rate(plan, 2).RatePerSecondAt(kMinute), 1234.5);
  EXPECT_EQ(MostUsers(plan.scenarios(2).load()), 10'000);
}

TEST(Profile, AHeldRateIsSharedAsTheRampIs) {
  v1::Plan plan = With("breakpoint", "", R"(
name: rates
scenarios:
  fast:
    load: { constant_arrival_rate: { rate: 900/s, duration: 1m, users: 10 } }
    steps: [ { sleep: 1s } ]
  slow:
    load: { constant_arrival_rate: { rate: 100/s, duration: 1m, users: 10 } }
    steps: [ { sleep: 1s } ]
)");
  HoldRate(50, kMinute, &plan);
  EXPECT_EQ(Rate(plan, 0).RatePerSecondAt(0), 45);
  EXPECT_EQ(Rate(plan, 1).RatePerSecondAt(0), 5);
}

TEST(Profile, BreakpointKeepsTheProportionOfRates) {
  // The slow one has the most users: it waits, it does not ask.
  const v1::Plan plan = With("breakpoint", "", R"(
name: rates
scenarios:
  fast:
    load: { constant_arrival_rate: { rate: 900/s, duration: 1m, users: 10 } }
    steps: [ { sleep: 1s } ]
  slow:
    load: { ramping_arrival_rate: { stages: [ { duration: 1m, target: 6000/m } ], users: 990 } }
    steps: [ { sleep: 1s } ]
)");
  EXPECT_DOUBLE_EQ(Rate(plan, 0).RatePerSecondAt(0), 90);
  EXPECT_DOUBLE_EQ(Rate(plan, 1).RatePerSecondAt(0), 10);
  EXPECT_NEAR(Rate(plan, 0).RatePerSecondAt(20 * kMinute - 1), 9'000, 1e-3);
  EXPECT_EQ(MostUsers(plan.scenarios(0).load()), 100);
  EXPECT_EQ(MostUsers(plan.scenarios(1).load()), 9'900);
}

TEST(Profile, AnySizesMakeSchedules) {
  // Denominators such as 999,983 * 3 would have no common multiple that a schedule can hold.
  constexpr const char* kAwkward = R"(
name: awkward
scenarios:
  one:
    load: { constant_users: { users: 999983, duration: 1m } }
    steps: [ { sleep: 1s } ]
  two:
    load: { constant_users: { users: 999979, duration: 1m } }
    steps: [ { sleep: 1s } ]
  few:
    load: { constant_users: { users: 1, duration: 1m } }
    steps: [ { sleep: 1s } ]
  rate:
    load: { constant_arrival_rate: { rate: 7/h, duration: 1m, users: 1 } }
    steps: [ { sleep: 1s } ]
)";
  for (const char* name : {"smoke", "load", "soak", "scalability", "breakpoint"}) {
    SCOPED_TRACE(name);
    const v1::Plan plan = With(name, "", kAwkward);
    for (const v1::Scenario& scenario : plan.scenarios()) EXPECT_GT(MostUsers(scenario.load()), 0);
  }
  EXPECT_DOUBLE_EQ(Rate(With("smoke", "", kAwkward), 3).RatePerSecondAt(kSecond), 0.07 / 3'600);
}

TEST(Profile, EveryProfileFitsEveryModel) {
  for (const Profile& profile : Profiles()) {
    SCOPED_TRACE(profile.name);
    const v1::Plan plan = With(std::string(profile.name));
    EXPECT_EQ(plan.scenarios(1).start().seconds(), 30);
    EXPECT_EQ(plan.scenarios(1).graceful_stop().seconds(), 7);
    for (const v1::Scenario& scenario : plan.scenarios()) {
      const v1::Load& load = scenario.load();
      EXPECT_TRUE(load.has_ramping_users() || load.has_ramping_arrival_rate());
      EXPECT_GT(load.at().line(), 0u);
      EXPECT_GT(MostUsers(load), 0);
    }
  }
}

TEST(Profile, TheTimeScaleComesAfter) {
  PlanOptions options;
  options.profile = "load";
  options.time_scale = 0.01;
  const LoadedPlan loaded = LoadPlan(kPlan, "plan.yaml", options);
  EXPECT_EQ(Users(loaded.plan, 0).Length(), 14 * kMinute / 100);
}

TEST(Profile, FaultsAreSaid) {
  const auto text = [](const std::string& profile, const std::string& duration) {
    PlanOptions options;
    options.profile = profile;
    options.duration = duration;
    return LoadPlan(kPlan, "plan.yaml", options).FaultText();
  };
  EXPECT_THAT(text("stres", ""), HasSubstr("did you mean `stress`?"));
  EXPECT_THAT(text("load", "0s"), HasSubstr("--duration"));
  EXPECT_THAT(text("load", "soon"), HasSubstr("soon"));
  EXPECT_THAT(text("", "1h"), HasSubstr("--profile"));
  EXPECT_THAT(text("soak", "7d"), HasSubstr("`soak`, ramps and steps, takes longer than 7 days"));
}

TEST(Profile, WhatIsWrongWithoutAProfileIsSaidWithOneToo) {
  const auto text = [](const std::string& profile, const std::string& load) {
    PlanOptions options;
    options.profile = profile;
    const std::string plan =
        "name: p\nscenarios:\n  one:\n    load: " + load + "\n    steps: [ { sleep: 1s } ]\n";
    return LoadPlan(plan, "plan.yaml", options).FaultText();
  };
  for (const Profile& profile : Profiles()) {
    const std::string name(profile.name);
    EXPECT_THAT(text(name, "{ constant_users: { users: 0, duration: 1m } }"),
                HasSubstr("plan.yaml:4:"));
    EXPECT_THAT(text(name, "{ constant_arrival_rate: { rate: 5/s, duration: 1m, users: 0 } }"),
                HasSubstr("at least one user"));
    EXPECT_THAT(text(name, "{ constant_users: { users: 9000000000000000000, duration: 1m } }"),
                HasSubstr("more than 1,000,000 users"));
    EXPECT_THAT(text(name, "{}"), HasSubstr("needs a model"));
    EXPECT_THAT(text(name,
                     "{ constant_arrival_rate: { rate: 20000000/s, duration: 1m, "
                     "users: 5 } }"),
                HasSubstr("over 10,000,000 a second"));
  }
  EXPECT_THAT(text("stress", "{ constant_users: { users: 400000, duration: 1m } }"),
              HasSubstr("`stress` takes the 400000 users of the scenario `one` to 1200000"));
}

}  // namespace
}  // namespace rampart
