#include "common/load/load_change.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "common/load/arrival_schedule.h"
#include "common/load/user_schedule.h"
#include "google/protobuf/text_format.h"

namespace rampart {
namespace {

constexpr int64_t kS = 1'000'000'000;

v1::Load Load(const std::string& text) {
  v1::Load load;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &load)) << text;
  return load;
}

v1::Rate PerSecond(int64_t count) {
  v1::Rate rate;
  rate.set_count(count);
  rate.set_per_ns(kS);
  return rate;
}

TEST(ScaledToUsers, IsTheSameBeforeAndGoesToTheNewNumberAfter) {
  const v1::Load ramp = Load(
      "ramping_users { start_users: 5 stages { duration { seconds: 10 } target: 105 }"
      " stages { duration { seconds: 20 } target: 50 } }");
  std::mt19937 random(7);
  for (int i = 0; i < 200; ++i) {
    const int64_t at = static_cast<int64_t>(random() % 30'000) * 1'000'000;
    const int64_t over = static_cast<int64_t>(random() % 5'000) * 1'000'000;
    const int64_t users = static_cast<int64_t>(random() % 300);
    const absl::StatusOr<v1::Load> scaled = ScaledToUsers(ramp, at, users, over);
    ASSERT_TRUE(scaled.ok()) << scaled.status();
    const UserSchedule before = *UserSchedule::Make(ramp);
    const UserSchedule after = *UserSchedule::Make(*scaled);
    EXPECT_EQ(after.Length(), before.Length());
    const int64_t reached = before.UsersAt(at);
    if (over > 0) {
      EXPECT_EQ(after.UsersAt(at), reached) << at;
    }
    const int64_t there = std::min(at + over, before.Length() - 1);
    if (at + over < before.Length()) {
      EXPECT_EQ(after.UsersAt(there), users) << at << " " << over;
    }
    EXPECT_EQ(after.UsersAt(before.Length()), 0);
    for (int64_t t = 0; t < at; t += kS / 3) {
      EXPECT_NEAR(static_cast<double>(after.UsersAt(t)), static_cast<double>(before.UsersAt(t)), 1);
    }
  }
}

TEST(ScaledToUsers, ConstantUsersBecomeARamp) {
  const v1::Load load = Load("constant_users { users: 10 duration { seconds: 60 } }");
  const absl::StatusOr<v1::Load> scaled = ScaledToUsers(load, 20 * kS, 30, 10 * kS);
  ASSERT_TRUE(scaled.ok());
  const UserSchedule schedule = *UserSchedule::Make(*scaled);
  EXPECT_EQ(schedule.UsersAt(0), 10);
  EXPECT_EQ(schedule.UsersAt(19 * kS), 10);
  EXPECT_EQ(schedule.UsersAt(25 * kS), 20);
  EXPECT_EQ(schedule.UsersAt(59 * kS), 30);
  EXPECT_EQ(schedule.Length(), 60 * kS);
}

TEST(ScaledToUsers, BeforeTheBeginCountsAsTheBegin) {
  const v1::Load load = Load("constant_users { users: 10 duration { seconds: 60 } }");
  const absl::StatusOr<v1::Load> scaled = ScaledToUsers(load, -5 * kS, 30, 0);
  ASSERT_TRUE(scaled.ok());
  EXPECT_EQ(UserSchedule::Make(*scaled)->UsersAt(0), 30);
}

TEST(ScaledToUsers, WhatCannotBeScaledIsRefusedWithWords) {
  const v1::Load counted = Load("iterations_per_user { users: 1 iterations: 1 }");
  EXPECT_FALSE(ScaledToUsers(counted, 0, 5, 0).ok());
  const v1::Load over = Load("constant_users { users: 10 duration { seconds: 60 } }");
  EXPECT_EQ(ScaledToUsers(over, 60 * kS, 5, 0).status().message(), "its schedule is over");
  const v1::Load rate = Load(
      "constant_arrival_rate { rate { count: 5 per_ns: 1000000000 } duration { seconds: 9 } }");
  EXPECT_FALSE(ScaledToUsers(rate, 0, 5, 0).ok());
  EXPECT_FALSE(ScaledToRate(over, 0, PerSecond(5), 0).ok());
}

TEST(ScaledToRate, WhatWasDueBeforeStaysDueAndTheRestComesAtTheNewRate) {
  const v1::Load load = Load(
      "constant_arrival_rate { rate { count: 7 per_ns: 1000000000 } duration { seconds: 60 } "
      "users: 5"
      " when_busy: WAIT }");
  const absl::StatusOr<v1::Load> scaled = ScaledToRate(load, 20 * kS, PerSecond(100), 0);
  ASSERT_TRUE(scaled.ok()) << scaled.status();
  EXPECT_EQ(scaled->ramping_arrival_rate().users(), 5);
  EXPECT_EQ(scaled->ramping_arrival_rate().when_busy(), v1::WAIT);
  const ArrivalSchedule before = *ArrivalSchedule::Make(load);
  const ArrivalSchedule after = *ArrivalSchedule::Make(*scaled);
  EXPECT_EQ(after.Length(), before.Length());
  for (int64_t i = 0; i < 7 * 20; ++i) EXPECT_EQ(after.DueAt(i), before.DueAt(i)) << i;
  EXPECT_EQ(after.Count(), 7 * 20 + 100 * 40);
}

TEST(ScaledToRate, InTheMiddleOfARampItGoesOnFromTheRateThatWasReached) {
  const v1::Load load = Load(
      "ramping_arrival_rate { start_rate { count: 0 per_ns: 1000000000 }"
      " stages { duration { seconds: 30 } target { count: 6000 per_ns: 60000000000 } } users: 5 }");
  std::mt19937 random(11);
  for (int i = 0; i < 100; ++i) {
    const int64_t at = static_cast<int64_t>(random() % 29'000 + 500) * 1'000'000;
    const absl::StatusOr<v1::Load> scaled = ScaledToRate(load, at, PerSecond(50), kS);
    ASSERT_TRUE(scaled.ok()) << scaled.status();
    const ArrivalSchedule before = *ArrivalSchedule::Make(load);
    const ArrivalSchedule after = *ArrivalSchedule::Make(*scaled);
    EXPECT_NEAR(static_cast<double>(after.CountBefore(at)),
                static_cast<double>(before.CountBefore(at)), 1);
    EXPECT_NEAR(after.RatePerSecondAt(at), before.RatePerSecondAt(at), 0.001);
  }
}

TEST(ScaledToRate, ARateThatIsTooHighIsRefused) {
  const v1::Load load = Load(
      "constant_arrival_rate { rate { count: 5 per_ns: 1000000000 } duration { seconds: 9 } }");
  EXPECT_FALSE(ScaledToRate(load, 0, PerSecond(20'000'000), 0).ok());
}

}  // namespace
}  // namespace rampart
