#include "common/load/scenario_times.h"

#include <gtest/gtest.h>

#include <string>

namespace rampart {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

v1::Scenario& Add(v1::Plan* plan, const std::string& name, int64_t seconds, int64_t grace = 0) {
  v1::Scenario& scenario = *plan->add_scenarios();
  scenario.set_name(name);
  scenario.mutable_graceful_stop()->set_seconds(grace);
  v1::ConstantUsers& users = *scenario.mutable_load()->mutable_constant_users();
  users.set_users(1);
  users.mutable_duration()->set_seconds(seconds);
  return scenario;
}

TEST(ScenarioTimes, AScenarioBeginsAfterThePlannedEndOfTheOneBeforeInWhateverOrderTheyStand) {
  v1::Plan plan;
  v1::Scenario& last = Add(&plan, "last", 5, 2);
  last.set_start_after("middle");
  last.mutable_start()->set_seconds(1);
  Add(&plan, "middle", 20, 3).set_start_after("first");
  Add(&plan, "first", 10, 4).mutable_start()->set_seconds(7);
  const auto times = TimesOf(plan);
  ASSERT_EQ(times.size(), 3u);
  EXPECT_EQ(times[2].start_ns, 7 * kSecond);
  EXPECT_EQ(times[2].end_ns, 17 * kSecond);
  EXPECT_EQ(times[2].latest_ns, 21 * kSecond);
  EXPECT_EQ(times[1].start_ns, 17 * kSecond);
  EXPECT_EQ(times[0].start_ns, 38 * kSecond);
  EXPECT_EQ(times[0].end_ns, 43 * kSecond);
  EXPECT_EQ(times[0].latest_ns, (43 + 4 + 3 + 2) * kSecond);
}

TEST(ScenarioTimes, WhatIsFaultyEndsToo) {
  v1::Plan plan;
  Add(&plan, "a", 1).set_start_after("b");
  Add(&plan, "b", 1).set_start_after("a");
  Add(&plan, "self", 1).set_start_after("self");
  Add(&plan, "lost", 3).set_start_after("nobody");
  plan.add_scenarios()->set_name("no load");
  const auto times = TimesOf(plan);
  ASSERT_EQ(times.size(), 5u);
  EXPECT_EQ(times[3].start_ns, 0);
  EXPECT_EQ(times[3].end_ns, 3 * kSecond);
  EXPECT_EQ(times[4].end_ns, 0);
}

}  // namespace
}  // namespace rampart
