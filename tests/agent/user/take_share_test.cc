// Shares that are taken while a load runs, and parking, on real engine threads.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

std::string Plan(const std::string& load) {
  return "name: test\nmetrics:\n  seen: { kind: counter }\n  ids: { kind: trend }\n"
         "scenarios:\n  one:\n    load: " +
         load + "\n    steps:\n      - record: { seen: 1, ids: user.id }\n      - sleep: 20ms\n";
}

v1::TakeShare ATake(uint32_t agent, std::vector<uint32_t> weights, int64_t in_ms,
                    int64_t spread_ms = 0) {
  v1::TakeShare take;
  take.mutable_assignment()->set_agent(agent);
  take.mutable_assignment()->mutable_weights()->Add(weights.begin(), weights.end());
  take.set_agent_ns(MonotonicNow() + in_ms * 1'000'000);
  take.set_spread_ns(spread_ms * 1'000'000);
  return take;
}

// How often `drained` was called, and of how many shares at the last time.
class Drains {
 public:
  std::function<void(uint64_t)> Callback() {
    return [this](uint64_t shares) {
      const std::lock_guard lock(mutex_);
      shares_ = shares;
      ++times_;
      changed_.notify_all();
    };
  }
  uint64_t Wait(int times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return times_ >= times; });
    return shares_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int times_ = 0;
  uint64_t shares_ = 0;
};

TEST(TakeShare, TheUsersOfTheOtherAgentRunHereToo) {
  EngineRunner runner(Plan("{ constant_users: { users: 10, duration: 600ms } }"),
                      {.agent = 0, .weights = {1, 1}, .threads = 2});
  ASSERT_TRUE(runner.engine().Arm("").ok());
  Drains drains;
  runner.engine().Start(MonotonicNow(), drains.Callback());
  ASSERT_TRUE(runner.engine().Take(ATake(1, {1, 1}, 100, 100)).ok());
  EXPECT_EQ(drains.Wait(1), 2u);
  runner.Collect();
  EXPECT_EQ(runner.Value("ids").trend.Min(), 1);
  EXPECT_EQ(runner.Value("ids").trend.Max(), 10);
  EXPECT_EQ(runner.Value("vus").gauge.max, 10);
  EXPECT_EQ(runner.Value("vus").gauge.value, 0);
}

TEST(TakeShare, ArrivalsThatWereDueBeforeAreNotMadeUpFor) {
  EngineRunner runner(Plan("{ constant_arrival_rate: { rate: 100/s, duration: 1s, users: 40 } }"),
                      {.agent = 0, .weights = {1, 1}, .threads = 1});
  ASSERT_TRUE(runner.engine().Arm("").ok());
  Drains drains;
  // Half of it is over when it begins here, and all of that was an other's.
  const int64_t start_ns = MonotonicNow();
  runner.engine().Start(start_ns, drains.Callback());
  v1::TakeShare take = ATake(1, {1, 1}, 0);
  take.set_agent_ns(start_ns + 500'000'000);
  ASSERT_TRUE(runner.engine().Take(take).ok());
  EXPECT_EQ(drains.Wait(1), 2u);
  runner.Collect();
  EXPECT_EQ(runner.Count("seen"), 75);
}

TEST(TakeShare, WhereIterationsAreCountedNothingIsTaken) {
  EngineRunner runner(Plan("{ iterations_per_user: { users: 10, iterations: 2 } }"),
                      {.agent = 0, .weights = {1, 1}, .threads = 1});
  ASSERT_TRUE(runner.engine().Arm("").ok());
  Drains drains;
  runner.engine().Start(MonotonicNow(), drains.Callback());
  ASSERT_TRUE(runner.engine().Take(ATake(1, {1, 1}, 0)).ok());
  EXPECT_EQ(drains.Wait(1), 2u);
  runner.Collect();
  EXPECT_EQ(runner.Count("seen"), 10);
}

TEST(TakeShare, WhatIsNoShareIsRefusedWithWords) {
  EngineRunner runner(Plan("{ constant_users: { users: 1, duration: 100ms } }"));
  ASSERT_TRUE(runner.engine().Arm("").ok());
  Drains drains;
  runner.engine().Start(MonotonicNow(), drains.Callback());
  EXPECT_FALSE(runner.engine().Take(ATake(3, {1, 1}, 0)).ok());
  EXPECT_EQ(drains.Wait(1), 1u);
}

TEST(Park, EndsAllAndLoadsWhatIsTakenAfterIt) {
  EngineRunner runner(Plan("{ constant_users: { users: 10, duration: 1s } }"),
                      {.agent = 0, .weights = {1}, .threads = 2});
  ASSERT_TRUE(runner.engine().Arm("").ok());
  Drains drains;
  runner.engine().Start(MonotonicNow(), drains.Callback());
  runner.engine().Park();
  EXPECT_EQ(drains.Wait(1), 1u);
  runner.Collect();
  EXPECT_EQ(runner.Value("vus").gauge.value, 0);
  const double before = runner.Count("seen");
  ASSERT_TRUE(runner.engine().Take(ATake(0, {1}, 0)).ok());
  EXPECT_EQ(drains.Wait(2), 2u);
  runner.Collect();
  EXPECT_GT(runner.Count("seen"), before);
}

TEST(Park, ALeaseThatIsOverEndsAllBeforeAnythingElseIsDone) {
  EngineRunner runner(Plan("{ constant_users: { users: 10, duration: 60s } }"),
                      {.agent = 0, .weights = {1}, .threads = 2});
  ASSERT_TRUE(runner.engine().Arm("").ok());
  Drains drains;
  std::atomic<int> over = 0;
  LoadEvents events;
  events.lease_over = [&over] { ++over; };
  runner.engine().SetLease(MonotonicNow() + 200'000'000);
  runner.engine().Start(MonotonicNow(), drains.Callback(), std::move(events));
  EXPECT_EQ(drains.Wait(1), 1u);
  EXPECT_EQ(over, 2);  // a thread each
}

}  // namespace
}  // namespace rampart::agent
