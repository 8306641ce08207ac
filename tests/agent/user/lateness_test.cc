// What an arrival's lateness is and is not. Nothing here depends on how fast the machine is: an
// arrival is made late by a start that has passed, and sums of samples must agree.
#include <gtest/gtest.h>

#include <string>

#include "tests/agent/user/http_plan.h"
#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

std::string ArrivalPlan(const std::string& load, const std::string& steps) {
  return "name: test\nscenarios:\n  one:\n    load: { constant_arrival_rate: { " + load +
         " } }\n    steps:\n" + steps;
}

double Sum(const EngineRunner& runner, const std::string& metric) {
  return runner.Value(metric).trend.Sum();
}

// Due until answered, as its parts have it.
double Parts(const EngineRunner& runner) {
  double sum = Sum(runner, "iteration_lateness");
  for (const char* part : {"blocked", "connecting", "tls_handshaking", "duration"}) {
    sum += Sum(runner, std::string("http_req_") + part);
  }
  return sum;
}

// All of the plan, as if its start had been told `ago_ns` after it.
void RunLate(EngineRunner& runner, int64_t ago_ns) {
  ASSERT_TRUE(runner.engine().Arm("").ok());
  Once<bool> drained;
  runner.engine().Start(MonotonicNow() - ago_ns, [&](uint64_t) { drained.Set(true); });
  drained.Wait();
  runner.Collect();
}

TEST(Lateness, WithItsConnectionAndItsDurationIsTheIntendedLatencyOfASample) {
  HttpServer server(Fine);
  for (int round = 0; round < 10; ++round) {
    EngineRunner runner(ArrivalPlan("rate: 1/s, duration: 10ms, users: 1",
                                    "      - http: { get: \"" + server.url() + "/\" }\n"));
    runner.Run();
    ASSERT_EQ(runner.Value("http_req_intended_duration").trend.count(), 1u);
    EXPECT_NEAR(Sum(runner, "http_req_intended_duration"), Parts(runner), 1e-9);
  }
}

TEST(Lateness, AGeneratorThatIsLateShowsInItAndNotInTheServersLatency) {
  HttpServer server(Fine);
  EngineRunner runner(ArrivalPlan("rate: 1000/s, duration: 100ms, users: 100",
                                  "      - http: { get: \"" + server.url() + "/\" }\n"));
  RunLate(runner, 500'000'000);
  const Histogram& lateness = runner.Value("iteration_lateness").trend;
  const Histogram& intended = runner.Value("http_req_intended_duration").trend;
  EXPECT_EQ(lateness.count(), 100u);
  EXPECT_GE(lateness.Min(), 400);
  EXPECT_GE(intended.Min(), 400);
  EXPECT_NEAR(intended.Sum(), Parts(runner), 1e-6);
  EXPECT_EQ(runner.health().late_starts(), 100u);
}

TEST(Lateness, LastsUntilTheRequestIsReadyToBeSent) {
  HttpServer server(Fine);
  EngineRunner runner(ArrivalPlan("rate: 100/s, duration: 30ms, users: 3",
                                  "      - set: { begun: now_us() }\n"
                                  "      - script: while now_us() < begun + 3000 do end\n"
                                  "      - http: { get: \"" +
                                      server.url() + "/\" }\n"));
  runner.Run();
  EXPECT_EQ(runner.Value("iteration_lateness").trend.count(), 3u);
  EXPECT_GE(runner.Value("iteration_lateness").trend.Min(), 2.9);
  EXPECT_NEAR(Sum(runner, "http_req_intended_duration"), Parts(runner), 1e-6);
}

TEST(Lateness, IsTakenOnceAndDoesNotGrowByWhatThePlanWaitsFor) {
  EngineRunner runner(ArrivalPlan("rate: 10/s, duration: 250ms, users: 3",
                                  "      - sleep: 1ms\n      - sleep: 1ms\n"));
  RunLate(runner, 300'000'000);
  // At the instant of the first sleep at the latest, and the iteration goes on after it.
  EXPECT_EQ(runner.Value("iteration_lateness").trend.count(), 3u);
  const double until_end = Sum(runner, "iteration_lateness") + Sum(runner, "iteration_duration");
  EXPECT_GE(until_end, (300 + 200 + 100) + 3 * 2);
}

TEST(Lateness, OfAnIterationThatWaitsForNothingIsUntilItsStart) {
  EngineRunner runner(
      ArrivalPlan("rate: 10/s, duration: 250ms, users: 1", "      - set: { x: 1 }\n"));
  RunLate(runner, 300'000'000);
  EXPECT_EQ(runner.Value("iteration_lateness").trend.count(), 3u);
  EXPECT_GE(runner.Value("iteration_lateness").trend.Min(), 100);
}

}  // namespace
}  // namespace rampart::agent
