#include "common/stats/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "common/stats/threshold.h"

namespace rampart {
namespace {

uint64_t Seed() {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

TEST(Histogram, PercentilesAreWithinOneInAThousandOfTheSortedValues) {
  std::mt19937_64 random(Seed());
  std::lognormal_distribution<double> latency(2, 1.5);
  std::vector<double> values;
  Histogram histogram;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back((i % 10 == 0 ? -1 : 1) * latency(random));
    ASSERT_TRUE(histogram.Record(values.back()));
  }
  std::sort(values.begin(), values.end());
  for (double p = 0; p <= 100; p += 0.1) {
    const auto rank = static_cast<size_t>(std::max(1.0, std::ceil(p / 100 * 20'000)));
    const double truth = values[std::min<size_t>(rank, values.size()) - 1];
    EXPECT_NEAR(histogram.Percentile(p), truth, std::abs(truth) / 1024) << p;
  }
  EXPECT_EQ(histogram.Min(), values.front());
  EXPECT_EQ(histogram.Max(), values.back());
}

TEST(Histogram, MergingIsTheHistogramOfAllBitForBitInAnyOrder) {
  std::mt19937_64 random(Seed());
  std::lognormal_distribution<double> latency(3, 2);
  for (int round = 0; round < 50; ++round) {
    Histogram all;
    std::vector<Histogram> parts(1 + random() % 8);
    for (int i = 0; i < 500; ++i) {
      const double value = latency(random);
      all.Record(value);
      parts[random() % parts.size()].Record(value);
    }
    std::shuffle(parts.begin(), parts.end(), random);
    Histogram merged;
    for (const Histogram& part : parts) {
      v1::TrendDelta wire;
      part.ToProto(&wire);
      ASSERT_TRUE(merged.MergeProto(wire).ok());
    }
    ASSERT_TRUE(merged == all);
    ASSERT_EQ(merged.Sum(), all.Sum());
    ASSERT_EQ(merged.Percentile(99), all.Percentile(99));
  }
}

TEST(Histogram, KeysAscendWithValuesOverTheWholeRange) {
  const double values[] = {-1e300, -5, -1e-300, 0, 1e-310, 1e-300, 0.1, 1, 1.01, 5, 1e300};
  for (size_t i = 1; i < std::size(values); ++i) {
    EXPECT_LT(Histogram::KeyOf(values[i - 1]), Histogram::KeyOf(values[i]));
  }
  EXPECT_EQ(Histogram::KeyOf(-0.0), Histogram::KeyOf(0.0));
}

TEST(Histogram, RefusesWhatIsNoNumber) {
  Histogram histogram;
  EXPECT_FALSE(histogram.Record(NAN));
  EXPECT_FALSE(histogram.Record(INFINITY));
  EXPECT_EQ(histogram.count(), 0);
}

TEST(Histogram, HostileDeltasAreRefusedWhole) {
  std::mt19937_64 random(Seed());
  Histogram good;
  for (int i = 1; i < 50; ++i) good.Record(i);
  v1::TrendDelta wire;
  good.ToProto(&wire);
  for (int round = 0; round < 2'000; ++round) {
    v1::TrendDelta bad = wire;
    std::string& bytes = *bad.mutable_buckets();
    bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    Histogram target = good;
    if (!target.MergeProto(bad).ok()) {
      EXPECT_TRUE(target == good);
    }
  }
  wire.set_count(wire.count() + 1);
  EXPECT_FALSE(good.MergeProto(wire).ok());
}

TEST(ExactSum, DoesNotDependOnTheOrder) {
  std::mt19937_64 random(Seed());
  std::vector<double> values;
  for (int i = 0; i < 1'000; ++i) {
    values.push_back(std::ldexp(static_cast<double>(random()), -static_cast<int>(random() % 90)));
  }
  ExactSum forward;
  for (const double value : values) forward.Add(value);
  std::shuffle(values.begin(), values.end(), random);
  ExactSum shuffled;
  for (const double value : values) shuffled.Add(value);
  EXPECT_TRUE(forward == shuffled);
  ExactSum tenths;
  for (int i = 0; i < 10; ++i) tenths.Add(0.1);
  EXPECT_NEAR(tenths.Value(), 1, 1e-11);
}

TEST(Condition, ParsesAndJudges) {
  SeriesValue value;
  value.kind = v1::TREND;
  for (int i = 1; i <= 100; ++i) value.trend.Record(i);
  const auto holds = [&value](const char* text) {
    const Condition condition = *Condition::Parse(text, v1::TREND);
    return Holds(condition, Observe(condition, value, 10));
  };
  EXPECT_TRUE(holds("p(95)<96"));
  EXPECT_FALSE(holds("p(95) < 95"));
  EXPECT_TRUE(holds("max<=100"));
  EXPECT_TRUE(holds("avg==50.5"));
  EXPECT_TRUE(holds("count>=100"));
}

TEST(Condition, SaysWhatIsWrong) {
  EXPECT_THAT(std::string(Condition::Parse("p95<1", v1::TREND).status().message()),
              testing::HasSubstr("avg, min, max, med, p(N), count"));
  EXPECT_THAT(std::string(Condition::Parse("rate", v1::RATE).status().message()),
              testing::HasSubstr("no comparison"));
  EXPECT_FALSE(Condition::Parse("p(101)<1", v1::TREND).ok());
  EXPECT_FALSE(Condition::Parse("rate<x", v1::RATE).ok());
  EXPECT_FALSE(Condition::Parse("value<1", v1::COUNTER).ok());
}

TEST(Selector, ReadsTags) {
  const Selector selector = *Selector::Parse("http_req_duration{status:200, name:a b}");
  EXPECT_EQ(selector.metric, "http_req_duration");
  EXPECT_EQ(selector.tags, (Tags{{"name", "a b"}, {"status", "200"}}));
  EXPECT_FALSE(Selector::Parse("a{b").ok());
  EXPECT_FALSE(Selector::Parse("{a:b}").ok());
}

}  // namespace
}  // namespace rampart
