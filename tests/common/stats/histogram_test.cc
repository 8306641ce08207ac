#include "common/stats/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

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
  // The rank in integers: in doubles 0.3 % of 20,000 is over 60.
  for (size_t tenths = 0; tenths <= 1'000; ++tenths) {
    const size_t rank = std::max<size_t>(1, (tenths * values.size() + 999) / 1'000);
    const double truth = values[rank - 1];
    const double p = static_cast<double>(tenths) / 10;
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

TEST(Histogram, RanksAreExactWhereDoublesRoundUp) {
  Histogram histogram;
  for (int i = 1; i <= 1'000; ++i) histogram.Record(i < 1'000 ? i / 8.0 : 1e6);
  // 0.07 * 100 and 0.29 * 100 are over 7 and under 29 in doubles.
  EXPECT_NEAR(histogram.Percentile(7), 70 / 8.0, 70 / 8.0 / 1024);
  EXPECT_NEAR(histogram.Percentile(29), 290 / 8.0, 290 / 8.0 / 1024);
  EXPECT_NEAR(histogram.Percentile(99.9), 999 / 8.0, 999 / 8.0 / 1024);
  EXPECT_EQ(histogram.Percentile(99.900001), 1e6);
  EXPECT_EQ(histogram.Percentile(0), 1 / 8.0);
}

TEST(Histogram, WithSomeMissingAPercentileLiesBetweenTwoKnownRanks) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.Record(i);
  const auto near = [](double value, double expected) {
    return std::abs(value / expected - 1) < 1e-3;
  };
  EXPECT_EQ(histogram.PercentileWithin(50, 0),
            std::pair(histogram.Percentile(50), histogram.Percentile(50)));
  // Of 110 the 55th: 10 of them below it or above.
  const auto [low, high] = histogram.PercentileWithin(50, 10);
  EXPECT_TRUE(near(low, 45)) << low;
  EXPECT_TRUE(near(high, 55)) << high;
  EXPECT_EQ(histogram.PercentileWithin(99, 10).second, HUGE_VAL);
  EXPECT_EQ(histogram.PercentileWithin(1, 10).first, -HUGE_VAL);
}

TEST(Histogram, ZerosLieBetweenNegativeAndPositiveValues) {
  Histogram histogram;
  histogram.Record(0.0);
  histogram.Record(-0.0);
  histogram.Record(-3);
  histogram.Record(5);
  histogram.Record(7);
  std::vector<std::pair<uint32_t, uint64_t>> buckets;
  histogram.ForEachBucket(
      [&buckets](uint32_t key, uint64_t count) { buckets.emplace_back(key, count); });
  EXPECT_THAT(buckets, testing::ElementsAre(testing::Pair(Histogram::KeyOf(-3), 1),
                                            testing::Pair(Histogram::KeyOf(0), 2),
                                            testing::Pair(Histogram::KeyOf(5), 1),
                                            testing::Pair(Histogram::KeyOf(7), 1)));
  EXPECT_EQ(histogram.Percentile(50), 0);
  EXPECT_EQ(histogram.Min(), -3);
  v1::TrendDelta wire;
  histogram.ToProto(&wire);
  Histogram read;
  ASSERT_TRUE(read.MergeProto(wire).ok());
  EXPECT_TRUE(read == histogram);

  Histogram zeros;
  zeros.Record(-0.0, 1'000);
  EXPECT_EQ(zeros.MemoryBytes(), 0);
  EXPECT_EQ(zeros.Percentile(50), 0);
  EXPECT_FALSE(std::signbit(zeros.Percentile(50)));
}

TEST(Histogram, SubnormalsAndTheEndsOfTheRangeAreKept) {
  const double least = std::numeric_limits<double>::denorm_min();
  const double most = std::numeric_limits<double>::max();
  Histogram histogram;
  for (const double value : {-most, -1e-310, -least, 0.0, least, 1e-310, most}) {
    ASSERT_TRUE(histogram.Record(value));
  }
  EXPECT_EQ(histogram.count(), 7);
  EXPECT_EQ(histogram.Percentile(0), -most);
  EXPECT_EQ(histogram.Percentile(100), most);
  const double half_bucket = std::ldexp(1.0, -1'031);
  EXPECT_NEAR(histogram.Percentile(50), 0, half_bucket);
  EXPECT_NEAR(histogram.Percentile(80), 1e-310, half_bucket);
  v1::TrendDelta wire;
  histogram.ToProto(&wire);
  Histogram read;
  ASSERT_TRUE(read.MergeProto(wire).ok());
  EXPECT_TRUE(read == histogram);
}

TEST(Histogram, RecordingManyTimesIsRecordingOneByOne) {
  std::mt19937_64 random(Seed());
  std::normal_distribution<double> around_zero(0, 100);
  Histogram at_once;
  Histogram one_by_one;
  for (int i = 0; i < 200; ++i) {
    const double value = i % 7 == 0 ? 0 : around_zero(random);
    const uint64_t times = random() % 20;
    ASSERT_TRUE(at_once.Record(value, times));
    for (uint64_t n = 0; n < times; ++n) one_by_one.Record(value);
  }
  EXPECT_TRUE(at_once == one_by_one);
  EXPECT_FALSE(at_once.Record(NAN, 3));
  EXPECT_TRUE(at_once == one_by_one);
}

TEST(Histogram, CountsGoOnPastThirtyTwoBits) {
  constexpr uint64_t kMany = (uint64_t{1} << 32) - 1;
  Histogram histogram;
  histogram.Record(1, kMany);
  histogram.Record(2, 3 * kMany);
  for (int i = 0; i < 3; ++i) histogram.Record(1);
  Histogram twice = histogram;
  twice.Merge(histogram);
  v1::TrendDelta delta;
  histogram.ToProto(&delta);
  ASSERT_TRUE(twice.MergeProto(delta).ok());
  std::vector<uint64_t> counts;
  twice.ForEachBucket([&counts](uint32_t, uint64_t count) { counts.push_back(count); });
  EXPECT_EQ(counts, (std::vector<uint64_t>{3 * (kMany + 3), 9 * kMany}));
  twice.Clear();
  twice.Record(1);
  EXPECT_EQ(twice.Percentile(50), 1);
  EXPECT_EQ(twice.count(), 1u);
  counts.clear();
  twice.ForEachBucket([&counts](uint32_t, uint64_t count) { counts.push_back(count); });
  EXPECT_EQ(counts, (std::vector<uint64_t>{1}));
}

TEST(Histogram, AMovedFromHistogramIsEmptyAndUsable) {
  Histogram from;
  from.Record(0);
  from.Record(-4);
  const Histogram copy = from;
  Histogram to = std::move(from);
  EXPECT_TRUE(to == copy);
  EXPECT_TRUE(from == Histogram());  // NOLINT: what moving leaves is promised
  EXPECT_EQ(from.Percentile(50), 0);
  from.Record(1e9);
  Histogram fresh;
  fresh.Record(1e9);
  EXPECT_TRUE(from == fresh);
  to = std::move(from);
  EXPECT_TRUE(to == fresh);
}

TEST(Histogram, AClearedHistogramIsEmptyAndKeepsItsPages) {
  Histogram histogram;
  for (int i = -50; i < 50; ++i) histogram.Record(i);
  const size_t bytes = histogram.MemoryBytes();
  histogram.Clear();
  EXPECT_TRUE(histogram == Histogram());
  for (int i = -50; i < 50; ++i) histogram.Record(i);
  EXPECT_EQ(histogram.MemoryBytes(), bytes);
}

TEST(Histogram, MergesPagesBelowAboveAndBetweenItsOwn) {
  std::mt19937_64 random(Seed());
  std::vector<double> values = {-1e9, -2, 1e-9, 3, 1e3, 1e12};
  for (int round = 0; round < 50; ++round) {
    std::shuffle(values.begin(), values.end(), random);
    Histogram merged;
    Histogram all;
    for (const double value : values) {
      Histogram one;
      one.Record(value);
      merged.Merge(one);
      all.Record(value);
    }
    ASSERT_TRUE(merged == all);
    uint32_t last = 0;
    uint64_t total = 0;
    merged.ForEachBucket([&](uint32_t key, uint64_t count) {
      ASSERT_GT(key, last);
      last = key;
      total += count;
    });
    ASSERT_EQ(total, values.size());
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

// A histogram of 1, 2 and 5, by hand: what a test then bends.
v1::TrendDelta ThreeValues() {
  Histogram histogram;
  for (const double value : {1.0, 2.0, 5.0}) histogram.Record(value);
  v1::TrendDelta wire;
  histogram.ToProto(&wire);
  return wire;
}

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

TEST(Histogram, ADeltaThatContradictsItselfIsRefusedWithWords) {
  Histogram target;
  target.Record(3);
  const Histogram before = target;
  const auto refusal = [&](const std::function<void(v1::TrendDelta*)>& bend) {
    v1::TrendDelta wire = ThreeValues();
    bend(&wire);
    const absl::Status status = target.MergeProto(wire);
    EXPECT_TRUE(target == before);
    return std::string(status.message());
  };
  using testing::HasSubstr;
  EXPECT_THAT(refusal([](auto* wire) { wire->set_count(2); }), HasSubstr("do not add up"));
  EXPECT_THAT(refusal([](auto* wire) { wire->set_count(4); }), HasSubstr("do not add up"));
  EXPECT_THAT(refusal([](auto* wire) { wire->set_count(0); }), HasSubstr("without a count"));
  EXPECT_THAT(refusal([](auto* wire) { wire->set_count(Histogram::kMaxDeltaCount + 1); }),
              HasSubstr("more values than"));
  EXPECT_THAT(refusal([](auto* wire) { wire->set_min(0.5); }), HasSubstr("outermost"));
  EXPECT_THAT(refusal([](auto* wire) { wire->set_min(2); }), HasSubstr("outermost"));
  EXPECT_THAT(refusal([](auto* wire) { wire->set_max(6); }), HasSubstr("outermost"));
  EXPECT_THAT(refusal([](auto* wire) { wire->set_max(0.1); }), HasSubstr("not a range"));
  EXPECT_THAT(refusal([](auto* wire) { wire->set_max(INFINITY); }), HasSubstr("not a range"));
  EXPECT_THAT(refusal([](auto* wire) { wire->set_min(NAN); }), HasSubstr("not a range"));
  EXPECT_THAT(refusal([](auto* wire) { wire->mutable_buckets()->push_back('\x80'); }),
              HasSubstr("cut short"));
  // Numbers of over 64 bits.
  const std::string wide = std::string(9, '\x80') + '\x02';
  EXPECT_THAT(refusal([&](auto* wire) { wire->set_buckets(wide + Varint(3)); }),
              HasSubstr("cut short"));
  const std::string endless(20, '\x80');
  EXPECT_THAT(refusal([&](auto* wire) { wire->set_buckets(endless + '\x01'); }),
              HasSubstr("cut short"));
  EXPECT_THAT(refusal([](auto* wire) { wire->set_buckets(Varint(1ull << 21) + Varint(3)); }),
              HasSubstr("out of range"));
  EXPECT_THAT(refusal([](auto* wire) { wire->set_buckets(Varint(UINT64_MAX) + Varint(3)); }),
              HasSubstr("out of range"));
  const std::string one = Varint(Histogram::KeyOf(1));
  EXPECT_THAT(
      refusal([&](auto* wire) { wire->set_buckets(one + Varint(1) + Varint(0) + Varint(2)); }),
      HasSubstr("a bucket twice"));
  EXPECT_THAT(refusal([&](auto* wire) { wire->set_buckets(one + Varint(0)); }),
              HasSubstr("do not add up"));
  EXPECT_THAT(refusal([&](auto* wire) { wire->set_buckets(one + Varint(UINT64_MAX)); }),
              HasSubstr("do not add up"));
  EXPECT_TRUE(target.MergeProto(ThreeValues()).ok());
}

TEST(ExactSum, TimesAndUnmergeUndoAdding) {
  std::mt19937_64 random(Seed());
  std::normal_distribution<double> around_zero(0, 1e6);
  for (int round = 0; round < 100; ++round) {
    const double value = around_zero(random) * (round % 10 == 0 ? 1e9 : 1);
    const uint64_t times = random() % 50;
    ExactSum one;
    one.Add(value);
    ExactSum added;
    for (uint64_t n = 0; n < times; ++n) added.Add(value);
    EXPECT_TRUE(one.Times(times) == added);
    ExactSum both = added;
    both.Merge(one);
    both.Unmerge(one);
    EXPECT_TRUE(both == added);
    both.Unmerge(added);
    EXPECT_TRUE(both == ExactSum());
  }
}

TEST(ExactSum, RoundsOnceToTheNearestUnitAndSurvivesTheWire) {
  const double unit = std::ldexp(1.0, -40);
  const auto sum_of = [](double value) {
    ExactSum sum;
    sum.Add(value);
    v1::ExactSum wire;
    sum.ToProto(&wire);
    EXPECT_TRUE(ExactSum::FromProto(wire) == sum);
    return sum.Value();
  };
  EXPECT_EQ(sum_of(unit * 0.5), unit);
  EXPECT_EQ(sum_of(unit * 0.49), 0);
  EXPECT_EQ(sum_of(unit * -0.5), -unit);
  EXPECT_EQ(sum_of(unit * -1.4), -unit);
  EXPECT_EQ(sum_of(-12.25), -12.25);
  EXPECT_EQ(sum_of(4'194'304.5), 4'194'304.5);
  EXPECT_EQ(sum_of(-4'194'303.75), -4'194'303.75);
  EXPECT_EQ(sum_of(1e300), std::ldexp(1.0, 64));
  EXPECT_EQ(sum_of(-1e300), -std::ldexp(1.0, 64));
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
