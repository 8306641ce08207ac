#include "controller/run/merge/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

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

// Everything of what was added between two times, at random, on three agents.
class RandomRun {
 public:
  static constexpr int kAgents = 3;

  explicit RandomRun(int seconds) {
    const uint64_t seed = std::random_device()();
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    std::mt19937_64 random(seed);
    std::lognormal_distribution<double> latency(3, 1);
    for (int second = 0; second < seconds; ++second) {
      for (int agent = 0; agent < kAgents; ++agent) {
        DeltaSums& sums = deltas_.emplace_back(Second(second, 0));
        sums.iterations = static_cast<double>(random() % 100);
        sums.errors = static_cast<double>(random() % 3);
        for (uint64_t n = random() % 20; n > 0; --n) {
          sums.http_duration.Record(latency(random));
          ++sums.http_reqs;
        }
      }
    }
    for (size_t i = 0; i < deltas_.size(); ++i) order_.push_back(i);
  }

  // Agents' deltas come up to `late_s` seconds later than others', each agent's in order.
  void Delay(int late_s) {
    std::ranges::stable_sort(order_, {}, [&](size_t i) {
      const auto agent = static_cast<int>(i) % kAgents;
      return static_cast<int>(i) / kAgents + agent * late_s / kAgents;
    });
  }
  void AddTo(Timeline* timeline) const {
    for (const size_t i : order_) {
      const auto second = static_cast<double>(i / kAgents);
      timeline->Add(static_cast<int>(i % kAgents), deltas_[i], second, 2 * second);
    }
  }
  // What a point has to be, from the deltas themselves.
  void Expect(const TimelinePoint& point) const {
    DeltaSums all;
    const auto end = static_cast<size_t>(point.t + point.width_s) * kAgents;
    for (auto i = static_cast<size_t>(point.t) * kAgents; i < std::min(end, deltas_.size()); ++i) {
      all.iterations += deltas_[i].iterations;
      all.errors += deltas_[i].errors;
      all.http_reqs += deltas_[i].http_reqs;
      all.http_duration.Merge(deltas_[i].http_duration);
    }
    EXPECT_EQ(std::round(point.iterations_per_s * point.width_s), all.iterations);
    EXPECT_EQ(std::round(point.errors_per_s * point.width_s), all.errors);
    EXPECT_EQ(std::round(point.http_reqs_per_s * point.width_s), all.http_reqs);
    EXPECT_EQ(point.http_samples, all.http_duration.count());
    EXPECT_EQ(point.http_p50_ms, all.http_duration.Percentile(50));
    EXPECT_EQ(point.http_p95_ms, all.http_duration.Percentile(95));
    EXPECT_EQ(point.http_p99_ms, all.http_duration.Percentile(99));
  }

 private:
  std::vector<DeltaSums> deltas_;
  std::vector<size_t> order_;
};

constexpr size_t kPlenty = size_t{1} << 30;

TEST(Timeline, OldSecondsAreFoldedIntoTensAndMinutesAndLoseNothing) {
  const RandomRun run(1'000);
  Timeline timeline({.seconds = 120, .ten_seconds = 30, .minutes = 100, .bytes = kPlenty});
  run.AddTo(&timeline);
  const std::vector<TimelinePoint> points = timeline.Points();
  double t = 0;
  size_t minutes = 0;
  size_t tens = 0;
  for (const TimelinePoint& point : points) {
    EXPECT_EQ(point.t, t);
    t += point.width_s;
    minutes += point.width_s == 60 ? 1 : 0;
    tens += point.width_s == 10 ? 1 : 0;
    run.Expect(point);
    // As it stood at the point's end.
    EXPECT_EQ(point.users, RandomRun::kAgents * (t - 1));
    EXPECT_EQ(point.ws_active, RandomRun::kAgents * 2 * (t - 1));
  }
  EXPECT_EQ(t, 1'000);
  EXPECT_EQ(minutes, 9);
  EXPECT_EQ(tens, 34);
  EXPECT_EQ(points.size(), minutes + tens + 120);
}

TEST(Timeline, OverItsLimitsMinutesAreJoinedInPairsAndLoseNothing) {
  const RandomRun run(1'570);
  Timeline timeline({.seconds = 20, .ten_seconds = 8, .minutes = 5, .bytes = kPlenty});
  run.AddTo(&timeline);
  const std::vector<TimelinePoint> points = timeline.Points();
  EXPECT_LE(points.size(), 5u + 8 + 48 + 20 + 10);
  EXPECT_EQ(points[0].width_s, 480);
  double t = 0;
  for (const TimelinePoint& point : points) {
    EXPECT_EQ(point.t, t);
    t += point.width_s;
    run.Expect(point);
  }
  EXPECT_EQ(t, 1'570);
}

TEST(Timeline, WhatComesLateIsTheSameAsWhatComesInTime) {
  RandomRun run(400);
  const TimelineLimits limits{.seconds = 60, .ten_seconds = 12, .minutes = 100, .bytes = kPlenty};
  Timeline in_time(limits);
  run.AddTo(&in_time);
  // Also what belongs into slots that were packed and folded long before.
  for (const int late_s : {5, 50, 300}) {
    run.Delay(late_s);
    Timeline late(limits);
    run.AddTo(&late);
    const auto points = late.Points();
    const auto expected = in_time.Points();
    ASSERT_EQ(points.size(), expected.size());
    for (size_t i = 0; i < points.size(); ++i) {
      EXPECT_EQ(points[i].t, expected[i].t);
      run.Expect(points[i]);
      if (late_s < 60) {
        EXPECT_EQ(points[i].users, expected[i].users);
      }
    }
  }
}

TEST(Timeline, TwoDaysTakeNoMoreThanTheirMinutes) {
  Timeline timeline;
  size_t after_a_day = 0;
  for (int second = 0; second < 2 * 86'400; ++second) {
    timeline.Add(0, Second(second, 1, 1 + second % 50), 1, 1);
    if (second == 86'400) after_a_day = timeline.bytes();
  }
  const std::vector<TimelinePoint> points = timeline.Points();
  EXPECT_LT(points.size(), 1'210u + 1'446 + 2 * 1'440);
  EXPECT_LT(timeline.bytes() - after_a_day, size_t{1'440} * 1'000);
  uint64_t samples = 0;
  for (const TimelinePoint& point : points) samples += point.http_samples;
  EXPECT_EQ(samples, 2 * 86'400u);
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
  constexpr size_t kMaxBytes = 600'000;
  Timeline timeline({.bytes = kMaxBytes});
  double reqs = 0;
  for (int second = 0; second < 2'000; ++second) {
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
