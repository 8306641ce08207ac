// Every load model on real engine threads: who runs, how often, and how it ends. The users only
// wait and count, so what is measured is the engine's own doing.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

std::string Plan(const std::string& load, const std::string& steps, const std::string& more = "") {
  return "name: test\nmetrics:\n  seen: { kind: counter }\n  ids: { kind: trend }\n"
         "  value: { kind: gauge }\n  share: { kind: rate }\n"
         "scenarios:\n  one:\n    load: " +
         load + "\n" + more + "    steps:\n" + steps;
}

TEST(LoadModels, IterationsPerUserRunsEachUserThatOften) {
  EngineRunner runner(Plan("{ iterations_per_user: { users: 7, iterations: 5 } }",
                           "      - record: { seen: 1, ids: user.id }\n"),
                      {.agent = 0, .weights = {1}, .threads = 2});
  runner.Run();
  EXPECT_EQ(runner.Count("iterations"), 35);
  EXPECT_EQ(runner.Count("seen"), 35);
  const SeriesValue ids = runner.Value("ids");
  EXPECT_EQ(ids.trend.Min(), 1);
  EXPECT_EQ(ids.trend.Max(), 7);
  EXPECT_EQ(ids.trend.Sum(), 5 * 28);
  EXPECT_EQ(runner.Value("vus").gauge.value, 0);
  EXPECT_EQ(runner.Value("vus_max").gauge.value, 7);
}

TEST(LoadModels, ThreadsThatDrainAtTheSameMomentAreSeenToHaveDrained) {
  for (int round = 0; round < 60; ++round) {
    EngineRunner runner(Plan("{ iterations_per_user: { users: 4, iterations: 1 } }",
                             "      - record: { seen: 1 }\n"),
                        {.agent = 0, .weights = {1}, .threads = 4});
    runner.Run();
    ASSERT_EQ(runner.Count("seen"), 4) << "round " << round;
  }
}

TEST(LoadModels, AgentsAndThreadsTogetherRunThePlanOnce) {
  double iterations = 0;
  double ids = 0;
  for (uint32_t agent = 0; agent < 3; ++agent) {
    EngineRunner runner(Plan("{ shared_iterations: { users: 10, iterations: 101 } }",
                             "      - record: { seen: 1 }\n"
                             "      - when: iteration == 0\n"
                             "        steps: [ { record: { ids: user.id } } ]\n"
                             "      - sleep: 1ms\n"),
                        {.agent = agent, .weights = {1, 2, 3}, .threads = 2});
    runner.Run();
    iterations += runner.Count("seen");
    ids += runner.Value("ids").trend.Sum();
  }
  EXPECT_EQ(iterations, 101);
  EXPECT_EQ(ids, 55);
}

TEST(LoadModels, ArrivalsAreThePlansWhateverTheThreads) {
  EngineRunner runner(Plan("{ constant_arrival_rate: { rate: 500/s, duration: 400ms, users: 20 } }",
                           "      - record: { seen: 1 }\n"),
                      {.agent = 0, .weights = {1}, .threads = 3});
  runner.Run();
  EXPECT_EQ(runner.Count("seen") + runner.Count("dropped_iterations"), 200);
  EXPECT_EQ(runner.Value("iteration_lateness").trend.count(), runner.Count("seen"));
  EXPECT_GE(runner.seconds(), 0.39);
}

TEST(LoadModels, AnArrivalThatFindsNoUserIsDropped) {
  EngineRunner runner(
      Plan("{ constant_arrival_rate: { rate: 100/s, duration: 100ms, users: 1, max_users: 3 } }",
           "      - sleep: 1s\n"));
  runner.Run();
  EXPECT_EQ(runner.Count("iterations"), 3);
  EXPECT_EQ(runner.Count("dropped_iterations"), 7);
  EXPECT_EQ(runner.Value("vus_max").gauge.value, 3);
}

TEST(LoadModels, AnArrivalMayWaitForAUserAndIsLateByThat) {
  EngineRunner runner(
      Plan("{ constant_arrival_rate: { rate: 100/s, duration: 100ms, users: 1, when_busy: wait } }",
           "      - sleep: 20ms\n"));
  runner.Run();
  EXPECT_EQ(runner.Count("iterations"), 10);
  EXPECT_EQ(runner.Count("dropped_iterations"), 0);
  EXPECT_EQ(runner.Value("vus_max").gauge.value, 1);
  const Histogram& lateness = runner.Value("iteration_lateness").trend;
  EXPECT_EQ(lateness.count(), 10u);
  // The last was due after 90 ms, and nine times 20 ms were before it.
  EXPECT_GE(lateness.Max(), 90);
}

TEST(LoadModels, ArrivalsThatStillWaitWhenTheGraceIsOverAreDropped) {
  EngineRunner runner(
      Plan("{ constant_arrival_rate: { rate: 100/s, duration: 100ms, users: 1, when_busy: wait } }",
           "      - sleep: 1h\n", "    graceful_stop: 0s\n"));
  runner.Run();
  EXPECT_EQ(runner.Count("interrupted_iterations"), 1);
  EXPECT_EQ(runner.Count("dropped_iterations"), 9);
}

TEST(LoadModels, ARampStopsUsersWithinItsGrace) {
  EngineRunner runner(Plan(
      "{ ramping_users: { start_users: 4, graceful_ramp_down: 50ms,\n"
      "            stages: [ { duration: 100ms, target: 0 }, { duration: 100ms, target: 0 } ] } }",
      "      - sleep: 1h\n"));
  runner.Run();
  EXPECT_EQ(runner.Count("interrupted_iterations"), 4);
  EXPECT_EQ(runner.Count("iterations"), 0);
  EXPECT_LT(runner.seconds(), 10);  // an hour without the cut
}

TEST(LoadModels, AGracefulStopLetsARunningIterationEnd) {
  EngineRunner runner(Plan("{ constant_users: { users: 2, duration: 50ms } }",
                           "      - sleep: 200ms\n      - record: { seen: 1 }\n"));
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 2);
  EXPECT_EQ(runner.Count("interrupted_iterations"), 0);
}

TEST(LoadModels, NoGraceCutsAtTheEnd) {
  EngineRunner runner(Plan("{ constant_users: { users: 2, duration: 50ms } }",
                           "      - sleep: 1h\n", "    graceful_stop: 0s\n"));
  runner.Run();
  EXPECT_EQ(runner.Count("interrupted_iterations"), 2);
  EXPECT_LT(runner.seconds(), 10);
}

TEST(LoadModels, ScenariosRunSideBySideFromTheirStarts) {
  EngineRunner runner(
      "name: test\nmetrics:\n  at: { kind: trend }\nscenarios:\n"
      "  early:\n    load: { iterations_per_user: { users: 1, iterations: 1 } }\n"
      "    steps: [ { sleep: 1ms } ]\n"
      "  late:\n    load: { iterations_per_user: { users: 1, iterations: 1 } }\n    start: 200ms\n"
      "    steps: [ { sleep: 1ms } ]\n");
  runner.Run();
  EXPECT_EQ(runner.Count("iterations", {{"scenario", "early"}}), 1);
  EXPECT_EQ(runner.Count("iterations", {{"scenario", "late"}}), 1);
  EXPECT_GE(runner.seconds(), 0.2);
}

TEST(LoadModels, AbortEndsEverybodyAtOnce) {
  EngineRunner runner(
      Plan("{ constant_users: { users: 50, duration: 1h } }", "      - sleep: 1h\n"),
      {.agent = 0, .weights = {1}, .threads = 2});
  ASSERT_TRUE(runner.engine().Arm("").ok());
  runner.Begin();
  runner.Collect();
  runner.engine().Stop(v1::ABORT);
  runner.Drained();
  runner.Collect();
  EXPECT_LT(runner.seconds(), 10);
  EXPECT_EQ(runner.Count("interrupted_iterations"), 50);
  EXPECT_EQ(runner.Value("vus").gauge.value, 0);
}

TEST(LoadModels, DrainStartsNothingNewAndCutsAfterTheGrace) {
  EngineRunner runner(Plan("{ constant_users: { users: 3, duration: 1h } }",
                           "      - record: { seen: 1 }\n      - sleep: 1h\n",
                           "    graceful_stop: 20ms\n"));
  ASSERT_TRUE(runner.engine().Arm("").ok());
  runner.Begin();
  runner.Collect();
  runner.engine().Stop(v1::DRAIN);
  runner.Drained();
  runner.Collect();
  EXPECT_EQ(runner.Count("seen"), 3);
  EXPECT_EQ(runner.Count("interrupted_iterations"), 3);
}

TEST(LoadModels, AnEngineThatIsDestroyedUnderLoadEnds) {
  EngineRunner runner(
      Plan("{ constant_users: { users: 10, duration: 1h } }", "      - sleep: 1h\n"));
  ASSERT_TRUE(runner.engine().Arm("").ok());
  runner.Begin();
}

TEST(LoadModels, AnAgentWithoutUsersHasDrainedBeforeTheStartAndMeasuredAnInterval) {
  EngineRunner runner(R"(
name: idle
scenarios:
  s:
    load: { iterations_per_user: { users: 1, iterations: 1 } }
    steps: [ { sleep: 1ms } ]
)",
                      {.agent = 1, .weights = {1, 1}});
  ASSERT_TRUE(runner.engine().Arm("").ok());
  Once<bool> drained;
  runner.engine().Start(MonotonicNow() + 3'600'000'000'000, [&](uint64_t) { drained.Set(true); });
  drained.Wait();
  const v1::Delta delta = runner.engine().TakeDelta();
  EXPECT_LE(delta.from_ns(), delta.to_ns());
}

}  // namespace
}  // namespace rampart::agent
