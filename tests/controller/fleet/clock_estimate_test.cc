#include "controller/fleet/clock_estimate.h"

#include <cstdlib>
#include <random>

#include "gtest/gtest.h"

namespace rampart::controller {
namespace {

// One round trip of a clock that is `ahead`, with a delay each way.
void RoundTrip(ClockEstimate& clock, int64_t& now, int64_t ahead, int64_t there, int64_t back) {
  const v1::Ping ping = clock.Next(now);
  v1::Pong pong;
  pong.set_controller_ns(ping.controller_ns());
  pong.set_agent_ns(now + there + ahead);
  now += there + back;
  ASSERT_TRUE(clock.OnPong(pong, now));
}

TEST(ClockEstimate, TheQuickestRoundTripDecides) {
  ClockEstimate clock;
  int64_t now = 1'000;
  RoundTrip(clock, now, 5'000, 900, 100);
  RoundTrip(clock, now, 5'000, 10, 10);
  RoundTrip(clock, now, 5'000, 100, 700);
  EXPECT_EQ(clock.offset_ns(), 5'000);
  EXPECT_EQ(clock.uncertainty_ns(), 10);
  EXPECT_EQ(clock.ToAgent(7), 5'007);
  EXPECT_FALSE(clock.complete());
}

TEST(ClockEstimate, TheTruthIsWithinTheUncertainty) {
  std::mt19937_64 random(20240501);
  for (int round = 0; round < 2000; ++round) {
    ClockEstimate clock;
    int64_t now = static_cast<int64_t>(random() % 1'000'000'000);
    const int64_t ahead = static_cast<int64_t>(random() % 2'000'000'001) - 1'000'000'000;
    for (int i = 0; i < ClockEstimate::kPings; ++i) {
      RoundTrip(clock, now, ahead, static_cast<int64_t>(random() % 1'000'000),
                static_cast<int64_t>(random() % 1'000'000));
    }
    ASSERT_TRUE(clock.complete());
    ASSERT_LE(std::abs(clock.offset_ns() - ahead), clock.uncertainty_ns());
  }
}

TEST(ClockEstimate, AnAnswerToAnOlderPingIsIgnored) {
  ClockEstimate clock;
  const v1::Ping first = clock.Next(100);
  clock.Next(200);
  v1::Pong pong;
  pong.set_controller_ns(first.controller_ns());
  EXPECT_FALSE(clock.OnPong(pong, 300));
  pong.set_controller_ns(200);
  EXPECT_TRUE(clock.OnPong(pong, 300));
  EXPECT_FALSE(clock.OnPong(pong, 400)) << "twice";
}

}  // namespace
}  // namespace rampart::controller
