#include "controller/fleet/plan_demand.h"

#include "gtest/gtest.h"

namespace rampart::controller {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

TEST(PlanDemand, SumsTheMostUsersOfEachScenarioAndTakesTheLatestEnd) {
  v1::Plan plan;
  v1::Scenario& ramp = *plan.add_scenarios();
  for (const int64_t target : {100, 700, 0}) {
    auto& stage = *ramp.mutable_load()->mutable_ramping_users()->add_stages();
    stage.set_target(target);
    stage.mutable_duration()->set_seconds(10);
  }
  ramp.mutable_graceful_stop()->set_seconds(5);
  ramp.mutable_load()->mutable_ramping_users()->mutable_graceful_ramp_down()->set_seconds(90);
  v1::Scenario& arrivals = *plan.add_scenarios();
  arrivals.mutable_start()->set_seconds(25);
  auto& rate = *arrivals.mutable_load()->mutable_constant_arrival_rate();
  rate.mutable_rate()->set_count(10);
  rate.mutable_rate()->set_per_ns(kSecond);
  rate.mutable_duration()->set_seconds(20);
  rate.set_users(50);
  rate.set_max_users(80);

  const auto demand = DemandOf(plan);
  ASSERT_TRUE(demand.ok()) << demand.status();
  EXPECT_EQ(demand->most_users, 780);
  EXPECT_EQ(demand->length_ns, 45 * kSecond);
  EXPECT_EQ(demand->graceful_ns, 90 * kSecond);
}

TEST(PlanDemand, GracefulStopIs30SecondsWhenAbsentAndMaxUsersAreUsers) {
  v1::Plan plan;
  auto& rate = *plan.add_scenarios()->mutable_load()->mutable_constant_arrival_rate();
  rate.mutable_rate()->set_count(1);
  rate.mutable_rate()->set_per_ns(kSecond);
  rate.mutable_duration()->set_seconds(1);
  rate.set_users(9);
  const auto demand = DemandOf(plan);
  ASSERT_TRUE(demand.ok()) << demand.status();
  EXPECT_EQ(demand->most_users, 9);
  EXPECT_EQ(demand->graceful_ns, 30 * kSecond);
}

}  // namespace
}  // namespace rampart::controller
