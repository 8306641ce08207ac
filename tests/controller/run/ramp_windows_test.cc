#include "controller/run/ramp_windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/plan/load_plan.h"
#include "tests/controller/run/simulated_agent.h"

namespace rampart::controller {
namespace {

using testing::HasSubstr;

v1::Plan PlanOf(const std::string& more) {
  PlanOptions options;
  options.profile = "breakpoint";
  options.duration = "20s";
  const LoadedPlan loaded = LoadPlan(R"(
name: p
metrics: { open: { kind: gauge, merge: sum } }
scenarios:
  one:
    load: { constant_users: { users: 100, duration: 60s } }
    steps: [ { sleep: 1s } ]
)" + more,
                                     "p.yaml", options);
  EXPECT_TRUE(loaded.ok()) << loaded.FaultText();
  return loaded.plan;
}

constexpr const char* kLatency = "thresholds: { http_req_duration: max<200 }";

// A second of an agent in which requests took `ms`.
void Second(int64_t n, double ms, SimulatedAgent* agent, RampWindows* windows,
            const v1::AgentHealth& health = {}) {
  agent->Record("http_req_duration", {}, ms);
  agent->Record("iterations", {}, 100);
  windows->Add(0, agent->FlushSecond(n, health));
}

TEST(RampWindows, EachIsJudgedByWhatWasMeasuredInIt) {
  const v1::Plan plan = PlanOf(kLatency);
  RampWindows windows = *RampWindows::Make(plan);
  SimulatedAgent agent(plan);
  for (int64_t n = 0; n < 20; ++n) Second(n, n < 12 ? 100 : 300, &agent, &windows);
  const std::vector<BreakpointProbe> probes = windows.Probes(windows.ramp_ns());
  ASSERT_EQ(probes.size(), 10u);
  for (size_t i = 0; i < probes.size(); ++i) {
    EXPECT_EQ(probes[i].held, i < 6) << i;
    EXPECT_NEAR(probes[i].rate, 100 + 9'900 * (static_cast<double>(i) + 0.5) / 10, 0.01);
    EXPECT_EQ(probes[i].completed, 100);
  }
  EXPECT_EQ(probes[6].broke_first, "http_req_duration: max<200 failed with 300 ms");
}

TEST(RampWindows, ADeltaThatComesAgainCountsOnce) {
  const v1::Plan plan = PlanOf(kLatency);
  RampWindows windows = *RampWindows::Make(plan);
  SimulatedAgent agent(plan);
  agent.Record("iterations", {}, 10);
  const v1::Delta delta = agent.FlushSecond(0);
  windows.Add(0, delta);
  windows.Add(0, delta);
  EXPECT_EQ(windows.Probes(windows.ramp_ns())[0].completed, 5);
}

TEST(RampWindows, DroppedIterationsAndABusyGeneratorBreakOne) {
  const v1::Plan plan = PlanOf(kLatency);
  RampWindows windows = *RampWindows::Make(plan);
  SimulatedAgent agent(plan);
  v1::AgentHealth busy;
  busy.set_busiest_thread_cpu(0.99);
  for (int64_t n = 0; n < 6; ++n) {
    if (n == 2) agent.Record("dropped_iterations", {}, 500);
    Second(n, 100, &agent, &windows, n >= 4 ? busy : v1::AgentHealth());
  }
  const std::vector<BreakpointProbe> probes = windows.Probes(windows.ramp_ns());
  EXPECT_TRUE(probes[0].held);
  EXPECT_FALSE(probes[1].held);
  EXPECT_THAT(probes[1].broke_first, HasSubstr("iterations were dropped"));
  EXPECT_FALSE(probes[1].generator);
  EXPECT_FALSE(probes[2].held);
  EXPECT_TRUE(probes[2].generator);
}

TEST(RampWindows, WithoutDataOfAThresholdOneSaysNothing) {
  const v1::Plan plan = PlanOf("thresholds: { http_req_duration: max<200, ws_ping: max<1 }");
  RampWindows windows = *RampWindows::Make(plan);
  SimulatedAgent agent(plan);
  Second(0, 100, &agent, &windows);
  agent.Record("iterations", {}, 1);
  windows.Add(0, agent.FlushSecond(2));
  const std::vector<BreakpointProbe> probes = windows.Probes(windows.ramp_ns());
  // Nobody ever measured ws_ping: it does not hinder the others.
  EXPECT_TRUE(probes[0].held);
  EXPECT_FALSE(probes[1].data);
  EXPECT_FALSE(probes[1].held);
}

TEST(RampWindows, ThreeInARowAreClearlyBroken) {
  const v1::Plan plan = PlanOf(kLatency);
  RampWindows windows = *RampWindows::Make(plan);
  SimulatedAgent agent(plan);
  for (int64_t n = 0; n < 12; ++n) {
    EXPECT_FALSE(windows.ClearlyBroken(n * kSecond).has_value()) << n;
    Second(n, n == 2 || n >= 6 ? 300 : 100, &agent, &windows);
  }
  EXPECT_FALSE(windows.ClearlyBroken(12 * kSecond).has_value());
  ASSERT_TRUE(windows.ClearlyBroken(12 * kSecond + RampWindows::kSettleNs).has_value());
  EXPECT_THAT(*windows.ClearlyBroken(15 * kSecond), HasSubstr("failed with 300 ms"));
}

TEST(RampWindows, PlansWithoutAnAnswerAreRefused) {
  EXPECT_THAT(std::string(RampWindows::Make(PlanOf("")).status().message()),
              HasSubstr("the plan has none"));
  v1::Plan late = PlanOf(kLatency);
  late.mutable_scenarios(0)->mutable_start()->set_seconds(5);
  EXPECT_THAT(std::string(RampWindows::Make(late).status().message()),
              HasSubstr("`one` starts later"));
}

}  // namespace
}  // namespace rampart::controller
