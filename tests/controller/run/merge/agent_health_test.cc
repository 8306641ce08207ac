#include "controller/run/merge/agent_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rampart::controller {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kLoadNs = 1'000 * kSecond;

struct Second {
  double cpu = 0;
  double lag_p99_ms = 0;
  uint64_t late_starts = 0;
  double iterations = 0;
};

void Add(AgentHealth* health, int64_t n, const Second& second) {
  v1::AgentHealth sent;
  sent.set_cpu_seconds(second.cpu * 2);
  sent.set_busiest_thread_cpu(second.cpu);
  sent.set_loop_lag_p99_ms(second.lag_p99_ms);
  sent.set_loop_lag_max_ms(second.lag_p99_ms * 2);
  sent.set_late_starts(second.late_starts);
  DeltaSums sums;
  sums.from_ns = n * kSecond + 700'000;  // flushes are a little late
  sums.to_ns = (n + 1) * kSecond + 300'000;
  sums.iterations = second.iterations;
  health->Add(sent, sums, kLoadNs);
}

// `busy` seconds like that, the others idle.
AgentResult Of(int seconds, int busy, const Second& busy_second) {
  AgentHealth health;
  for (int n = 0; n < seconds; ++n) Add(&health, n, n < busy ? busy_second : Second());
  AgentResult result;
  health.Report(&result);
  return result;
}

TEST(AgentHealth, OverATenthOfItsSecondsBusyMakesABottleneck) {
  EXPECT_TRUE(Of(40, 4, {.cpu = 0.95}).bottleneck.empty());
  const AgentResult cpu = Of(40, 5, {.cpu = 0.95});
  ASSERT_EQ(cpu.bottleneck.size(), 1);
  EXPECT_EQ(cpu.bottleneck[0], "its busiest thread used over 90 % of a core in 5 of 40 s");
  EXPECT_EQ(cpu.busy_seconds, 5);
  EXPECT_EQ(cpu.seconds, 40);
  EXPECT_TRUE(Of(40, 40, {.cpu = 0.9}).bottleneck.empty());

  EXPECT_TRUE(Of(40, 4, {.lag_p99_ms = 21}).bottleneck.empty());
  const AgentResult lag = Of(40, 5, {.lag_p99_ms = 21});
  ASSERT_EQ(lag.bottleneck.size(), 1);
  EXPECT_EQ(lag.bottleneck[0], "its event loop was over 20 ms late (p99) in 5 of 40 s");
  EXPECT_TRUE(Of(40, 40, {.lag_p99_ms = 20}).bottleneck.empty());
}

TEST(AgentHealth, FewerThanThreeBusySecondsMakeNone) {
  EXPECT_TRUE(Of(4, 2, {.cpu = 1}).bottleneck.empty());
  EXPECT_FALSE(Of(4, 3, {.cpu = 1}).bottleneck.empty());
}

TEST(AgentHealth, OverOneInAHundredLateStartsMakeABottleneck) {
  EXPECT_TRUE(Of(1, 1, {.late_starts = 2, .iterations = 200}).bottleneck.empty());
  EXPECT_THAT(Of(1, 1, {.late_starts = 3, .iterations = 200}).bottleneck,
              testing::ElementsAre("3 of 200 iterations started over 10 ms late"));
  EXPECT_TRUE(Of(1, 1, {}).bottleneck.empty());
}

TEST(AgentHealth, OnlySecondsOfTheLoadCount) {
  AgentHealth health;
  for (int n = -5; n < 0; ++n) Add(&health, n, {.cpu = 1});            // setup
  for (int n = 0; n < 2; ++n) Add(&health, n, {.cpu = 0.5});           // load
  for (int n = 1'001; n < 1'009; ++n) Add(&health, n, {.cpu = 0.96});  // teardown
  AgentResult result;
  health.Report(&result);
  EXPECT_EQ(result.seconds, 2);
  EXPECT_EQ(result.busy_seconds, 0);
  EXPECT_EQ(result.mean_busiest_cpu, 0.5);
  EXPECT_EQ(result.peak_busiest_cpu, 0.5);
  EXPECT_DOUBLE_EQ(result.cpu_seconds, 2 * (5 + 1 + 8 * 0.96));
  EXPECT_TRUE(health.busy());  // of its last second, for the live view
}

TEST(AgentHealth, AStalledAgentsLongDeltaWeighsItsLength) {
  AgentHealth health;
  v1::AgentHealth sent;
  sent.set_busiest_thread_cpu(1);
  DeltaSums sums;
  sums.to_ns = 4 * kSecond;
  health.Add(sent, sums, kLoadNs);
  AgentResult result;
  health.Report(&result);
  EXPECT_EQ(result.busy_seconds, 4);
  EXPECT_FALSE(result.bottleneck.empty());
}

}  // namespace
}  // namespace rampart::controller
