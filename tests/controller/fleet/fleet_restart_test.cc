// What a Fleet makes of a controller that was killed, and of a journal that failed.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/controller/fleet/fleet_table.h"

namespace rampart::controller {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

v1::Hello Again(int agent) {
  v1::Hello hello = Hello(agent);
  hello.set_epoch(77);
  return hello;
}

TEST(FleetRestart, AgentsDialAgainAndAreToldWhatTheyMayHaveMissed) {
  FleetTable table;
  table.To(Phase::kRunning);
  table.Delta(1, 1);
  table.Tell(Restarted{0});
  EXPECT_EQ(table.fleet.phase(), Phase::kRunning);
  table.actions.clear();
  table.Dial(11, Again(1));
  EXPECT_THAT(table.KindsTo(11), ElementsAre(Kind::kWelcome, Kind::kStart));
  // What was given is kept: it was in the journal.
  EXPECT_EQ(table.To(11)[0].welcome().durable_sequence(), 1u);
  EXPECT_THAT(table.Failures(), IsEmpty());
}

TEST(FleetRestart, EveryAgentHasTheTimeToComeBack) {
  FleetTable table;
  table.To(Phase::kRunning);
  table.now += 30 * kSecondNs;  // nobody was there to hear them
  table.Tell(Restarted{0});
  table.Pass(10 * kSecondNs);
  EXPECT_THAT(table.Failures(), IsEmpty());
  table.Dial(11, Again(1));
  table.Pass(2 * kSecondNs);
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("agent-2 was lost")));
}

TEST(FleetRestart, APhaseThatRanOutOfTimeMeanwhileGetsSomeAgain) {
  FleetTable table;
  table.To(Phase::kPreparing);
  table.now += 100 * kSecondNs;
  table.Tell(Restarted{0});
  table.Pass(kSecondNs);
  EXPECT_THAT(table.Failures(), IsEmpty());
  table.Dial(11, Again(1));
  EXPECT_THAT(table.KindsTo(11), Contains(Kind::kPrepare));
}

TEST(FleetRestart, StreamsOfBeforeAreForgotten) {
  FleetTable table;
  table.To(Phase::kRunning);
  table.Tell(Connected{9, "peer"});
  table.Tell(Restarted{0});
  table.actions.clear();
  table.Delta(1, 1);
  v1::AgentMessage hello;
  *hello.mutable_hello() = Again(1);
  table.Say(9, hello);
  EXPECT_THAT(table.actions, IsEmpty());
}

TEST(FleetRestart, WithoutItsJournalTheRunIsAbortedAndEndsByWhatWasGiven) {
  FleetTable table;
  table.To(Phase::kRunning);
  table.Delta(1, 1);
  table.Delta(2, 1);
  table.Tell(JournalLost{"the journal failed: no space"});
  EXPECT_EQ(table.fleet.phase(), Phase::kAborting);
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("no space")));
  EXPECT_THAT(table.KindsTo(1), Contains(Kind::kStop));
  table.Delta(1, 2);
  // Nothing is ever said to be kept.
  table.actions.clear();
  table.Heartbeat(1);
  ASSERT_EQ(table.To(1).size(), 1u);
  EXPECT_EQ(table.To(1)[0].heartbeat().durable_sequence(), 0u);
  table.Drained(1, 2);
  table.Drained(2, 1);
  EXPECT_EQ(table.fleet.phase(), Phase::kTeardown);
  table.TeardownDone(1, 2);
  EXPECT_EQ(table.fleet.phase(), Phase::kFinalising);
}

TEST(FleetRestart, AJournalThatFailsBeforeTheStartEndsTheRunAtOnce) {
  FleetTable table;
  table.To(Phase::kArming);
  table.Tell(JournalLost{"no space"});
  EXPECT_EQ(table.fleet.phase(), Phase::kFinalising);
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("no space")));
}

TEST(FleetRestart, AJournalThatFailsWhenEverythingIsInCostsNothing) {
  FleetTable table;
  table.To(Phase::kFinalising);
  table.Tell(JournalLost{"no space"});
  EXPECT_THAT(table.Failures(), IsEmpty());
}

}  // namespace
}  // namespace rampart::controller
