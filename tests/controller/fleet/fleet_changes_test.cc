// Loads that are changed while they run, seen from the Fleet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/controller/fleet/fleet_table.h"

namespace rampart::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

FleetOptions Rebalancing() {
  FleetOptions options = Options();
  options.loss_policy = LossPolicy::kRebalance;
  options.plan.mutable_scenarios(0)->set_name("one");
  return options;
}

class ChangesTable : public FleetTable {
 public:
  ChangesTable() : FleetTable(Rebalancing()) {
    FleetTable::To(Phase::kRunning);
    PassWithout(5 * kSecondNs);
    actions.clear();
  }

  v1::ChangeLoad Next() {
    v1::ChangeLoad change;
    change.set_agent_ns(fleet.NextChangeNs(now));
    return change;
  }
  void Ask(const v1::ChangeLoad& change) { Tell(LoadChangeAsked{change, "so"}); }
  int64_t Pause() {
    v1::ChangeLoad change = Next();
    change.mutable_pause();
    Ask(change);
    return change.agent_ns();
  }
  int64_t Resume() {
    v1::ChangeLoad change = Next();
    change.mutable_resume();
    Ask(change);
    return change.agent_ns();
  }
  v1::ChangeLoad Users(int64_t users) {
    v1::ChangeLoad change = Next();
    change.mutable_scenario()->set_scenario("one");
    *change.mutable_scenario()->mutable_load() = APlan(users).scenarios(0).load();
    return change;
  }
  std::vector<v1::ChangeLoad> ChangesTo(ConnectionId connection) const {
    std::vector<v1::ChangeLoad> changes;
    for (const auto& message : FleetTable::To(connection)) {
      if (message.has_change()) changes.push_back(message.change());
    }
    return changes;
  }
};

TEST(FleetChanges, EveryAgentIsToldTheInstantOnItsOwnClock) {
  ChangesTable table;
  const int64_t at_ns = table.Pause();
  EXPECT_GT(at_ns, table.now);
  for (const ConnectionId agent : {1, 2}) {
    const auto changes = table.ChangesTo(agent);
    ASSERT_THAT(changes, SizeIs(1));
    EXPECT_TRUE(changes[0].has_pause());
    EXPECT_EQ(changes[0].number(), 1u);
    EXPECT_NEAR(static_cast<double>(changes[0].agent_ns()),
                static_cast<double>(at_ns + 1000 * kSecondNs), 2e6);
  }
  ASSERT_THAT(table.All<LoadChanged>(), SizeIs(1));
  EXPECT_EQ(table.All<LoadChanged>()[0].change.agent_ns(), at_ns);
  EXPECT_TRUE(table.fleet.paused());
}

TEST(FleetChanges, WhoDialsAgainIsToldAllOfThemInOrder) {
  ChangesTable table;
  table.Pause();
  table.Resume();
  table.Ask(table.Users(20));
  table.Tell(Disconnected{2, "broke"});
  v1::Hello hello = Hello(2);
  hello.set_epoch(77);
  hello.set_next_sequence(1);
  table.Dial(12, hello);
  const auto changes = table.ChangesTo(12);
  ASSERT_THAT(changes, SizeIs(3));
  for (size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(changes[i].number(), i + 1);
    if (i > 0) {
      EXPECT_GT(changes[i].agent_ns(), changes[i - 1].agent_ns());
    }
  }
}

TEST(FleetChanges, WhatMakesNoSenseIsRefusedWithWordsAndChangesNothing) {
  ChangesTable table;
  v1::ChangeLoad resume = table.Next();
  resume.mutable_resume();
  EXPECT_THAT(table.fleet.MayChange(resume).message(), HasSubstr("not paused"));
  table.Ask(resume);
  EXPECT_THAT(table.actions, IsEmpty());
  table.Pause();
  v1::ChangeLoad pause = table.Next();
  pause.mutable_pause();
  EXPECT_THAT(table.fleet.MayChange(pause).message(), HasSubstr("paused already"));
  EXPECT_THAT(table.fleet.MayChange(table.Users(201)).message(), HasSubstr("can hold 200"));
  EXPECT_TRUE(table.fleet.MayChange(table.Users(200)).ok());
  table.Tell(StopRequested{v1::DRAIN, "enough"});
  EXPECT_THAT(table.fleet.MayChange(table.Users(20)).message(), HasSubstr("draining"));
}

TEST(FleetChanges, ThePhaseIsLongerByThePauseAndNoPauseLastsForever) {
  ChangesTable table;
  table.Pause();
  table.PassWithout(1000 * kSecondNs);  // the plan has 20 s
  EXPECT_EQ(table.fleet.phase(), Phase::kRunning);
  table.Resume();
  table.PassWithout(70 * kSecondNs);
  EXPECT_EQ(table.fleet.phase(), Phase::kRunning);
  table.PassWithout(200 * kSecondNs);
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("the load did not end")));

  ChangesTable forever;
  forever.Pause();
  forever.PassWithout(3601 * kSecondNs);
  EXPECT_THAT(forever.Failures(), ElementsAre(HasSubstr("paused for 1h")));
}

TEST(FleetChanges, WhatIsTakenBeforeOrInAPauseIsAtTheSamePlaceOfTheScheduleAfterIt) {
  ChangesTable table;
  table.Tell(ProcessExited{"agent-2", "killed"});
  const int64_t pause_ns = table.Pause();
  table.now += 30 * kSecondNs;
  table.Heartbeat(1);
  const int64_t resume_ns = table.Resume();
  table.Tell(Disconnected{1, "broke"});
  table.actions.clear();
  v1::Hello hello = Hello(1);
  hello.set_epoch(77);
  hello.set_next_sequence(1);
  table.Dial(11, hello);
  const auto takes = table.TakesTo(11);
  ASSERT_THAT(takes, SizeIs(1));
  // It was to be taken in 200 ms when the pause began just then.
  EXPECT_NEAR(static_cast<double>(takes[0].agent_ns() - 1000 * kSecondNs),
              static_cast<double>(resume_ns), 2e6);
  EXPECT_GT(resume_ns, pause_ns);
}

}  // namespace
}  // namespace rampart::controller
