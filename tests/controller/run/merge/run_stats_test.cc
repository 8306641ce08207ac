#include "controller/run/merge/run_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <deque>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tests/controller/run/simulated_agent.h"

namespace rampart::controller {
namespace {

v1::Plan PlanWithGauges() {
  v1::Plan plan;
  v1::Metric* depth = plan.add_metrics();
  depth->set_name("depth");
  depth->set_kind(v1::GAUGE);
  depth->set_merge(v1::SUM);
  v1::Metric* version = plan.add_metrics();
  version->set_name("version");
  version->set_kind(v1::GAUGE);
  return plan;
}

class RunStatsTest : public testing::Test {
 protected:
  const v1::Plan plan_ = PlanWithGauges();
  const MetricCatalog catalog_{plan_};
  RunStats stats_{catalog_};
};

TEST_F(RunStatsTest, AddsAgentsAndKeepsTheirGaugesApart) {
  const int depth = stats_.Watch({"depth", {}});
  const int version = stats_.Watch({"version", {}});
  const int reqs = stats_.Watch({"http_reqs", {{"status", "200"}}});
  EXPECT_EQ(stats_.Watch({"depth", {}}), depth);
  SimulatedAgent a(plan_);
  SimulatedAgent b(plan_);
  a.Record("depth", {{"queue", "x"}}, 3, 10);
  a.Record("depth", {{"queue", "y"}}, 4, 20);
  a.Record("version", {}, 7, 30);
  a.Record("http_reqs", {{"status", "200"}}, 5);
  a.Record("http_reqs", {{"status", "500"}}, 50);
  b.Record("depth", {{"queue", "x"}}, 10, 5);
  b.Record("version", {}, 8, 29);
  b.Record("http_reqs", {{"name", "n"}, {"status", "200"}}, 6);
  // The second agent first: neither the sum nor what was set last depends on it.
  ASSERT_TRUE(stats_.Apply(1, b.FlushSecond(0)).ok());
  ASSERT_TRUE(stats_.Apply(0, a.FlushSecond(0)).ok());
  EXPECT_EQ(stats_.Watched(depth).gauge.value, 17);
  EXPECT_EQ(stats_.Watched(version).gauge.value, 7);
  EXPECT_EQ(stats_.Watched(reqs).counter.Value(), 11);
  EXPECT_EQ(stats_.Held(0, "depth"), 7);

  // A gauge's next delta replaces, also downwards; what is recorded of a sum is a change.
  a.Record("depth", {{"queue", "y"}}, -3, 40);
  ASSERT_TRUE(stats_.Apply(0, a.FlushSecond(1)).ok());
  EXPECT_EQ(stats_.Watched(depth).gauge.value, 14);
  const SeriesStore series = stats_.Series();
  EXPECT_EQ(series.Aggregate("depth")->gauge.value, 14);
  EXPECT_EQ(series.Aggregate("depth", {{"queue", "x"}})->gauge.value, 13);
  EXPECT_EQ(series.Aggregate("version")->gauge.value, 7);
  EXPECT_EQ(series.Aggregate("http_reqs")->counter.Value(), 61);
}

TEST_F(RunStatsTest, ACounterThatCountedNothingHasDataAndASilentMetricHasNone) {
  const int dropped = stats_.Watch({"dropped_iterations", {}});
  const int iterations = stats_.Watch({"iterations", {}});
  SimulatedAgent agent(plan_);
  agent.Record("dropped_iterations", {}, 0);
  ASSERT_TRUE(stats_.Apply(0, agent.FlushSecond(0)).ok());
  EXPECT_FALSE(stats_.Watched(dropped).empty());
  EXPECT_TRUE(stats_.Watched(iterations).empty());
}

TEST_F(RunStatsTest, EachSequenceCountsOnce) {
  const int reqs = stats_.Watch({"http_reqs", {}});
  SimulatedAgent agent(plan_);
  agent.Record("http_reqs", {}, 1);
  const v1::Delta first = agent.FlushSecond(0);
  agent.Record("http_reqs", {}, 1);
  const v1::Delta second = agent.FlushSecond(1);
  EXPECT_EQ(stats_.Apply(0, second).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(stats_.Apply(0, first)->has_value());
  EXPECT_TRUE(stats_.Apply(0, second)->has_value());
  EXPECT_FALSE(stats_.Apply(0, first)->has_value());
  EXPECT_EQ(stats_.Watched(reqs).counter.Value(), 2);
  EXPECT_EQ(stats_.Applied(0), 2);
  EXPECT_EQ(stats_.Duplicates(0), 1);
  EXPECT_EQ(stats_.Applied(9), 0);
}

TEST_F(RunStatsTest, HostileDeltasAreRefusedWithNothingChanged) {
  const int duration = stats_.Watch({"http_req_duration", {}});
  const int depth = stats_.Watch({"depth", {}});
  SimulatedAgent agent(plan_);
  agent.Record("http_req_duration", {{"name", "n"}, {"status", "200"}}, 5);
  agent.Record("http_req_failed", {}, 1);
  agent.Record("depth", {}, 2, 10);
  agent.recorder().Error("timeout", "60 s", "send", {}, 10);
  const v1::Delta good = agent.FlushSecond(0);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  // Where the series stand in the delta.
  const int trend = 0;
  const int rate = 1;
  const int gauge = 2;
  using testing::HasSubstr;
  const struct {
    const char* words;
    std::function<void(v1::Delta*)> bend;
  } cases[] = {
      {"not of this run", [](auto* d) { d->mutable_names(0)->set_metric("nope"); }},
      {"another kind", [](auto* d) { d->mutable_names(0)->set_kind(v1::COUNTER); }},
      {"another kind", [](auto* d) { d->mutable_names(2)->set_merge(v1::LAST); }},
      {"tags out of order",
       [](auto* d) { d->mutable_names(0)->mutable_tags()->SwapElements(0, 1); }},
      {"out of turn", [](auto* d) { d->mutable_names(1)->set_id(5); }},
      {"has no name", [](auto* d) { d->mutable_series(0)->set_series(77); }},
      {"of its series' kind", [&](auto* d) { d->mutable_series(gauge)->set_series(trend); }},
      {"without a value", [](auto* d) { d->mutable_series(0)->clear_value(); }},
      {"more trues", [&](auto* d) { d->mutable_series(rate)->mutable_rate()->set_trues(2); }},
      {"more samples",
       [&](auto* d) { d->mutable_series(rate)->mutable_rate()->set_total(1ull << 60); }},
      {"do not add up", [&](auto* d) { d->mutable_series(trend)->mutable_trend()->set_count(2); }},
      {"not a range", [&](auto* d) { d->mutable_series(gauge)->mutable_gauge()->set_value(nan); }},
      {"not a range", [&](auto* d) { d->mutable_series(gauge)->mutable_gauge()->set_min(3); }},
      {"not in the run",
       [&](auto* d) { d->mutable_series(gauge)->mutable_gauge()->set_set_at_ns(INT64_MIN); }},
      {"interval", [](auto* d) { d->set_from_ns(d->to_ns() + 1); }},
      {"interval", [](auto* d) { d->set_to_ns(INT64_MAX); }},
      {"interval", [](auto* d) { d->set_from_ns(INT64_MIN); }},
      {"an error is counted", [](auto* d) { d->mutable_errors(0)->set_count(0); }},
      {"an error is counted", [](auto* d) { d->mutable_errors(0)->set_count(UINT64_MAX); }},
      {"health", [&](auto* d) { d->mutable_health()->set_cpu_seconds(nan); }},
      {"health", [](auto* d) { d->mutable_health()->set_loop_lag_p99_ms(-1); }},
      {"health", [](auto* d) { d->mutable_health()->set_late_starts(UINT64_MAX); }},
  };
  for (const auto& one : cases) {
    v1::Delta bad = good;
    one.bend(&bad);
    const auto read = stats_.Apply(0, bad);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << one.words;
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(one.words));
    EXPECT_TRUE(stats_.Watched(duration).empty());
    EXPECT_TRUE(stats_.Watched(depth).empty());
    EXPECT_EQ(stats_.Series().all().size(), 0);
    EXPECT_EQ(stats_.Applied(0), 0);
  }
  ASSERT_TRUE(stats_.Apply(0, good).ok());
  EXPECT_EQ(stats_.Watched(duration).trend.count(), 1);
  EXPECT_EQ(stats_.Watched(depth).gauge.value, 2);
  // A resent delta is dropped whatever became of it: it was counted.
  v1::Delta resent = good;
  resent.mutable_health()->set_cpu_seconds(-1);
  EXPECT_TRUE(stats_.Apply(0, resent).ok());
}

TEST_F(RunStatsTest, SeriesOverTheLimitAreFoldedAndTheirSamplesCounted) {
  constexpr int kOver = 10;
  // Three agents, as one agent keeps fewer series than the run.
  int made = 0;
  for (int number = 0; number < 3; ++number) {
    SimulatedAgent agent(plan_);
    for (int i = 0; i < 9'000 && made < static_cast<int>(SeriesStore::kMaxSeries) + kOver; ++i) {
      agent.Record("checks", {{"check", std::to_string(made++)}}, 1);
    }
    ASSERT_TRUE(stats_.Apply(number, agent.FlushSecond(0)).ok());
  }
  EXPECT_EQ(stats_.folded_samples(), kOver);
  const SeriesStore series = stats_.Series();
  EXPECT_EQ(series.Aggregate("checks", {{"other", "true"}})->total, kOver);
  EXPECT_EQ(series.Aggregate("checks")->total, SeriesStore::kMaxSeries + kOver);
}

// Watches of one series, of several and of those that become several on the way, at random.
TEST_F(RunStatsTest, AWatchIsAlwaysWhatItsSeriesAreTogether) {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const char* metrics[] = {"http_req_duration", "http_reqs", "checks", "depth"};
  std::vector<Selector> selectors;
  for (const char* metric : metrics) {
    selectors.push_back({metric, {}});
    for (const char* name : {"a", "b"}) selectors.push_back({metric, {{"name", name}}});
  }
  std::vector<int> watches;
  for (const Selector& selector : selectors) watches.push_back(stats_.Watch(selector));
  std::deque<SimulatedAgent> agents;
  Histogram all;  // of http_req_duration, by the samples themselves
  for (int second = 0; second < 20; ++second) {
    if (second < 4) agents.emplace_back(plan_);
    for (size_t agent = 0; agent < agents.size(); ++agent) {
      for (int n = 0; n < 30; ++n) {
        const char* metric = metrics[random() % 4];
        const std::string name(
            1, static_cast<char>('a' + random() % static_cast<uint64_t>(second < 5 ? 1 : 4)));
        // Of gauges whole numbers: their sum is no exact one.
        const double value = static_cast<double>(random() % 1'000) / (metric == metrics[3] ? 1 : 7);
        agents[agent].Record(metric, {{"name", name}}, value, second);
        if (metric == metrics[0]) all.Record(value);
      }
      ASSERT_TRUE(stats_
                      .Apply(static_cast<int>(agent),
                             agents[agent].FlushSecond(
                                 second - std::min<int>(second, static_cast<int>(agent))))
                      .ok());
    }
    const SeriesStore series = stats_.Series();
    for (size_t i = 0; i < selectors.size(); ++i) {
      const auto expected = series.Aggregate(selectors[i].metric, selectors[i].tags);
      const SeriesValue& watched = stats_.Watched(watches[i]);
      ASSERT_EQ(watched.empty(), !expected.has_value());
      if (!expected) continue;
      EXPECT_TRUE(watched.trend == expected->trend);
      EXPECT_TRUE(watched.counter == expected->counter);
      EXPECT_EQ(watched.trues, expected->trues);
      // Of a counter only whether it is 0 says something.
      const bool counted = expected->kind == v1::RATE;
      EXPECT_EQ(watched.total, counted ? expected->total : watched.total);
      EXPECT_EQ(watched.gauge.value, expected->gauge.value);
    }
    EXPECT_TRUE(stats_.Watched(watches[0]).trend == all);
  }
}

}  // namespace
}  // namespace rampart::controller
