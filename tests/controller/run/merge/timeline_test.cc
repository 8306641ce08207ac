#include "controller/run/merge/timeline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <random>

namespace rampart::controller {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

DeltaSums Second(int64_t n, double reqs, double duration_ms = 1) {
  DeltaSums sums;
  sums.from_ns = n * kSecond;
  sums.to_ns = (n + 1) * kSecond;
  sums.http_reqs = reqs;
  sums.http_duration.Record(duration_ms, static_cast<uint64_t>(reqs));
  return sums;
}

TEST(Timeline, JoiningConservesCountsAndPercentiles) {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> latency(3, 1);
  Timeline joined(/*max_points=*/10);
  double reqs = 0;
  double iterations = 0;
  Histogram first_16;  // what is in the first point at the end
  for (int second = 0; second < 157; ++second) {
    for (int agent = 0; agent < 3; ++agent) {
      DeltaSums sums = Second(second, 0);
      sums.iterations = static_cast<double>(random() % 100);
      iterations += sums.iterations;
      for (uint64_t n = random() % 20; n > 0; --n) {
        const double value = latency(random);
        sums.http_duration.Record(value);
        if (second < 16) first_16.Record(value);
        ++sums.http_reqs;
        ++reqs;
      }
      joined.Add(agent, sums, second, 2 * second);
    }
  }
  const std::vector<TimelinePoint> points = joined.Points();
  ASSERT_EQ(points.size(), 10);  // of 16 s: the 157 s are over 80
  double samples = 0;
  double reqs_seen = 0;
  double iterations_seen = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(points[i].width_s, 16);
    EXPECT_EQ(points[i].t, 16 * static_cast<double>(i));
    samples += static_cast<double>(points[i].http_samples);
    reqs_seen += points[i].http_reqs_per_s * points[i].width_s;
    iterations_seen += points[i].iterations_per_s * points[i].width_s;
  }
  EXPECT_EQ(samples, reqs);
  EXPECT_EQ(reqs_seen, reqs);
  EXPECT_EQ(iterations_seen, iterations);
  EXPECT_EQ(points[0].http_p95_ms, first_16.Percentile(95));
  EXPECT_EQ(points[0].users, 3 * 15);  // as it stood at the point's end
  EXPECT_EQ(points[0].ws_active, 3 * 30);
}

TEST(Timeline, ADeltaIsInTheSecondOfItsMiddle) {
  Timeline timeline;
  DeltaSums late = Second(1, 7);
  late.from_ns += kSecond / 250;
  late.to_ns += kSecond / 100;
  timeline.Add(0, late, 0, 0);
  DeltaSums over_the_start = Second(0, 5);  // begun in setup
  over_the_start.from_ns = -20 * kSecond;
  timeline.Add(0, over_the_start, 0, 0);
  const auto points = timeline.Points();
  ASSERT_EQ(points.size(), 2);
  EXPECT_EQ(points[0].http_reqs_per_s, 5);
  EXPECT_EQ(points[1].http_reqs_per_s, 7);
}

TEST(Timeline, UsersAreWhatEveryAgentHeldLastUntilItsEnd) {
  Timeline timeline;
  timeline.Add(0, Second(0, 0), 10, 1);
  timeline.Add(1, Second(0, 0), 100, 0);
  timeline.Add(1, Second(3, 0), 300, 0);  // it was silent in between
  timeline.Add(2, Second(4, 0), 1, 0);
  const auto points = timeline.Points();
  ASSERT_EQ(points.size(), 5);
  EXPECT_EQ(points[0].users, 110);
  EXPECT_EQ(points[1].users, 100);  // agent 0 has sent its last delta
  EXPECT_EQ(points[2].users, 100);
  EXPECT_EQ(points[3].users, 300);
  EXPECT_EQ(points[4].users, 1);
}

TEST(Timeline, MemoryIsBoundedWhateverTheDurations) {
  constexpr size_t kMaxBytes = 400'000;
  Timeline timeline(1'000, kMaxBytes);
  double reqs = 0;
  for (int second = 0; second < 300; ++second) {
    DeltaSums sums = Second(second, 0);
    // Each page once: as much memory as 100 samples can take.
    for (int i = 0; i < 100; ++i) sums.http_duration.Record(std::ldexp(1.0, i % 100 / 2 + i % 7));
    sums.http_reqs = 100;
    reqs += 100;
    timeline.Add(0, sums, 1, 1);
    ASSERT_LE(timeline.bytes(), kMaxBytes);
  }
  const auto points = timeline.Points();
  EXPECT_GT(points[0].width_s, 1);
  double seen = 0;
  for (const TimelinePoint& point : points) seen += static_cast<double>(point.http_samples);
  EXPECT_EQ(seen, reqs);
}

}  // namespace
}  // namespace rampart::controller
