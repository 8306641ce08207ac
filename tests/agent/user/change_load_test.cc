// Loads that are paused, scaled and given away while they run, on real engine threads.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "common/load/load_change.h"
#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

constexpr int64_t kMs = 1'000'000;

std::string Plan(const std::string& load) {
  return "name: test\nmetrics:\n  seen: { kind: counter }\n  ids: { kind: trend }\n"
         "scenarios:\n  one:\n    load: " +
         load + "\n    steps:\n      - record: { seen: 1, ids: user.id }\n      - sleep: 20ms\n";
}

// A run of one scenario that is changed at instants since its start.
class ChangedRun {
 public:
  ChangedRun(const std::string& load, const EnginePlace& place)
      : runner(Plan(load), place),
        load_(LoadPlan(Plan(load), "plan.yaml", {}).plan.scenarios(0).load()) {
    EXPECT_TRUE(runner.engine().Arm("").ok());
    start_ns_ = MonotonicNow();
    runner.engine().Start(start_ns_, [this](uint64_t) { drained_.Set(true); });
  }

  void Pause(int64_t at_ms) { At(at_ms).mutable_pause(); }
  void Resume(int64_t at_ms) { At(at_ms).mutable_resume(); }
  void ScaleUsers(int64_t at_ms, int64_t users) {
    Become(at_ms, ScaledToUsers(load_, at_ms * kMs, users, 0));
  }
  void ScaleRate(int64_t at_ms, int64_t per_s) {
    v1::Rate rate;
    rate.set_count(per_s);
    rate.set_per_ns(1'000'000'000);
    Become(at_ms, ScaledToRate(load_, at_ms * kMs, rate, 0));
  }
  // Tells the engine of all of them.
  void Go() {
    for (const v1::ChangeLoad& change : changes_) runner.engine().Change(change);
    changes_.clear();
  }
  int64_t AtNs(int64_t ms) const { return start_ns_ + ms * kMs; }
  void Drained() {
    drained_.Wait();
    milliseconds = (MonotonicNow() - start_ns_) / kMs;
    runner.Collect();
  }

  EngineRunner runner;
  int64_t milliseconds = 0;

 private:
  v1::ChangeLoad& At(int64_t at_ms) {
    v1::ChangeLoad& change = changes_.emplace_back();
    change.set_agent_ns(AtNs(at_ms));
    return change;
  }
  void Become(int64_t at_ms, const absl::StatusOr<v1::Load>& load) {
    ASSERT_TRUE(load.ok()) << load.status();
    load_ = *load;
    v1::ScenarioLoad& scenario = *At(at_ms).mutable_scenario();
    scenario.set_scenario("one");
    *scenario.mutable_load() = *load;
  }

  v1::Load load_;
  int64_t start_ns_ = 0;
  std::vector<v1::ChangeLoad> changes_;
  Once<bool> drained_;
};

v1::Hand KeepingHalf() {
  v1::Hand keep;
  keep.add_weights(1);
  keep.add_weights(1);
  return keep;
}

TEST(PausedLoad, EveryArrivalIsMadeAndThePauseIsNoneOfTheLoad) {
  ChangedRun run("{ constant_arrival_rate: { rate: 100/s, duration: 600ms, users: 20 } }",
                 {.threads = 2});
  run.Pause(200);
  run.Resume(600);
  run.Go();
  run.Drained();
  EXPECT_EQ(run.runner.Count("seen"), 60);
  EXPECT_EQ(run.runner.Count("dropped_iterations"), 0);
  EXPECT_GE(run.milliseconds, 1000);
}

TEST(PausedLoad, UsersStandStillAndGoOn) {
  ChangedRun run("{ constant_users: { users: 10, duration: 500ms } }", {.threads = 2});
  run.Pause(200);
  run.Resume(900);
  run.Go();
  run.Drained();
  EXPECT_GE(run.milliseconds, 1200);
  // Each takes 20 ms of the load's own 500.
  EXPECT_LE(run.runner.Count("seen"), 10 * (500 / 20 + 2));
  EXPECT_GT(run.runner.Count("seen"), 10);
  EXPECT_EQ(run.runner.Value("vus").gauge.max, 10);
}

TEST(PausedLoad, AStopEndsThePauseAndWhatWasHeldInItsGrace) {
  ChangedRun run("{ constant_users: { users: 10, duration: 60s } }", {.threads = 2});
  run.Pause(50);
  run.Go();
  while (MonotonicNow() < run.AtNs(100)) run.runner.Collect();
  run.runner.engine().Stop(v1::DRAIN);
  run.Drained();
  EXPECT_EQ(run.runner.Count("interrupted_iterations"), 0);
  EXPECT_LT(run.milliseconds, 10'000);
}

TEST(PausedLoad, WhatIsTakenInItEntersWhereTheScheduleStands) {
  // The other half of the arrivals is taken in the pause: all of them from 1 s on are made.
  ChangedRun run("{ constant_arrival_rate: { rate: 20/s, duration: 2s, users: 20 } }",
                 {.agent = 0, .weights = {1, 1}});
  run.Pause(1000);
  run.Go();
  v1::TakeShare take;
  take.mutable_assignment()->set_agent(1);
  take.mutable_assignment()->add_weights(1);
  take.mutable_assignment()->add_weights(1);
  take.set_agent_ns(run.AtNs(1500));
  ASSERT_TRUE(run.runner.engine().Take(take).ok());
  run.Resume(2000);
  run.Go();
  run.Drained();
  EXPECT_EQ(run.runner.Count("seen"), 20 + 10);
}

TEST(ScaledLoad, UsersComeAndGoAsTheNewScheduleSays) {
  ChangedRun run("{ constant_users: { users: 10, duration: 2s } }", {.threads = 2});
  run.ScaleUsers(200, 30);
  run.ScaleUsers(1500, 3);
  run.Go();
  run.Drained();
  EXPECT_EQ(run.runner.Value("ids").trend.Max(), 30);
  EXPECT_EQ(run.runner.Value("vus").gauge.max, 30);
  EXPECT_EQ(run.runner.Value("vus").gauge.value, 0);
  // 10, 30 and 3 users, an iteration each 20 ms.
  EXPECT_LE(run.runner.Count("seen"), (10 * 200 + 30 * 1300 + 3 * 500) / 20 + 60);
}

TEST(ScaledLoad, AnAgentWithoutUsersGetsSome) {
  ChangedRun run("{ constant_users: { users: 1, duration: 400ms } }",
                 {.agent = 1, .weights = {1, 1}, .threads = 2});
  run.ScaleUsers(100, 8);
  run.Go();
  run.Drained();
  EXPECT_EQ(run.runner.Value("vus").gauge.max, 4);
}

TEST(ScaledLoad, ArrivalsAreDueAtTheNewRateFromTheInstantOn) {
  ChangedRun run("{ constant_arrival_rate: { rate: 100/s, duration: 1s, users: 40 } }",
                 {.threads = 2});
  run.ScaleRate(500, 300);
  run.Go();
  run.Drained();
  EXPECT_EQ(run.runner.Count("seen") + run.runner.Count("dropped_iterations"), 50 + 150);
}

TEST(GivenShare, ItsUsersEndAndRunWhereTheyAreTaken) {
  ChangedRun run("{ constant_users: { users: 10, duration: 60s } }", {});
  Once<bool> given;
  ASSERT_TRUE(run.runner.engine().Give(KeepingHalf(), [&] { given.Set(true); }).ok());
  given.Wait();
  run.runner.Collect();
  EXPECT_EQ(run.runner.Value("vus").gauge.value, 5);
  v1::TakeShare take;
  take.mutable_assignment()->add_weights(1);
  v1::Hand& hand = *take.mutable_assignment()->add_again();
  hand = KeepingHalf();
  hand.set_agent(1);
  take.set_agent_ns(MonotonicNow());
  ASSERT_TRUE(run.runner.engine().Take(take).ok());
  while (run.runner.Value("vus").gauge.value != 10 && MonotonicNow() < run.AtNs(50'000)) {
    run.runner.Collect();
  }
  EXPECT_EQ(run.runner.Value("vus").gauge.value, 10);
  EXPECT_EQ(run.runner.Value("vus").gauge.max, 10);
  run.runner.engine().Stop(v1::ABORT);
  run.Drained();
}

TEST(GivenShare, OfArrivalsTheOthersAreMadeByTheOther) {
  ChangedRun run("{ constant_arrival_rate: { rate: 1000/s, duration: 1s, users: 40 } }",
                 {.threads = 2});
  Once<int64_t> given;
  ASSERT_TRUE(run.runner.engine().Give(KeepingHalf(), [&] { given.Set(MonotonicNow()); }).ok());
  const int64_t given_ns = given.Wait();
  run.Drained();
  const int64_t before = (given_ns - run.AtNs(0)) / kMs;  // of each millisecond one was due
  EXPECT_GE(run.runner.Count("seen"), 500);
  EXPECT_LE(run.runner.Count("seen"), 500 + before + 1);
}

TEST(GivenShare, WhereIterationsAreCountedNothingIsGiven) {
  ChangedRun run("{ iterations_per_user: { users: 10, iterations: 5 } }", {.threads = 2});
  Once<bool> given;
  ASSERT_TRUE(run.runner.engine().Give(KeepingHalf(), [&] { given.Set(true); }).ok());
  given.Wait();
  run.Drained();
  EXPECT_EQ(run.runner.Count("seen"), 50);
}

TEST(GivenShare, WhatIsNoShareIsRefusedWithWords) {
  ChangedRun run("{ constant_users: { users: 1, duration: 50ms } }", {});
  v1::Hand nothing;
  EXPECT_FALSE(run.runner.engine().Give(nothing, [] {}).ok());
  run.Drained();
}

}  // namespace
}  // namespace rampart::agent
