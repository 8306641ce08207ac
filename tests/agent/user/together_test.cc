// What users of one agent do with those of others: they wait at a rendezvous until it is opened,
// and scenarios wait for others to end. The test is the controller.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A load with somebody who listens to it.
class Listener {
 public:
  explicit Listener(const std::string& yaml, int threads = 2)
      : runner(yaml, {.agent = 0, .weights = {1}, .threads = threads}) {
    EXPECT_TRUE(runner.engine().Arm("").ok());
    LoadEvents events;
    events.waiting_changed = [this] { Note(nullptr); };
    events.scenario_ended = [this](const std::string& name, uint64_t) { Note(&name); };
    runner.Begin(std::move(events));
  }

  // Until so many users wait for this opening of the first rendezvous.
  void AwaitWaiting(uint64_t opening, uint64_t users) {
    Await([&] {
      const v1::Waiting now = runner.engine().Waiting().at(0);
      return now.opening() == opening && now.users() == users;
    });
  }
  void AwaitEnded(size_t scenarios) {
    Await([&] { return ended_.size() >= scenarios; });
  }
  std::vector<std::string> Ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }
  void Open(uint64_t opening, int64_t at_ns) {
    v1::OpenRendezvous open;
    open.set_rendezvous("meet");
    open.set_opening(opening);
    open.set_agent_ns(at_ns);
    runner.engine().OpenRendezvous(open);
  }
  void StartScenario(const std::string& name, int64_t at_ns) {
    v1::StartScenario start;
    start.set_scenario(name);
    start.set_agent_ns(at_ns);
    runner.engine().StartScenario(start);
  }
  double Seen() {
    runner.Collect();
    return runner.Count("seen");
  }

 private:
  template <typename Holds>
  void Await(const Holds& holds) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(60), holds));
  }
  void Note(const std::string* ended) {
    const std::lock_guard lock(mutex_);
    if (ended != nullptr) ended_.push_back(*ended);
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> ended_;

 public:
  EngineRunner runner;  // ends first: it still says things meanwhile
};

std::string Meeting(const std::string& load, const std::string& rendezvous,
                    const std::string& more = "") {
  return "name: test\nmetrics:\n  seen: { kind: counter }\nscenarios:\n  one:\n    load: " + load +
         "\n" + more + "    steps:\n      - rendezvous: " + rendezvous +
         "\n      - record: { seen: 1 }\n";
}

TEST(Rendezvous, UsersOfAllThreadsWaitUntilItIsOpenedAndGoOnAtItsInstant) {
  Listener listener(Meeting("{ iterations_per_user: { users: 9, iterations: 1 } }", "meet"));
  listener.AwaitWaiting(1, 9);
  EXPECT_EQ(listener.Seen(), 0);
  const int64_t at_ns = MonotonicNow() + 100'000'000;
  listener.Open(1, at_ns);
  listener.runner.Drained();
  EXPECT_GE(MonotonicNow(), at_ns);
  EXPECT_EQ(listener.Seen(), 9);
  EXPECT_EQ(listener.runner.Value("rendezvous_wait", {{"name", "meet"}}).trend.count(), 9u);
  EXPECT_GE(listener.runner.Value("rendezvous_wait").trend.Min(), 90);
  EXPECT_EQ(listener.runner.Count("rendezvous_timeouts"), 0);
  EXPECT_THAT(listener.runner.errors(), IsEmpty());
}

TEST(Rendezvous, WhoComesAgainWaitsForTheNextOpening) {
  Listener listener(Meeting("{ iterations_per_user: { users: 6, iterations: 3 } }", "meet"));
  for (uint64_t opening = 1; opening <= 3; ++opening) {
    listener.AwaitWaiting(opening, 6);
    EXPECT_EQ(listener.Seen(), 6 * static_cast<double>(opening - 1));
    if (opening > 1) listener.Open(opening - 1, 0);  // once more: nobody waits for that one
    EXPECT_EQ(listener.runner.engine().Waiting().at(0).users(), 6u);
    listener.Open(opening, MonotonicNow());
  }
  listener.runner.Drained();
  EXPECT_EQ(listener.Seen(), 18);
}

TEST(Rendezvous, AnOpeningThatCameToLateIsMadeUpForByTheNext) {
  Listener listener(Meeting("{ iterations_per_user: { users: 4, iterations: 1 } }", "meet"));
  listener.AwaitWaiting(1, 4);
  listener.Open(5, MonotonicNow() - 1);
  listener.runner.Drained();
  EXPECT_EQ(listener.Seen(), 4);
  EXPECT_EQ(listener.runner.engine().Waiting().at(0).opening(), 6u);
}

TEST(Rendezvous, WhoWaitedTooLongGoesOnAloneAndIsCounted) {
  Listener listener(Meeting("{ iterations_per_user: { users: 5, iterations: 1 } }",
                            "{ name: meet, timeout: 50ms }"));
  listener.runner.Drained();
  EXPECT_EQ(listener.Seen(), 5);
  EXPECT_EQ(listener.runner.Count("rendezvous_timeouts", {{"name", "meet"}}), 5);
  EXPECT_EQ(listener.runner.ErrorsOf("rendezvous"), 5u);
  EXPECT_EQ(listener.runner.Value("rendezvous_wait").trend.count(), 5u);
  EXPECT_EQ(listener.runner.Count("iterations"), 5);
  listener.AwaitWaiting(1, 0);
}

TEST(Rendezvous, WhoWasCalledIsNotLeftBehindByATimeout) {
  Listener listener(Meeting("{ iterations_per_user: { users: 3, iterations: 1 } }",
                            "{ name: meet, timeout: 2s }"));
  listener.AwaitWaiting(1, 3);
  listener.Open(1, MonotonicNow() + 2'500'000'000);
  listener.runner.Drained();
  EXPECT_EQ(listener.Seen(), 3);
  EXPECT_EQ(listener.runner.Count("rendezvous_timeouts"), 0);
}

TEST(Rendezvous, AnAbortEndsTheWaitAndNobodyIsSaidToWait) {
  Listener listener(Meeting("{ constant_users: { users: 7, duration: 1h } }", "meet"));
  listener.AwaitWaiting(1, 7);
  listener.runner.engine().Stop(v1::ABORT);
  listener.runner.Drained();
  listener.AwaitWaiting(1, 0);
  EXPECT_EQ(listener.Seen(), 0);
  EXPECT_EQ(listener.runner.Count("interrupted_iterations"), 7);
  EXPECT_EQ(listener.runner.Count("rendezvous_timeouts"), 0);
}

TEST(Rendezvous, TheEndOfTheScenarioEndsTheWaitAlsoOfThoseThatWereCalled) {
  Listener listener(Meeting("{ constant_users: { users: 4, duration: 100ms } }", "meet",
                            "    graceful_stop: 0s\n"));
  listener.AwaitWaiting(1, 4);
  listener.Open(1, MonotonicNow() + 3'600'000'000'000);
  listener.runner.Drained();
  EXPECT_EQ(listener.Seen(), 0);
  EXPECT_EQ(listener.runner.Count("interrupted_iterations"), 4);
}

TEST(Rendezvous, AnEngineThatIsDestroyedMeanwhileEnds) {
  Listener listener(Meeting("{ constant_users: { users: 4, duration: 1h } }", "meet"));
  listener.AwaitWaiting(1, 4);
}

// ---- Scenarios after others ----

constexpr const char* kThree =
    "name: test\nmetrics:\n  seen: { kind: counter }\nscenarios:\n"
    "  last:\n    start_after: first\n    start: 1h\n"  // the controller counts it in
    "    load: { iterations_per_user: { users: 3, iterations: 1 } }\n"
    "    steps: [ { record: { seen: 1 } } ]\n"
    "  first:\n    load: { iterations_per_user: { users: 1, iterations: 1 } }\n"
    "    steps: [ { sleep: 1ms } ]\n";

TEST(StartAfter, TheLoadHasNotDrainedBeforeTheScenarioThatWaitsHasRun) {
  Listener listener(kThree);
  listener.AwaitEnded(1);
  EXPECT_THAT(listener.Ended(), ElementsAre("first"));
  EXPECT_EQ(listener.Seen(), 0);
  const int64_t at_ns = MonotonicNow() + 100'000'000;
  listener.StartScenario("last", at_ns);
  listener.StartScenario("last", at_ns);
  listener.runner.Drained();
  EXPECT_GE(MonotonicNow(), at_ns);
  EXPECT_EQ(listener.Seen(), 3);
  EXPECT_THAT(listener.Ended(), ElementsAre("first", "last"));
}

TEST(StartAfter, AStopBeforeItStartedEndsItAndALaterStartIsNone) {
  for (const v1::StopKind kind : {v1::DRAIN, v1::ABORT}) {
    Listener listener(kThree);
    listener.AwaitEnded(1);
    listener.runner.engine().Stop(kind);
    listener.StartScenario("last", MonotonicNow());
    listener.runner.Drained();
    EXPECT_EQ(listener.Seen(), 0);
    EXPECT_THAT(listener.Ended(), ElementsAre("first", "last"));
  }
}

TEST(StartAfter, AScenarioThatNobodyHereHasUsersOfEndsAtOnce) {
  // The first user is the other agent's.
  EngineRunner runner(kThree, {.agent = 0, .weights = {1, 60'000}, .threads = 3});
  ASSERT_TRUE(runner.engine().Arm("").ok());
  Once<std::string> first;
  LoadEvents events;
  events.scenario_ended = [&](const std::string& name, uint64_t) { first.Set(name); };
  runner.Begin(std::move(events));
  EXPECT_EQ(first.Wait(), "first");
  v1::StartScenario start;
  start.set_scenario("last");
  start.set_agent_ns(MonotonicNow());
  runner.engine().StartScenario(start);
  runner.Drained();
}

}  // namespace
}  // namespace rampart::agent
