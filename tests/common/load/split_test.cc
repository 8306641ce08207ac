// The split conserves: whatever the agents, together they are exactly the plan, and every prefix is
// fair.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <tuple>

#include "common/load/arrival_schedule.h"
#include "common/load/stripe.h"
#include "common/load/user_schedule.h"

namespace rampart {
namespace {

std::mt19937_64 Random() {
  const uint64_t seed = std::random_device()();
  testing::Test::RecordProperty("seed", std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  return std::mt19937_64(seed);
}

int64_t Draw(std::mt19937_64& random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

std::vector<uint32_t> DrawWeights(std::mt19937_64& random) {
  std::vector<uint32_t> weights(static_cast<size_t>(Draw(random, 1, 12)));
  for (uint32_t& weight : weights) weight = static_cast<uint32_t>(Draw(random, 0, 20));
  weights[0] += 1;
  return weights;
}

void SetNs(int64_t ns, google::protobuf::Duration* out) {
  out->set_seconds(ns / 1'000'000'000);
  out->set_nanos(static_cast<int32_t>(ns % 1'000'000'000));
}

v1::Load DrawRamp(std::mt19937_64& random) {
  v1::Load load;
  auto* ramp = load.mutable_ramping_users();
  ramp->set_start_users(Draw(random, 0, 50));
  for (int64_t i = Draw(random, 1, 6); i > 0; --i) {
    auto* stage = ramp->add_stages();
    SetNs(Draw(random, 0, 4) == 0 ? 0 : Draw(random, 1, 1'000'000'000'000),
          stage->mutable_duration());
    stage->set_target(Draw(random, 0, 200));
  }
  return load;
}

TEST(Stripes, EveryPrefixIsFairAndEveryIndexHasOneOwner) {
  auto random = Random();
  for (int round = 0; round < 200; ++round) {
    const std::vector<uint32_t> weights = DrawWeights(random);
    const Stripes stripes = *Stripes::Make(weights);
    double sum = 0;
    for (const uint32_t weight : weights) sum += weight;
    std::vector<int64_t> owned(weights.size(), 0);
    for (int64_t n = 0; n < 500; ++n) {
      for (size_t a = 0; a < weights.size(); ++a) {
        const Stripe stripe = stripes.Of(static_cast<int>(a));
        ASSERT_EQ(stripe.CountBefore(n), owned[a]);
        ASSERT_LT(
            std::abs(static_cast<double>(owned[a]) - static_cast<double>(n) * weights[a] / sum),
            1.0);
      }
      const int owner = stripes.OwnerOf(n);
      ASSERT_EQ(stripes.Of(owner).At(owned[static_cast<size_t>(owner)]), n);
      ++owned[static_cast<size_t>(owner)];
    }
  }
}

TEST(Stripes, PartsOfAStripePartitionIt) {
  auto random = Random();
  for (int round = 0; round < 100; ++round) {
    const Stripe stripe = Stripes::Make(DrawWeights(random))->Of(0);
    const int parts = static_cast<int>(Draw(random, 1, 5));
    for (int64_t k = 0; k < 100; ++k) {
      const Stripe part = stripe.Part(static_cast<int>(k % parts), parts);
      ASSERT_EQ(part.At(k / parts), stripe.At(k));
      ASSERT_EQ(part.CountBefore(stripe.At(k)), k / parts);
    }
  }
}

TEST(Stripes, RefusesToShareOverNobody) {
  EXPECT_FALSE(Stripes::Make({}).ok());
  EXPECT_FALSE(Stripes::Make({0, 0}).ok());
}

TEST(Stripes, HugeWeightsStayAffordable) {
  const Stripes stripes = *Stripes::Make({4'000'000'000, 1, 3'999'999'999});
  EXPECT_GE(stripes.Of(1).CountBefore(Stripes::kMaxPeriod), 1);
}

std::vector<UserEvent> All(const UserSchedule& schedule, const Stripe& stripe) {
  std::vector<UserEvent> events;
  UserTimeline timeline(schedule, stripe);
  while (auto event = timeline.Next()) events.push_back(*event);
  return events;
}

bool Before(const UserEvent& a, const UserEvent& b) {
  return std::tie(a.at_ns, a.user, a.start) < std::tie(b.at_ns, b.user, b.start);
}

TEST(UserTimeline, AgentsTogetherAreTheOneAgentRun) {
  auto random = Random();
  for (int round = 0; round < 200; ++round) {
    const UserSchedule schedule = *UserSchedule::Make(DrawRamp(random));
    std::vector<UserEvent> whole = All(schedule, Stripe::Whole());
    EXPECT_TRUE(std::is_sorted(whole.begin(), whole.end(),
                               [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; }));
    const Stripes stripes = *Stripes::Make(DrawWeights(random));
    std::vector<UserEvent> together;
    for (int agent = 0; agent < stripes.agents(); ++agent) {
      for (const UserEvent& event : All(schedule, stripes.Of(agent))) together.push_back(event);
    }
    std::stable_sort(whole.begin(), whole.end(), Before);
    std::stable_sort(together.begin(), together.end(), Before);
    ASSERT_EQ(whole, together);
  }
}

TEST(UserTimeline, EnteredLaterItIsWhereItWouldBe) {
  v1::Load load;
  auto& ramp = *load.mutable_ramping_users();
  ramp.set_start_users(3);
  const auto stage = [&ramp](int64_t seconds, int64_t target) {
    auto& one = *ramp.add_stages();
    one.mutable_duration()->set_seconds(seconds);
    one.set_target(target);
  };
  stage(10, 40);
  stage(5, 40);
  stage(10, 7);
  stage(0, 20);
  stage(5, 0);
  const UserSchedule schedule = *UserSchedule::Make(load);
  for (int agent = 0; agent < 3; ++agent) {
    const Stripe stripe = Stripes::Make({1, 3, 2})->Of(agent);
    std::vector<UserEvent> all;
    UserTimeline whole(schedule, stripe);
    while (const auto event = whole.Next()) all.push_back(*event);
    for (int64_t t = -1'000'000'000; t < 32'000'000'000; t += 333'333'333) {
      UserTimeline entered(schedule, stripe);
      ASSERT_EQ(entered.EnterAt(t), t < 0 ? 0 : stripe.CountBefore(schedule.UsersAt(t))) << t;
      const auto rest = std::find_if(all.begin(), all.end(),
                                     [t](const UserEvent& event) { return event.at_ns > t; });
      for (auto expected = rest; expected != all.end(); ++expected) {
        const auto event = entered.Next();
        ASSERT_TRUE(event.has_value());
        ASSERT_EQ(*event, *expected);
      }
      ASSERT_FALSE(entered.Next().has_value());
    }
  }
}

TEST(UserTimeline, RunsAsManyUsersAsTheFormulaSays) {
  auto random = Random();
  for (int round = 0; round < 200; ++round) {
    const UserSchedule schedule = *UserSchedule::Make(DrawRamp(random));
    const std::vector<UserEvent> events = All(schedule, Stripe::Whole());
    std::vector<int64_t> instants = {0, schedule.Length() - 1, schedule.Length()};
    for (const UserEvent& event : events) {
      instants.push_back(event.at_ns);
      instants.push_back(event.at_ns - 1);
    }
    for (const int64_t t : instants) {
      if (t < 0) continue;
      int64_t running = 0;
      for (const UserEvent& event : events) {
        if (event.at_ns <= t) running += event.start ? 1 : -1;
      }
      ASSERT_EQ(running, schedule.UsersAt(t)) << "at " << t;
    }
  }
}

TEST(UserTimeline, TheRampOfTheManual) {
  v1::Load load;
  auto* stage = load.mutable_ramping_users()->add_stages();
  SetNs(10, stage->mutable_duration());
  stage->set_target(3);
  const auto events = All(*UserSchedule::Make(load), Stripe::Whole());
  const std::vector<UserEvent> expected = {{4, 1, true},   {7, 2, true},   {10, 3, true},
                                           {10, 3, false}, {10, 2, false}, {10, 1, false}};
  EXPECT_EQ(events, expected);
}

v1::Load DrawArrivals(std::mt19937_64& random) {
  v1::Load load;
  auto* ramp = load.mutable_ramping_arrival_rate();
  const int64_t periods[] = {1'000'000'000, 60'000'000'000, 10'000'000'000};
  const auto draw_rate = [&](v1::Rate* rate) {
    rate->set_count(Draw(random, 0, 300));
    rate->set_per_ns(periods[Draw(random, 0, 2)]);
  };
  draw_rate(ramp->mutable_start_rate());
  for (int64_t i = Draw(random, 1, 5); i > 0; --i) {
    auto* stage = ramp->add_stages();
    SetNs(Draw(random, 0, 5'000'000'000), stage->mutable_duration());
    draw_rate(stage->mutable_target());
  }
  return load;
}

TEST(ArrivalSchedule, DueTimesAndCountsAreInverse) {
  auto random = Random();
  for (int round = 0; round < 100; ++round) {
    const ArrivalSchedule schedule = *ArrivalSchedule::Make(DrawArrivals(random));
    int64_t last = 0;
    for (int64_t i = 0; i < schedule.Count(); ++i) {
      const int64_t due = schedule.DueAt(i);
      ASSERT_GE(due, last);
      ASSERT_LT(due, schedule.Length());
      ASSERT_LE(schedule.CountBefore(due), i);
      ASSERT_GE(schedule.CountBefore(due + 1), i + 1);
      last = due;
    }
  }
}

TEST(ArrivalSchedule, ConstantRateIsEvenlySpacedAndHalfOpen) {
  v1::Load load;
  auto* model = load.mutable_constant_arrival_rate();
  model->mutable_rate()->set_count(1000);
  model->mutable_rate()->set_per_ns(1'000'000'000);
  SetNs(600'000'000'000, model->mutable_duration());
  const ArrivalSchedule schedule = *ArrivalSchedule::Make(load);
  EXPECT_EQ(schedule.Count(), 600'000);
  EXPECT_EQ(schedule.DueAt(0), 0);
  EXPECT_EQ(schedule.DueAt(1), 1'000'000);
  EXPECT_EQ(schedule.DueAt(599'999), 599'999'000'000);
}

TEST(ArrivalSchedule, ARampCarriesItsRemainderAndHoldsTheTriangle) {
  v1::Load load;
  auto* ramp = load.mutable_ramping_arrival_rate();
  ramp->mutable_start_rate()->set_count(0);
  ramp->mutable_start_rate()->set_per_ns(1'000'000'000);
  for (int i = 0; i < 2; ++i) {
    auto* stage = ramp->add_stages();
    SetNs(1'500'000'000, stage->mutable_duration());
    stage->mutable_target()->set_count(i == 0 ? 5 : 0);
    stage->mutable_target()->set_per_ns(1'000'000'000);
  }
  // Two triangles of 3.75 iterations each: 7.5 in all, so 8 with iteration 0 at the start.
  EXPECT_EQ(ArrivalSchedule::Make(load)->Count(), 8);
}

TEST(ArrivalSchedule, TheLongestAndFastestPlanDoesNotOverflow) {
  v1::Load load;
  auto* ramp = load.mutable_ramping_arrival_rate();
  ramp->mutable_start_rate()->set_count(10'000'000);
  ramp->mutable_start_rate()->set_per_ns(1'000'000'000);
  auto* stage = ramp->add_stages();
  SetNs(7ll * 86'400'000'000'000, stage->mutable_duration());
  stage->mutable_target()->set_count(1);
  stage->mutable_target()->set_per_ns(3'600'000'000'000);
  const ArrivalSchedule schedule = *ArrivalSchedule::Make(load);
  EXPECT_NEAR(static_cast<double>(schedule.Count()), 10e6 * 604'800 / 2, 1e7);
}

}  // namespace
}  // namespace rampart
