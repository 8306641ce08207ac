// What all agents do together: rendezvous are opened, scenarios start after others.
#include <cstdlib>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/controller/fleet/fleet_table.h"

namespace rampart::controller {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

using Table = FleetTable;

// 10 users who meet at `meet`, and `late`, which starts 3 s after `one`.
v1::Plan TogetherPlan() {
  v1::Plan plan = APlan();
  plan.mutable_scenarios(0)->set_name("one");
  plan.mutable_scenarios(0)->add_steps()->mutable_rendezvous()->set_name("meet");
  v1::Scenario& late = *plan.add_scenarios();
  late = plan.scenarios(0);
  late.clear_steps();
  late.set_name("late");
  late.set_start_after("one");
  late.mutable_start()->set_seconds(3);
  return plan;
}

v1::AgentMessage Waiting(uint64_t opening, uint64_t users) {
  v1::AgentMessage message;
  message.mutable_waiting()->set_rendezvous("meet");
  message.mutable_waiting()->set_opening(opening);
  message.mutable_waiting()->set_users(users);
  return message;
}
v1::AgentMessage Ended(const std::string& scenario) {
  v1::AgentMessage message;
  message.mutable_scenario_ended()->set_scenario(scenario);
  return message;
}

struct Running : Table {
  Running() : Table(Options(TogetherPlan())) {
    To(Phase::kRunning);
    now += 5 * kSecondNs;  // long after the start
  }
};

TEST(FleetTogether, OpensOnEveryAgentAtOneInstantALittleAhead) {
  Running table;
  table.Say(1, Waiting(1, 5));
  EXPECT_THAT(table.KindsTo(1), IsEmpty());
  table.Say(2, Waiting(1, 5));
  std::vector<int64_t> at_ns;
  for (const ConnectionId connection : {1, 2}) {
    ASSERT_THAT(table.KindsTo(connection), ElementsAre(Kind::kOpenRendezvous));
    const v1::OpenRendezvous open = table.To(connection)[0].open_rendezvous();
    EXPECT_EQ(open.rendezvous(), "meet");
    EXPECT_EQ(open.opening(), 1u);
    at_ns.push_back(open.agent_ns() - 1000 * kSecondNs);  // of their clock
  }
  EXPECT_LE(std::abs(at_ns[0] - at_ns[1]), 4'000'000);
  EXPECT_GT(at_ns[0], table.now + 50'000'000);
  EXPECT_LT(at_ns[0], table.now + kSecondNs);
  table.Say(2, Waiting(1, 5));  // it had not heard of it yet
  EXPECT_THAT(table.KindsTo(1), SizeIs(1));
}

TEST(FleetTogether, AnAgentWithoutAStreamIsWaitedForAndToldAgain) {
  Running table;
  table.Say(1, Waiting(1, 5));
  table.Tell(Disconnected{1, "cut"});
  table.Say(2, Waiting(1, 5));
  EXPECT_THAT(table.KindsTo(2), IsEmpty());
  table.Dial(11, Hello(1));
  table.Say(11, Waiting(1, 5));
  EXPECT_THAT(table.KindsTo(2), ElementsAre(Kind::kOpenRendezvous));
  EXPECT_THAT(table.KindsTo(11), ElementsAre(Kind::kWelcome, Kind::kStart, Kind::kOpenRendezvous));
  // That one may have been lost with this stream.
  table.Tell(Disconnected{11, "cut"});
  table.Dial(21, Hello(1));
  ASSERT_THAT(table.KindsTo(21), ElementsAre(Kind::kWelcome, Kind::kStart, Kind::kOpenRendezvous));
  EXPECT_EQ(table.To(21)[2].open_rendezvous().agent_ns(),
            table.To(11)[2].open_rendezvous().agent_ns());
  table.Say(21, Waiting(1, 5));
  table.Say(21, Waiting(2, 5));
  EXPECT_THAT(table.KindsTo(2), SizeIs(1));
  table.Say(2, Waiting(2, 5));
  EXPECT_THAT(table.KindsTo(2), SizeIs(2));
}

TEST(FleetTogether, AStreamThatIsReplacedIsForgottenToo) {
  Running table;
  table.Say(1, Waiting(1, 5));
  table.Dial(11, Hello(1));  // the old one has not been seen to end
  table.Say(2, Waiting(1, 5));
  EXPECT_THAT(table.KindsTo(2), IsEmpty());
  table.Say(11, Waiting(1, 5));
  EXPECT_THAT(table.KindsTo(2), SizeIs(1));
}

TEST(FleetTogether, UsersMayMeetWhileTheLoadDrainsButNotWhenItIsAborted) {
  Running table;
  table.Tell(StopRequested{v1::DRAIN, "enough"});
  table.actions.clear();
  table.Say(1, Waiting(1, 5));
  table.Say(2, Waiting(1, 5));
  EXPECT_THAT(table.KindsTo(1), ElementsAre(Kind::kOpenRendezvous));
  table.Tell(StopRequested{v1::ABORT, "at once"});
  table.actions.clear();
  table.Say(1, Waiting(2, 5));
  table.Say(2, Waiting(2, 5));
  EXPECT_THAT(table.KindsTo(1), IsEmpty());
}

TEST(FleetTogether, AScenarioStartsAfterTheOtherHasEndedOnEveryAgent) {
  Running table;
  table.Say(1, Ended("one"));
  table.Say(1, Ended("one"));
  EXPECT_THAT(table.KindsTo(2), IsEmpty());
  table.Say(2, Ended("one"));
  const auto started = table.All<ScenarioStarted>();
  ASSERT_THAT(started, SizeIs(1));
  EXPECT_EQ(started[0].scenario, "late");
  EXPECT_EQ(started[0].start_ns, table.now + 3 * kSecondNs);
  for (const ConnectionId connection : {1, 2}) {
    ASSERT_THAT(table.KindsTo(connection), ElementsAre(Kind::kStartScenario));
    const v1::StartScenario start = table.To(connection)[0].start_scenario();
    EXPECT_EQ(start.scenario(), "late");
    EXPECT_LE(std::abs(start.agent_ns() - 1000 * kSecondNs - started[0].start_ns), 2'000'000);
  }
  table.Dial(11, Hello(1));
  EXPECT_THAT(table.KindsTo(11), ElementsAre(Kind::kWelcome, Kind::kStart, Kind::kStartScenario));
}

TEST(FleetTogether, AScenarioWithoutAnOffsetStillStartsALittleAhead) {
  FleetOptions options = Options(TogetherPlan());
  options.plan.mutable_scenarios(1)->clear_start();
  Table table(options);
  table.To(Phase::kRunning);
  table.now += 5 * kSecondNs;
  table.Say(1, Ended("one"));
  table.Say(2, Ended("one"));
  ASSERT_THAT(table.All<ScenarioStarted>(), SizeIs(1));
  EXPECT_GE(table.All<ScenarioStarted>()[0].start_ns, table.now + 100'000'000);
  EXPECT_LE(table.All<ScenarioStarted>()[0].start_ns, table.now + kSecondNs);
}

TEST(FleetTogether, NothingStartsAfterAStop) {
  Running table;
  table.Say(1, Ended("one"));
  table.Tell(StopRequested{v1::DRAIN, "enough"});
  table.actions.clear();
  table.Say(2, Ended("one"));
  table.Say(2, Ended("late"));
  EXPECT_THAT(table.All<SendTo>(), IsEmpty());
  EXPECT_THAT(table.All<ScenarioStarted>(), IsEmpty());
}

TEST(FleetTogether, TheRunMayTakeAsLongAsOneAfterTheOther) {
  Running table;  // 20 s each, 3 s between, 30 s of grace each
  table.PassWithout((20 + 30 + 3 + 20 + 30) * kSecondNs);
  EXPECT_EQ(table.fleet.phase(), Phase::kRunning);
  table.PassWithout(60 * kSecondNs);
  EXPECT_NE(table.fleet.phase(), Phase::kRunning);
}

TEST(FleetTogether, WhatIsOfAnotherPlanLosesTheAgent) {
  Running table;
  table.Say(1, Ended("elsewhere"));
  EXPECT_THAT(table.All<AgentLost>(), SizeIs(1));
}

TEST(ScenarioOrder, WhoDoesNotCountAnyMoreIsNotWaitedFor) {
  ScenarioOrder order(TogetherPlan(), 3);
  EXPECT_FALSE(order.Ended(0, "nobody"));
  EXPECT_TRUE(order.Ended(0, "one"));
  order.Ended(2, "one");
  EXPECT_THAT(order.Start([](int) { return true; }, 10, 0), IsEmpty());
  const auto starts = order.Start([](int agent) { return agent != 1; }, 10, 0);
  ASSERT_THAT(starts, SizeIs(1));
  EXPECT_EQ(starts[0].at_ns, 10 + 3 * kSecondNs);
  EXPECT_THAT(order.Start([](int) { return false; }, 20, 0), IsEmpty());
  EXPECT_THAT(order.started(), SizeIs(1));
}

}  // namespace
}  // namespace rampart::controller
