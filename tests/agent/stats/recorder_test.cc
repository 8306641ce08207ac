#include "agent/stats/recorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "common/stats/delta.h"

namespace rampart::agent {
namespace {

// Four agents of two threads record, flush at random, and send serialized deltas; the store that
// merges them equals one histogram of all samples, and the sorted raw values within the bucket's
// width.
TEST(Recorder, TheMergedResultIsTheUnionOfAllSamples) {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> latency(3, 1);
  const MetricCatalog catalog{v1::Plan()};
  SeriesStore merged;
  Histogram all;
  std::vector<double> raw;
  for (int agent = 0; agent < 4; ++agent) {
    std::vector<std::unique_ptr<Recorder>> threads;
    for (int t = 0; t < 2; ++t) threads.push_back(std::make_unique<Recorder>(catalog));
    DeltaWriter writer;
    DeltaReader reader;
    for (int flush = 0; flush < 20; ++flush) {
      for (int t = 0; t < 2; ++t) {
        Recorder& recorder = *threads[static_cast<size_t>(t)];
        for (uint64_t n = random() % 200; n > 0; --n) {
          const double value = latency(random);
          const std::string status = random() % 10 == 0 ? "500" : "200";
          recorder.Trend(recorder.Find("http_req_duration", {{"status", status}}), value);
          recorder.Count(recorder.Find("http_reqs", {}));
          recorder.Rate(recorder.Find("http_req_failed", {}), status == "500");
          all.Record(value);
          raw.push_back(value);
        }
        Bank* bank = recorder.Swap();
        ASSERT_NE(bank, nullptr);
        writer.Drain(t, recorder.keys(), bank);
        recorder.Return(bank);
      }
      const std::string bytes = writer.Take(flush, flush + 1, {}).SerializeAsString();
      v1::Delta delta;
      ASSERT_TRUE(delta.ParseFromString(bytes));
      ASSERT_TRUE(reader.Apply(delta, &merged).ok());
      ASSERT_TRUE(reader.Apply(delta, &merged).ok());  // a resent delta changes nothing
    }
    EXPECT_EQ(reader.duplicates(), 20);
  }
  const SeriesValue duration = *merged.Aggregate("http_req_duration");
  EXPECT_TRUE(duration.trend == all);
  EXPECT_EQ(merged.Aggregate("http_reqs")->counter.Value(), static_cast<double>(raw.size()));
  EXPECT_EQ(merged.Aggregate("http_req_failed")->total, raw.size());
  std::sort(raw.begin(), raw.end());
  for (const double p : {50.0, 90.0, 95.0, 99.0, 99.9}) {
    const double truth =
        raw[static_cast<size_t>(std::ceil(p / 100 * static_cast<double>(raw.size()))) - 1];
    EXPECT_NEAR(duration.trend.Percentile(p), truth, truth / 1000);
  }
}

TEST(DeltaReader, RefusesAGapAndBadParts) {
  const MetricCatalog catalog{v1::Plan()};
  Recorder recorder(catalog);
  DeltaWriter writer;
  recorder.Count(recorder.Find("http_reqs", {}));
  writer.Drain(0, recorder.keys(), recorder.Swap());
  v1::Delta first = writer.Take(0, 1, {});
  v1::Delta second = writer.Take(1, 2, {});
  SeriesStore store;
  DeltaReader reader;
  EXPECT_FALSE(reader.Apply(second, &store).ok());
  v1::Delta bad = first;
  bad.mutable_series(0)->set_series(7);
  EXPECT_FALSE(reader.Apply(bad, &store).ok());
  bad = first;
  bad.mutable_series(0)->mutable_rate()->set_total(1);
  EXPECT_FALSE(reader.Apply(bad, &store).ok());
  EXPECT_FALSE(store.Aggregate("http_reqs").has_value());
  EXPECT_TRUE(reader.Apply(first, &store).ok());
  EXPECT_TRUE(reader.Apply(second, &store).ok());
  EXPECT_EQ(store.Aggregate("http_reqs")->counter.Value(), 1);
}

TEST(Recorder, WhatItGivesAwayHasNoSecrets) {
  const MetricCatalog catalog{v1::Plan()};
  google::protobuf::RepeatedPtrField<v1::Secret> given;
  given.Add()->set_value("first-canary");
  given.Add()->set_value("other \"canary\"");
  Recorder recorder(catalog, Secrets(v1::Plan(), given));
  const SeriesId one = recorder.Find("http_reqs", {{"who", "is first-canary"}});
  EXPECT_EQ(recorder.Find("http_reqs", {{"who", "is other \"canary\""}}), one);
  EXPECT_EQ(recorder.Find("http_reqs", {{"who", "is ***"}}), one);
  EXPECT_NE(recorder.Find("http_reqs", {{"who", "is nobody"}}), one);
  recorder.Count(one);
  // Cut in the middle of it.
  recorder.Error("plan", std::string(295, '.') + "first-canary", "step", {}, 0);
  DeltaWriter writer;
  writer.Drain(0, recorder.keys(), recorder.Swap());
  const std::string said = writer.Take(0, 1, {}).DebugString();
  EXPECT_EQ(said.find("canary"), said.npos) << said;
  EXPECT_EQ(said.find("first"), said.npos) << said;
  EXPECT_NE(said.find("is ***"), said.npos) << said;
}

TEST(Recorder, SeriesAndErrorsAreBounded) {
  const MetricCatalog catalog{v1::Plan()};
  Recorder recorder(catalog);
  for (size_t i = 0; i < Recorder::kMaxSeries + 100; ++i) {
    recorder.Record(recorder.Find("http_req_duration", {{"id", std::to_string(i)}}), 1, 0);
  }
  EXPECT_LE(recorder.keys().size(), Recorder::kMaxSeries + 1);
  for (int i = 0; i < 1'000; ++i) recorder.Error("k", std::to_string(i), "s", {}, i);
  Bank* bank = recorder.Swap();
  EXPECT_EQ(bank->other_samples, 100);
  EXPECT_LE(bank->errors.size(), Recorder::kMaxErrors + 1);
  uint64_t errors = 0;
  for (const auto& [key, error] : bank->errors) errors += error.count();
  EXPECT_EQ(errors, 1'000);
}

}  // namespace
}  // namespace rampart::agent
