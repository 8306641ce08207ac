#include "controller/run/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "common/plan/load_plan.h"
#include "tests/controller/run/simulated_agent.h"

namespace rampart::controller {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr int kAgents = 4;

v1::Plan PlanOf(const std::string& thresholds) {
  const LoadedPlan loaded = LoadPlan(R"(
name: p
metrics:
  latency: { kind: trend, unit: ms }
  depth: { kind: gauge, merge: sum }
  version: { kind: gauge }
scenarios:
  s:
    load: { constant_users: { users: 100, duration: 60s } }
    steps: [ { sleep: 1s } ]
)" + thresholds,
                                     "p.yaml", {});
  EXPECT_TRUE(loaded.ok()) << loaded.FaultText();
  return loaded.plan;
}

AgentResult Named(const std::string& name) {
  AgentResult known;
  known.name = name;
  known.state = "running";
  return known;
}

std::unique_ptr<Run> NewRun(const v1::Plan& plan, bool strict = false) {
  auto run = std::make_unique<Run>(plan, RunOptions{.strict = strict});
  for (int i = 0; i < kAgents; ++i) run->SetAgent(i, Named("agent-" + std::to_string(i)));
  return run;
}

const Run::Times kMinute = {.started_unix_ns = 1, .run_seconds = 60};

// All of a result that is measured, as text.
std::string Text(const RunResult& result) {
  std::ostringstream out;
  out.precision(17);
  for (const auto& series : result.series.all()) {
    v1::SeriesDelta value;
    series->value.ToProto(&value);
    out << FormatSeries(series->metric, series->tags) << " " << value.ShortDebugString() << "\n";
  }
  for (const auto& t : result.thresholds) {
    out << t.metric << t.expression << static_cast<int>(t.outcome) << " " << t.observed << "\n";
  }
  for (const auto& c : result.checks) {
    out << c.group << "|" << c.name << " " << c.passes << " " << c.fails << "\n";
  }
  for (const auto& a : result.agents) {
    out << a.name << " " << a.cpu_seconds << " " << a.mean_busiest_cpu << " " << a.samples << " "
        << a.iterations << " " << a.seconds << " " << a.busy_seconds << " " << a.late_starts << " "
        << a.deltas_applied << " " << a.bottleneck.size() << "\n";
  }
  for (const auto& e : result.errors) {
    out << e.kind << "|" << e.detail << "|" << e.step << " " << e.at.line() << " " << e.count << " "
        << e.first_ns << " " << e.last_ns << "\n";
  }
  for (const auto& p : result.timeline) {
    out << p.t << " " << p.width_s << " " << p.users << " " << p.iterations_per_s << " "
        << p.http_reqs_per_s << " " << p.errors_per_s << " " << p.http_samples << " "
        << p.http_p50_ms << " " << p.http_p95_ms << " " << p.http_p99_ms << " " << p.ws_active
        << " " << p.ws_msgs_per_s << " " << p.bytes_per_s << "\n";
  }
  for (const auto& reason : result.unreliable_reasons) out << reason << "\n";
  return out.str();
}

// What a few agents sent, and every sample that is in it.
struct Traffic {
  std::vector<std::vector<v1::Delta>> deltas;  // by agent, in their order
  Histogram all;                               // of http_req_duration
  std::vector<double> raw;
  double iterations = 0;
  uint64_t check_passes = 0;
  uint64_t check_fails = 0;
};

Traffic RandomTraffic(const v1::Plan& plan, std::mt19937_64* random) {
  Traffic traffic;
  std::lognormal_distribution<double> latency(3, 1);
  const auto draw = [&](uint64_t n) { return (*random)() % n; };
  for (int a = 0; a < kAgents; ++a) {
    SimulatedAgent agent(plan);
    std::vector<v1::Delta>& deltas = traffic.deltas.emplace_back();
    for (int64_t second = -1; second < 15; ++second) {
      const int64_t now_ns = second * kSecond + static_cast<int64_t>(draw(kSecond));
      for (uint64_t n = draw(200); n > 0; --n) {
        const double value = draw(50) == 0 ? 0 : latency(*random);
        const Tags tags = {{"name", "n" + std::to_string(draw(5))}, {"scenario", "s"}};
        agent.Record("http_req_duration", tags, value);
        agent.Record("http_reqs", tags, 1);
        agent.Record("data_sent", {}, static_cast<double>(draw(1'000)));
        const bool held = draw(10) != 0;
        agent.Record("checks", {{"check", "c" + std::to_string(draw(3))}, {"group", "g"}}, held);
        (held ? traffic.check_passes : traffic.check_fails) += 1;
        agent.Record("latency", {}, value / 3);
        traffic.all.Record(value);
        traffic.raw.push_back(value);
      }
      for (uint64_t n = draw(20); n > 0; --n) {
        agent.Record("iterations", {{"scenario", "s"}}, 1);
        ++traffic.iterations;
      }
      for (uint64_t n = draw(3); n > 0; --n) {
        v1::Position at;
        at.set_line(static_cast<uint32_t>(1 + draw(9)));
        agent.recorder().Error(draw(2) == 0 ? "script" : "timeout", std::to_string(draw(3)), "x",
                               at, now_ns);
      }
      agent.Record("vus", {{"scenario", "s"}}, static_cast<double>(draw(30)), now_ns);
      agent.Record("depth", {{"q", std::to_string(draw(2))}}, static_cast<double>(draw(9)), now_ns);
      // The same instant on every agent: which one is the last must not depend on arrival.
      agent.Record("version", {}, static_cast<double>(draw(9)), second * kSecond);
      v1::AgentHealth health;
      health.set_cpu_seconds(static_cast<double>(draw(1'000)) / 700);
      health.set_busiest_thread_cpu(static_cast<double>(draw(1'000)) / 1'000);
      health.set_late_starts(draw(2));
      deltas.push_back(agent.FlushSecond(second, health));
    }
  }
  return traffic;
}

uint64_t Seed() {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

TEST(Run, TheMergedResultIsTheUnionOfAllAgentsSamples) {
  std::mt19937_64 random(Seed());
  const v1::Plan plan = PlanOf("");
  Traffic traffic = RandomTraffic(plan, &random);
  // As a bad link could bring them: in any order, some twice, each until it is accepted.
  std::vector<std::pair<int, const v1::Delta*>> sent;
  for (int a = 0; a < kAgents; ++a) {
    for (const v1::Delta& delta : traffic.deltas[static_cast<size_t>(a)]) {
      for (uint64_t n = 1 + random() % 2; n > 0; --n) sent.emplace_back(a, &delta);
    }
  }
  std::shuffle(sent.begin(), sent.end(), random);
  const auto run = NewRun(plan);
  size_t rounds = 0;
  while (!sent.empty()) {
    ASSERT_LT(++rounds, 100);
    std::erase_if(sent, [&](const auto& one) { return run->Apply(one.first, *one.second).ok(); });
  }
  const RunResult result = run->Finish(kMinute);
  EXPECT_EQ(result.verdict, Verdict::kPass) << testing::PrintToString(result.reasons);

  const SeriesValue duration = *result.series.Aggregate("http_req_duration");
  EXPECT_TRUE(duration.trend == traffic.all);
  std::sort(traffic.raw.begin(), traffic.raw.end());
  for (const size_t permille : {10u, 500u, 900u, 950u, 990u, 999u}) {
    const size_t rank = (permille * traffic.raw.size() + 999) / 1'000;
    const double truth = traffic.raw[std::max<size_t>(rank, 1) - 1];
    EXPECT_NEAR(duration.trend.Percentile(static_cast<double>(permille) / 10), truth,
                truth / 1'000);
  }
  const RunProgress progress = run->Progress(15 * kSecond);
  EXPECT_EQ(progress.http_p95_ms, traffic.all.Percentile(95));
  EXPECT_EQ(progress.iterations, traffic.iterations);

  EXPECT_EQ(result.series.Aggregate("iterations")->counter.Value(), traffic.iterations);
  uint64_t passes = 0;
  uint64_t fails = 0;
  for (const CheckResult& check : result.checks) {
    EXPECT_EQ(check.group, "g");
    passes += check.passes;
    fails += check.fails;
  }
  EXPECT_EQ(result.checks.size(), 3);
  EXPECT_EQ(passes, traffic.check_passes);
  EXPECT_EQ(fails, traffic.check_fails);
  // Every second but setup's is in the timeline.
  EXPECT_EQ(result.timeline.size(), 15);
  uint64_t setup = 0;
  for (int a = 0; a < kAgents; ++a) {
    for (const v1::SeriesDelta& series : traffic.deltas[static_cast<size_t>(a)][0].series()) {
      const auto& name =
          traffic.deltas[static_cast<size_t>(a)][0].names(static_cast<int>(series.series()));
      if (name.metric() == "http_req_duration") setup += series.trend().count();
    }
  }
  uint64_t in_timeline = 0;
  for (const TimelinePoint& point : result.timeline) in_timeline += point.http_samples;
  EXPECT_EQ(in_timeline + setup, traffic.all.count());
  for (const AgentResult& agent : result.agents) EXPECT_EQ(agent.deltas_applied, 16);
}

TEST(Run, TheResultDoesNotDependOnHowAgentsDeltasInterleave) {
  std::mt19937_64 random(Seed());
  const v1::Plan plan = PlanOf(R"(
thresholds:
  http_req_duration: [ "p(95)<200" ]
  "http_reqs{name:n1}": [ "rate>1" ]
  depth: [ "value<5", "max<5" ]
  version: [ "value<4" ]
)");
  for (int round = 0; round < 8; ++round) {
    const Traffic traffic = RandomTraffic(plan, &random);
    const auto in_order = NewRun(plan);
    for (int a = 0; a < kAgents; ++a) {
      for (const v1::Delta& delta : traffic.deltas[static_cast<size_t>(a)]) {
        ASSERT_TRUE(in_order->Apply(a, delta).ok());
      }
    }
    const std::string expected = Text(in_order->Finish(kMinute));
    EXPECT_THAT(expected, HasSubstr("expressions in steps failed"));
    const auto interleaved = NewRun(plan);
    std::vector<size_t> next(kAgents, 0);
    for (size_t left = kAgents * traffic.deltas[0].size(); left > 0;) {
      const size_t a = random() % kAgents;
      if (next[a] == traffic.deltas[a].size()) continue;
      ASSERT_TRUE(interleaved->Apply(static_cast<int>(a), traffic.deltas[a][next[a]++]).ok());
      --left;
    }
    ASSERT_EQ(Text(interleaved->Finish(kMinute)), expected);
  }
}

TEST(Run, ARefusedDeltaChangesNothingButTheVerdict) {
  std::mt19937_64 random(Seed());
  const v1::Plan plan = PlanOf("");
  const Traffic traffic = RandomTraffic(plan, &random);
  const auto run = NewRun(plan);
  const auto clean = NewRun(plan);
  for (const v1::Delta& delta : traffic.deltas[0]) {
    v1::Delta bad = delta;
    // Everything before the last series is good.
    bad.mutable_series(bad.series_size() - 1)->set_series(1'000'000);
    EXPECT_EQ(run->Apply(0, bad).code(), absl::StatusCode::kInvalidArgument);
    ASSERT_EQ(Text(run->Finish(kMinute)), Text(clean->Finish(kMinute)));
    ASSERT_TRUE(run->Apply(0, delta).ok());
    ASSERT_TRUE(clean->Apply(0, delta).ok());
  }
  EXPECT_EQ(clean->Finish(kMinute).verdict, Verdict::kPass);
  const RunResult result = run->Finish(kMinute);
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_EQ(result.exit_code, ExitCode::kUnreliable);
  EXPECT_THAT(result.reasons,  // said once
              ElementsAre("a delta of agent agent-0 was refused: series number 1000000 has no "
                          "name"));
}

// One agent with a second of good traffic.
class RunTest : public testing::Test {
 protected:
  void Begin(const std::string& thresholds, bool strict = false) {
    plan_ = PlanOf(thresholds);
    run_ = NewRun(plan_, strict);
    agent_ = std::make_unique<SimulatedAgent>(plan_);
    Send(0, 100);
  }
  // A second of one iteration and one request that took so long.
  void Send(int64_t second, double duration_ms) {
    agent_->Record("iterations", {}, 1);
    agent_->Record("http_reqs", {}, 1);
    agent_->Record("http_req_duration", {{"name", "n"}}, duration_ms);
    ASSERT_TRUE(run_->Apply(0, agent_->FlushSecond(second)).ok());
  }
  RunResult Result() { return run_->Finish(kMinute); }
  void Expect(Verdict verdict, ExitCode exit_code) {
    const RunResult result = Result();
    EXPECT_EQ(result.verdict, verdict) << testing::PrintToString(result.reasons);
    EXPECT_EQ(result.exit_code, exit_code);
  }

  v1::Plan plan_;
  std::unique_ptr<controller::Run> run_;  // testing::Test has a Run too
  std::unique_ptr<SimulatedAgent> agent_;
};

TEST_F(RunTest, PassesWhenThresholdsHold) {
  Begin(
      R"(thresholds: { http_req_duration: [ "p(95)<=100", "count>=1" ], http_reqs: [ "rate>0.01" ] })");
  Expect(Verdict::kPass, ExitCode::kPass);
  const RunResult result = Result();
  ASSERT_EQ(result.thresholds.size(), 3);
  EXPECT_EQ(result.thresholds[0].unit, "ms");
  EXPECT_EQ(result.thresholds[1].unit, "");
  EXPECT_EQ(result.thresholds[2].unit, "/s");
  EXPECT_DOUBLE_EQ(result.thresholds[2].observed, 1.0 / 60);
  EXPECT_GT(result.thresholds[2].at.line(), 0);
  EXPECT_EQ(result.plan_hash, PlanHash(plan_));
}

TEST_F(RunTest, AThresholdWithoutASampleFails) {
  Begin(R"(thresholds: { "http_req_duration{name:other}": [ "p(95)<=100" ] })");
  Expect(Verdict::kFail, ExitCode::kThresholdsFailed);
  EXPECT_EQ(Result().thresholds[0].outcome, Outcome::kNoData);
}

TEST_F(RunTest, ALostAgentStaysLostAndItsWordsAreAmongTheReasons) {
  Begin("");
  run_->LoseAgent(1, "no heartbeat for 11 s", 0);
  run_->SetAgentState(1, "running");
  run_->SetAgent(1, Named("agent-1"));
  EXPECT_THAT(Result().reasons,
              testing::Contains(HasSubstr("agent agent-1 was lost: no heartbeat")));
  EXPECT_TRUE(Result().agents[1].lost);
  EXPECT_EQ(Result().agents[1].state, "lost");
}

// Two agents measured a hundred each second; one was lost `silent_s` after its last delta.
void Lose(const v1::Plan& plan, Run* run, double silent_s, int64_t seconds = 10) {
  SimulatedAgent stays(plan);
  SimulatedAgent goes(plan);
  for (int64_t second = 0; second < seconds; ++second) {
    for (int i = 0; i < 100; ++i) {
      stays.Record("latency", {}, 1);
      goes.Record("latency", {}, i < 96 ? 1 : 100);
    }
    ASSERT_TRUE(run->Apply(2, stays.FlushSecond(second)).ok());
    ASSERT_TRUE(run->Apply(3, goes.FlushSecond(second)).ok());
  }
  run->LoseAgent(3, "gone",
                 seconds * kSecond + static_cast<int64_t>(silent_s * static_cast<double>(kSecond)));
}

TEST_F(RunTest, WhatALostAgentMayHaveMeasuredIsMissing) {
  Begin(R"(thresholds: { latency: [ "p(50)<50" ] })");
  Lose(plan_, run_.get(), 0.15);
  const RunResult result = Result();
  // One sample more is from the begin.
  EXPECT_NEAR(result.coverage, 2001.0 / 2016, 1e-12);
  EXPECT_EQ(result.agents[3].missing_samples, 15);
  EXPECT_EQ(result.verdict, Verdict::kPass);
  EXPECT_THAT(result.reasons,
              ElementsAre(testing::AllOf(HasSubstr("agent agent-3 was lost: gone"),
                                         HasSubstr("last 0.15 s is missing, up to 15 samples"))));
}

TEST_F(RunTest, UnderNinetyNinePercentIsNoAnswer) {
  Begin(R"(thresholds: { latency: [ "p(50)<50" ] })");
  Lose(plan_, run_.get(), 0.25);
  Expect(Verdict::kInvalid, ExitCode::kUnreliable);
  EXPECT_THAT(Result().reasons[0], HasSubstr("only 98.77 % is known"));
}

TEST_F(RunTest, AThresholdThatWhatIsMissingCouldDecideIsUnknown) {
  // Two of a hundred are slow, which p(98) is just not.
  Begin(R"(thresholds: { latency: [ "p(98)<50" ] })");
  Lose(plan_, run_.get(), 0.15);
  const RunResult result = Result();
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_EQ(result.thresholds[0].outcome, Outcome::kUnknown);
  EXPECT_NEAR(result.thresholds[0].low, 1, 1e-3);
  EXPECT_NEAR(result.thresholds[0].high, 100, 0.1);
  EXPECT_THAT(result.reasons[0], HasSubstr("is not known: with what is missing it lies between"));
}

TEST_F(RunTest, WhoReturnsBringsWhatWasMissing) {
  Begin(R"(thresholds: { latency: [ "p(50)<50" ] })");
  Lose(plan_, run_.get(), 5);
  run_->ReturnAgent(3);
  EXPECT_EQ(Result().coverage, 1);
  EXPECT_FALSE(Result().agents[3].lost);
  Expect(Verdict::kPass, ExitCode::kPass);
}

TEST_F(RunTest, AFailedSetupIsInvalid) {
  Begin("");
  run_->Fail("setup failed: 500");
  Expect(Verdict::kInvalid, ExitCode::kUnreliable);
}

TEST_F(RunTest, AGapIsInvalidUntilItIsFilled) {
  Begin("");
  agent_->Record("http_reqs", {}, 1);
  const v1::Delta second = agent_->FlushSecond(1);
  agent_->Record("http_reqs", {}, 1);
  const v1::Delta third = agent_->FlushSecond(2);
  EXPECT_EQ(run_->Apply(0, third).code(), absl::StatusCode::kFailedPrecondition);
  Expect(Verdict::kInvalid, ExitCode::kUnreliable);
  EXPECT_THAT(Result().reasons,
              ElementsAre("deltas 2 to 3 of agent agent-0 are missing or came out of turn"));
  ASSERT_TRUE(run_->Apply(0, second).ok());
  EXPECT_THAT(Result().reasons, ElementsAre("delta 3 of agent agent-0 is missing"));
  ASSERT_TRUE(run_->Apply(0, third).ok());
  Expect(Verdict::kPass, ExitCode::kPass);
}

TEST_F(RunTest, DeltasOfUnknownAgentsAreRefused) {
  Begin("");
  EXPECT_FALSE(run_->Apply(kAgents, v1::Delta()).ok());
  EXPECT_FALSE(run_->Apply(-1, v1::Delta()).ok());
  Expect(Verdict::kPass, ExitCode::kPass);
}

TEST_F(RunTest, AnInterruptIsAbortedThoughThresholdsFailed) {
  Begin(R"(thresholds: { http_req_duration: [ "p(95)<50" ] })");
  run_->Interrupt("interrupted by Ctrl-C");
  run_->Interrupt("again");
  Expect(Verdict::kAborted, ExitCode::kInterrupted);
  EXPECT_EQ(Result().thresholds[0].outcome, Outcome::kFail);
  EXPECT_EQ(Result().reasons[0], "interrupted by Ctrl-C");
}

TEST_F(RunTest, AbortOnFailWaitsForItsDelayAndIsRemembered) {
  Begin(R"(
thresholds:
  http_req_duration:
    - { expression: "avg<90", abort_on_fail: true, delay_abort_eval: 5s }
  ws_connecting:
    - { expression: "avg<90", abort_on_fail: true }
)");
  EXPECT_EQ(run_->Judge(-kSecond), std::nullopt);
  EXPECT_EQ(run_->Judge(5 * kSecond - 1), std::nullopt);
  EXPECT_EQ(run_->Progress(2 * kSecond).thresholds[0].outcome, Outcome::kFail);
  const auto why = run_->Judge(5 * kSecond);
  ASSERT_TRUE(why.has_value());
  EXPECT_EQ(*why, "http_req_duration: avg<90 failed with 100 ms, and says abort_on_fail");
  EXPECT_EQ(run_->Judge(6 * kSecond), std::nullopt);
  Send(6, 1);  // while it drains the average comes to hold again
  const RunResult result = Result();
  EXPECT_EQ(result.verdict, Verdict::kFail);
  EXPECT_EQ(result.exit_code, ExitCode::kThresholdsFailed);
  EXPECT_EQ(result.reasons[0], *why);
  EXPECT_TRUE(result.thresholds[0].aborted_run);
  EXPECT_EQ(result.thresholds[0].outcome, Outcome::kFail);
  EXPECT_EQ(result.thresholds[0].observed, 100);
  EXPECT_FALSE(result.thresholds[1].aborted_run);
}

TEST_F(RunTest, AnAbortingConditionThatHoldsDoesNothing) {
  Begin(
      R"(thresholds: { http_req_duration: [ { expression: "avg<=100", abort_on_fail: true } ] })");
  EXPECT_EQ(run_->Judge(kSecond), std::nullopt);
  Send(1, 100.5);
  EXPECT_NE(run_->Judge(2 * kSecond), std::nullopt);
}

TEST_F(RunTest, DroppedIterationsComeFromTheMetric) {
  Begin("", /*strict=*/true);
  for (int i = 1; i < 99; ++i) Send(i, 1);
  agent_->Record("dropped_iterations", {}, 1);  // of 100 due
  Send(99, 1);
  EXPECT_FALSE(Result().unreliable);
  agent_->Record("dropped_iterations", {}, 1);
  Send(100, 1);
  EXPECT_TRUE(Result().unreliable);
  Expect(Verdict::kPass, ExitCode::kUnreliable);
}

TEST_F(RunTest, ExpressionErrorsAndFailStepsAreToldApart) {
  Begin("");
  v1::Position at;
  at.set_line(9);
  at.set_column(2);
  agent_->recorder().Error("plan", "a fail step", "s", at, 0);
  Send(1, 1);
  EXPECT_THAT(Result().unreliable_reasons, IsEmpty());
  agent_->recorder().Error("script", "nil", "s", at, 0);
  Send(2, 1);
  EXPECT_THAT(Result().unreliable_reasons, ElementsAre(HasSubstr("the first at p.yaml:9:2")));
  EXPECT_EQ(Result().errors.size(), 2);
}

TEST_F(RunTest, TeardownIsSaidOnly) {
  Begin("");
  run_->TeardownFailed("channel 7: 500");
  Expect(Verdict::kPass, ExitCode::kPass);
  EXPECT_THAT(Result().reasons, ElementsAre("teardown failed: channel 7: 500"));
}

TEST_F(RunTest, ReasonsAreBounded) {
  Begin("");
  for (size_t i = 0; i < controller::Run::kMaxReasons + 7; ++i) run_->Fail("why");
  EXPECT_EQ(Result().reasons.size(), controller::Run::kMaxReasons + 1);
  EXPECT_EQ(Result().reasons.back(), "and 7 more reasons");
}

TEST_F(RunTest, NeitherProgressNorResultShowSecrets) {
  v1::Plan plan = PlanOf("thresholds: { \"http_req_duration{name:is-4711-canary}\": p(95)<1 }");
  plan.set_name("plan of 4711-canary");
  plan.mutable_scenarios(0)->set_name("users of param-canary");
  v1::Param& param = *plan.add_params();
  param.set_secret(true);
  param.mutable_value()->set_string("param-canary");
  RunOptions options;
  options.secrets.Add()->set_value("4711-canary");
  controller::Run run(plan, options);
  AgentResult agent;
  agent.name = "a";
  run.SetAgent(0, agent);
  run.LoseAgent(0, "it said 4711-canary", 0);
  const RunProgress progress = run.Progress(kSecond);
  EXPECT_EQ(progress.plan, "plan of ***");
  EXPECT_THAT(progress.stage, StartsWith("users of ***"));
  ASSERT_EQ(progress.thresholds.size(), 1u);
  EXPECT_EQ(progress.thresholds[0].metric, "http_req_duration{name:is-***}");
  const RunResult result = run.Finish(kMinute);
  EXPECT_THAT(result.reasons, Contains(StartsWith("agent a was lost: it said ***")));
  EXPECT_EQ(result.plan.name(), "plan of ***");
}

TEST_F(RunTest, ProgressShowsTheLastSeconds) {
  Begin("");
  run_->SetPhase("running");
  SimulatedAgent other(plan_);
  agent_->Record("vus", {}, 10, kSecond);
  agent_->Record("ws_open", {}, 4, kSecond);
  Send(1, 1);
  other.Record("vus", {}, 5, kSecond);
  v1::AgentHealth health;
  health.set_busiest_thread_cpu(0.95);
  for (int i = 0; i < 8; ++i) other.Record("http_reqs", {}, 1);
  ASSERT_TRUE(run_->Apply(1, other.Flush(0, 2 * kSecond, health)).ok());
  RunProgress progress = run_->Progress(2 * kSecond);
  EXPECT_EQ(progress.plan, "p");
  EXPECT_EQ(progress.phase, "running");
  EXPECT_EQ(progress.stage, "s: 100 users");
  EXPECT_EQ(progress.users_planned, 100);
  EXPECT_EQ(progress.users_active, 15);
  EXPECT_EQ(progress.ws_active, 4);
  EXPECT_EQ(progress.http_reqs_per_s, 1 + 4);
  EXPECT_EQ(progress.total_s, 60);
  ASSERT_EQ(progress.agents.size(), kAgents);
  EXPECT_FALSE(progress.agents[0].busy);
  EXPECT_TRUE(progress.agents[1].busy);
  EXPECT_EQ(run_->Progress(8 * kSecond).http_reqs_per_s, 0);  // nothing was heard for 6 s
  run_->LoseAgent(0, "gone", 0);
  EXPECT_EQ(run_->Progress(2 * kSecond).users_active, 5);
}

}  // namespace
}  // namespace rampart::controller
