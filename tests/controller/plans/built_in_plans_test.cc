// The plans that come along are plans that run, at every size that their params allow.
#include "controller/plans/built_in_plans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/load/arrival_schedule.h"
#include "common/load/user_schedule.h"
#include "common/plan/load_plan.h"
#include "controller/plans/plan_source.h"

namespace rampart::controller {
namespace {

using testing::HasSubstr;

constexpr int64_t kMinuteNs = 60'000'000'000;

TEST(BuiltInPlans, AllOfThemLoadWithoutAFault) {
  EXPECT_GE(BuiltInPlans().size(), 6u);
  for (const BuiltInPlan& plan : BuiltInPlans()) {
    const LoadedPlan loaded = LoadPlan(plan.text, std::string(plan.name), {});
    EXPECT_TRUE(loaded.ok()) << loaded.FaultText();
    EXPECT_EQ(loaded.plan.name(), plan.name);
    EXPECT_FALSE(loaded.plan.description().empty());
    EXPECT_FALSE(loaded.plan.thresholds().empty());
  }
}

TEST(BuiltInPlans, ScalabilityIsNinetyFiveMinutesToTenThousandUsers) {
  const auto source = FindPlan("scalability");
  ASSERT_TRUE(source.ok());
  const LoadedPlan loaded = LoadPlan(source->text, source->file, {});
  ASSERT_TRUE(loaded.ok()) << loaded.FaultText();
  const UserSchedule users = *UserSchedule::Make(loaded.plan.scenarios(0).load());
  EXPECT_EQ(users.Length(), 95 * kMinuteNs);
  EXPECT_EQ(users.MaxUsers(), 10'000);
  EXPECT_EQ(users.UsersAt(10 * kMinuteNs), 1'000);
  EXPECT_EQ(users.UsersAt(25 * kMinuteNs), 3'000);
  EXPECT_EQ(users.UsersAt(40 * kMinuteNs), 5'000);
  EXPECT_EQ(users.UsersAt(55 * kMinuteNs), 7'000);
  EXPECT_EQ(users.UsersAt(70 * kMinuteNs), 10'000);
  EXPECT_EQ(users.UsersAt(84 * kMinuteNs), 10'000);
}

TEST(BuiltInPlans, WebsocketConnectionsRampsHoldsHalfAnHourAndLeaves) {
  const auto source = FindPlan("websocket-connections");
  const LoadedPlan loaded = LoadPlan(source->text, source->file, {});
  const UserSchedule users = *UserSchedule::Make(loaded.plan.scenarios(0).load());
  EXPECT_EQ(users.Length(), 55 * kMinuteNs);
  EXPECT_EQ(users.UsersAt(5 * kMinuteNs), 1'000);
  EXPECT_EQ(users.UsersAt(10 * kMinuteNs), 5'000);
  EXPECT_EQ(users.UsersAt(15 * kMinuteNs), 10'000);
  EXPECT_EQ(users.UsersAt(45 * kMinuteNs), 10'000);
  EXPECT_EQ(users.UsersAt(50 * kMinuteNs), 5'000);
}

TEST(BuiltInPlans, MessageThroughputIsAThousandASecondForTenMinutes) {
  const auto source = FindPlan("message-throughput");
  const LoadedPlan loaded = LoadPlan(source->text, source->file, {});
  const ArrivalSchedule arrivals = *ArrivalSchedule::Make(loaded.plan.scenarios(0).load());
  EXPECT_EQ(arrivals.Length(), 10 * kMinuteNs);
  EXPECT_EQ(arrivals.Count(), 600'000);
  const UserSchedule listeners = *UserSchedule::Make(loaded.plan.scenarios(1).load());
  EXPECT_EQ(listeners.Length(), 10 * kMinuteNs);
  EXPECT_EQ(listeners.UsersAt(5 * kMinuteNs), 100);
}

TEST(BuiltInPlans, ApiEndpointsIsAHundredUsersAtOnce) {
  const auto source = FindPlan("api-endpoints");
  const LoadedPlan loaded = LoadPlan(source->text, source->file, {});
  const UserSchedule users = *UserSchedule::Make(loaded.plan.scenarios(0).load());
  EXPECT_EQ(users.Length(), 10 * kMinuteNs);
  EXPECT_EQ(users.MaxUsers(), 100);
  EXPECT_EQ(users.UsersAt(0), 100);
}

TEST(BuiltInPlans, FileUploadsIsAHundredUsersForTenMinutes) {
  const auto source = FindPlan("file-uploads");
  const LoadedPlan loaded = LoadPlan(source->text, source->file, {});
  const UserSchedule users = *UserSchedule::Make(loaded.plan.scenarios(0).load());
  EXPECT_EQ(users.Length(), 10 * kMinuteNs);
  EXPECT_EQ(users.UsersAt(0), 100);
}

TEST(BuiltInPlans, AnUnknownNameListsThoseThatExist) {
  const auto source = FindPlan("scalabilty");
  ASSERT_FALSE(source.ok());
  EXPECT_THAT(std::string(source.status().message()),
              testing::AllOf(HasSubstr("did you mean `scalability`?"), HasSubstr("\n  smoke")));
  EXPECT_FALSE(FindPlan("./nothing-here.yaml").ok());
}

}  // namespace
}  // namespace rampart::controller
