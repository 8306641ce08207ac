// How rows are shared out: whatever the cluster, each exactly once, and as many as users need.
#include "common/feed/feed_share.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "common/load/arrival_schedule.h"

namespace rampart {
namespace {

class Dice {
 public:
  Dice() : seed_(std::random_device()()), random_(seed_) {
    testing::Test::RecordProperty("seed", std::to_string(seed_));
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed_));
  }
  int64_t Draw(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }

 private:
  uint64_t seed_;
  std::mt19937_64 random_;
};

std::vector<Place> DrawPlaces(Dice& dice) {
  std::vector<uint32_t> weights(static_cast<size_t>(dice.Draw(1, 8)));
  for (uint32_t& weight : weights) weight = static_cast<uint32_t>(dice.Draw(0, 20));
  weights[static_cast<size_t>(dice.Draw(0, static_cast<int64_t>(weights.size()) - 1))] += 1;
  std::vector<Place> places;
  for (size_t agent = 0; agent < weights.size(); ++agent) {
    const int threads = static_cast<int>(dice.Draw(1, 4));
    for (int thread = 0; thread < threads; ++thread) {
      places.push_back({static_cast<int>(agent), weights, thread, threads});
    }
  }
  return places;
}

v1::Load DrawLoad(Dice& dice) {
  v1::Load load;
  const int64_t users = dice.Draw(1, 40);
  switch (dice.Draw(0, 2)) {
    case 0:
      load.mutable_iterations_per_user()->set_users(users);
      load.mutable_iterations_per_user()->set_iterations(1);
      break;
    case 1:
      load.mutable_constant_users()->set_users(users);
      load.mutable_constant_users()->mutable_duration()->set_seconds(1);
      break;
    default:
      load.mutable_constant_arrival_rate()->set_users(users);
      load.mutable_constant_arrival_rate()->mutable_rate()->set_count(10);
      load.mutable_constant_arrival_rate()->mutable_rate()->set_per_ns(1'000'000'000);
      load.mutable_constant_arrival_rate()->mutable_duration()->set_seconds(60);
  }
  return load;
}

// One scenario that takes from `users`.
v1::Plan PlanOf(v1::Load load) {
  v1::Plan plan;
  plan.add_feeds()->set_name("users");
  v1::Scenario& scenario = *plan.add_scenarios();
  *scenario.mutable_load() = std::move(load);
  scenario.add_steps()->add_steps()->mutable_take()->set_from("users");
  return plan;
}

// The own rows below `rows`, in the order in which they are taken.
std::vector<int64_t> Below(const FeedShare& share, int64_t rows) {
  std::vector<int64_t> own;
  if (share.empty()) return own;
  for (int64_t k = 0; share.At(k) < rows; ++k) own.push_back(share.At(k));
  return own;
}

TEST(FeedShare, EveryRowIsThereOnceWhateverTheCluster) {
  Dice dice;
  for (int round = 0; round < 500; ++round) {
    v1::Plan plan;
    plan.add_feeds()->set_name("users");
    if (dice.Draw(0, 2) == 0) plan.add_setup()->mutable_take()->set_from("users");
    if (dice.Draw(0, 2) == 0) plan.add_teardown()->mutable_take()->set_from("users");
    plan.add_setup()->mutable_take()->set_from("others");
    for (int64_t i = dice.Draw(1, 4); i > 0; --i) {
      v1::Scenario& scenario = *plan.add_scenarios();
      *scenario.mutable_load() = DrawLoad(dice);
      // One at least takes; deep down in the steps of some.
      if (i == 1 || dice.Draw(0, 1) == 0) {
        scenario.add_steps()->add_steps()->mutable_take()->set_from("users");
      }
    }
    const int64_t rows = dice.Draw(0, 300);
    std::vector<int> taken(static_cast<size_t>(rows));
    for (const Place& place : DrawPlaces(dice)) {
      const auto shares = FeedSharesOf(plan, "users", place);
      ASSERT_TRUE(shares.ok()) << shares.status();
      ASSERT_EQ(shares->size(), kFirstScenario + static_cast<size_t>(plan.scenarios_size()));
      for (const FeedShare& share : *shares) {
        const std::vector<int64_t> own = Below(share, rows);
        ASSERT_TRUE(std::is_sorted(own.begin(), own.end()));
        for (const int64_t row : own) ++taken[static_cast<size_t>(row)];
      }
    }
    ASSERT_TRUE(std::all_of(taken.begin(), taken.end(), [](int times) { return times == 1; }))
        << plan.DebugString();
  }
}

TEST(FeedShare, WhereEachUserTakesSoManyEachPlaceHasExactlyThose) {
  Dice dice;
  for (int round = 0; round < 300; ++round) {
    const int64_t users = dice.Draw(1, 50);
    const int64_t each = dice.Draw(1, 5);
    v1::Load load;
    load.mutable_iterations_per_user()->set_users(users);
    load.mutable_iterations_per_user()->set_iterations(each);
    for (const Place& place : DrawPlaces(dice)) {
      const FeedShare share = (*FeedSharesOf(PlanOf(load), "users", place))[kFirstScenario];
      const Stripe own = ShareOf(load, place)->users;
      const int64_t own_users = own.empty() ? 0 : own.CountBefore(users);
      ASSERT_EQ(static_cast<int64_t>(Below(share, users * each).size()), own_users * each);
    }
  }
}

TEST(FeedShare, WhereEachArrivalTakesOneEachPlaceHasExactlyThose) {
  Dice dice;
  for (int round = 0; round < 300; ++round) {
    v1::Load load = DrawLoad(dice);
    while (!load.has_constant_arrival_rate()) load = DrawLoad(dice);
    const int64_t arrivals = ArrivalSchedule::Make(load)->Count();
    for (const Place& place : DrawPlaces(dice)) {
      const FeedShare share = (*FeedSharesOf(PlanOf(load), "users", place))[kFirstScenario];
      const auto own = ShareOf(load, place)->arrivals;
      ASSERT_EQ(static_cast<int64_t>(Below(share, arrivals).size()),
                own ? own->CountBefore(arrivals) : 0);
    }
  }
}

TEST(FeedShare, OnePlaceTakesInTheOrderOfTheFile) {
  v1::Load load;
  load.mutable_constant_users()->set_users(7);
  load.mutable_constant_users()->mutable_duration()->set_seconds(1);
  const FeedShare share = (*FeedSharesOf(PlanOf(load), "users", Place{}))[kFirstScenario];
  for (int64_t k = 0; k < 100; ++k) EXPECT_EQ(share.At(k), k);
}

}  // namespace
}  // namespace rampart
