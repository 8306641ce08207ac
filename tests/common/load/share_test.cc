// Every user, arrival and iteration of a scenario has exactly one thread in the cluster, and that
// thread has users to run it.
#include "common/load/share.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>

namespace rampart {
namespace {

int64_t Draw(std::mt19937_64& random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

TEST(Share, UsersArrivalsAndIterationsAreConservedOverAgentsAndThreads) {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::vector<uint32_t> weights(static_cast<size_t>(Draw(random, 1, 6)));
    for (uint32_t& weight : weights) weight = static_cast<uint32_t>(Draw(random, 0, 5));
    weights[0] += 1;
    const int64_t users = Draw(random, 1, 20);
    const int64_t iterations = Draw(random, 1, 100);
    v1::Load shared;
    shared.mutable_shared_iterations()->set_users(users);
    shared.mutable_shared_iterations()->set_iterations(iterations);
    v1::Load rate;
    rate.mutable_constant_arrival_rate()->set_users(users);

    int64_t users_seen = 0;
    int64_t iterations_seen = 0;
    std::vector<int> arrivals_seen(200, 0);
    for (int agent = 0; agent < static_cast<int>(weights.size()); ++agent) {
      const int threads = static_cast<int>(Draw(random, 1, 4));
      for (int thread = 0; thread < threads; ++thread) {
        const Place place{agent, weights, thread, threads};
        const Share of_shared = *ShareOf(shared, place);
        const int64_t own = of_shared.users.CountBefore(users);
        users_seen += own;
        iterations_seen += of_shared.iterations;
        ASSERT_TRUE(own > 0 || of_shared.iterations == 0);

        const Share of_rate = *ShareOf(rate, place);
        ASSERT_EQ(of_rate.arrivals.has_value(), own > 0);
        if (!of_rate.arrivals) continue;
        for (int64_t k = 0; of_rate.arrivals->At(k) < 200; ++k) {
          ++arrivals_seen[static_cast<size_t>(of_rate.arrivals->At(k))];
        }
      }
    }
    ASSERT_EQ(users_seen, users);
    ASSERT_EQ(iterations_seen, iterations);
    for (const int seen : arrivals_seen) ASSERT_EQ(seen, 1);
  }
}

TEST(Share, OneUserOnFourAgentsGetsEveryArrival) {
  v1::Load rate;
  rate.mutable_ramping_arrival_rate()->set_users(1);
  int taking_part = 0;
  for (int agent = 0; agent < 4; ++agent) {
    const Share share = *ShareOf(rate, {agent, {1, 1, 1, 1}, 0, 1});
    if (!share.arrivals) continue;
    ++taking_part;
    EXPECT_EQ(share.arrivals->At(41), 41);
  }
  EXPECT_EQ(taking_part, 1);
}

TEST(Share, MaxUsersTakePartToo) {
  v1::Load rate;
  rate.mutable_constant_arrival_rate()->set_users(1);
  rate.mutable_constant_arrival_rate()->set_max_users(10);
  EXPECT_EQ(MostUsers(rate), 10);
  EXPECT_TRUE(ShareOf(rate, {1, {1, 1}, 0, 1})->arrivals.has_value());
}

TEST(Share, WhatIsDealtAgainIsWhatWasDealtFirst) {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    const auto weights = [&random] {
      std::vector<uint32_t> drawn(static_cast<size_t>(Draw(random, 1, 4)));
      for (uint32_t& weight : drawn) weight = static_cast<uint32_t>(Draw(random, 0, 5));
      drawn[0] += 1;
      return drawn;
    };
    Place place;
    place.weights = weights();
    place.agent = static_cast<int>(Draw(random, 0, static_cast<int64_t>(place.weights.size()) - 1));
    if (Draw(random, 0, 1) == 1) place.again.push_back({0, weights()});
    v1::Load rate;
    rate.mutable_constant_arrival_rate()->set_users(Draw(random, 1, 30));
    const Share whole = *ShareOf(rate, place);

    std::vector<int> users(200, 0);
    std::vector<int> arrivals(200, 0);
    place.again.push_back({0, weights()});
    const auto agents = static_cast<int>(place.again.back().weights.size());
    for (int agent = 0; agent < agents; ++agent) {
      place.again.back().agent = agent;
      place.threads = static_cast<int>(Draw(random, 1, 3));
      for (place.thread = 0; place.thread < place.threads; ++place.thread) {
        const Share part = *ShareOf(rate, place);
        for (int64_t index = 0; index < 200; ++index) {
          const auto at = static_cast<size_t>(index);
          if (part.users.Contains(index)) ++users[at];
          if (part.arrivals && part.arrivals->Contains(index)) ++arrivals[at];
        }
        if (part.users.empty()) continue;
        for (int64_t k = 0; k < 5; ++k) ASSERT_EQ(part.users.CountBefore(part.users.At(k)), k);
      }
    }
    for (int64_t index = 0; index < 200; ++index) {
      const auto at = static_cast<size_t>(index);
      ASSERT_EQ(users[at], whole.users.Contains(index) ? 1 : 0);
      ASSERT_EQ(arrivals[at], whole.arrivals && whole.arrivals->Contains(index) ? 1 : 0);
    }
  }
}

}  // namespace
}  // namespace rampart
