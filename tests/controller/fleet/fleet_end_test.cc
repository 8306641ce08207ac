// How a run ends: lost agents, refusals, stops, timeouts.
#include <string>
#include <vector>

#include "controller/fleet/fleet.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/controller/fleet/fleet_table.h"

namespace rampart::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Table = FleetTable;

// ---- Losing agents ----

TEST(Fleet, ASilentAgentIsLostAndTheOthersAreStoppedAndHeard) {
  Table table;
  table.To(Phase::kRunning);
  table.PassWithout(10 * kSecondNs, 2);
  EXPECT_THAT(table.Failures(), IsEmpty());
  table.PassWithout(kSecondNs, 2);
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("agent-2 was lost: nothing was heard")));
  EXPECT_EQ(table.fleet.phase(), Phase::kAborting);
  EXPECT_EQ(table.To(1).back().stop().kind(), v1::ABORT);
  table.Delta(1, 1);
  EXPECT_THAT(table.All<KeepDelta>(), SizeIs(1)) << "the last one of the others";
  table.Tell(DeltaKept{0, 1});
  table.Drained(1, 1);
  EXPECT_EQ(table.fleet.phase(), Phase::kTeardown);
  table.TeardownDone(1, 1);
  table.Goodbye(1);
  EXPECT_EQ(table.fleet.phase(), Phase::kDone);
}

TEST(Fleet, AnAgentThatIsLostMayNotComeBack) {
  Table table;
  table.To(Phase::kRunning);
  table.PassWithout(11 * kSecondNs, 2);
  table.Dial(12, Hello(2));
  EXPECT_THAT(WhyRefused(table, 12), HasSubstr("out of the run: nothing was heard"));
}

TEST(Fleet, AProcessThatEndsFailsTheRunWhateverThePhase) {
  for (const Phase phase :
       {Phase::kPreparing, Phase::kSetup, Phase::kArming, Phase::kArmed, Phase::kRunning,
        Phase::kDraining, Phase::kAborting, Phase::kTeardown}) {
    SCOPED_TRACE(PhaseName(phase));
    Table table;
    table.To(phase);
    table.Tell(ProcessExited{"agent-2", "killed by SIGKILL"});
    EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("killed by SIGKILL")));
    EXPECT_THAT(table.All<AgentLost>(), SizeIs(1));
    EXPECT_EQ(table.fleet.phase(), phase < Phase::kRunning     ? Phase::kFinalising
                                   : phase == Phase::kTeardown ? Phase::kTeardown
                                                               : Phase::kAborting);
  }
}

TEST(Fleet, AProcessThatEndsBeforeItJoinedFailsTheRun) {
  Table table;
  table.Dial(1, Hello(1));
  table.Tell(ProcessExited{"agent-2", "exit status 104"});
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("agent-2 did not join")));
  EXPECT_EQ(table.KindsTo(1).back(), Kind::kFinish);
}

TEST(Fleet, AProcessThatEndsAfterFinishIsNoLoss) {
  Table table;
  table.To(Phase::kFinalising);
  table.Tell(ProcessExited{"agent-1", "exit status 0"});
  table.Tell(ProcessExited{"agent-2", "exit status 0"});
  EXPECT_EQ(table.fleet.phase(), Phase::kDone);
  EXPECT_THAT(table.Failures(), IsEmpty());
}

TEST(Fleet, AGoodbyeBeforeTheEndIsALossWithItsReason) {
  Table table;
  table.To(Phase::kRunning);
  table.Goodbye(2, "it was asked to end (SIGTERM)");
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("SIGTERM")));
}

TEST(Fleet, TeardownIsRunByAnotherWhenTheFirstIsLost) {
  Table table;
  table.To(Phase::kRunning);
  table.Tell(ProcessExited{"agent-1", "exit status 1"});
  table.Drained(2, 0);
  EXPECT_EQ(table.KindsTo(2).back(), Kind::kTeardown);
}

TEST(Fleet, WithNobodyLeftTeardownFailsAndTheRunEnds) {
  Table table;
  table.To(Phase::kRunning);
  table.Tell(ProcessExited{"agent-1", "exit status 1"});
  table.Tell(ProcessExited{"agent-2", "exit status 1"});
  EXPECT_THAT(table.All<TeardownFailed>(), SizeIs(1));
  EXPECT_EQ(table.fleet.phase(), Phase::kDone);
}

// ---- What agents refuse ----

TEST(Fleet, AnAgentThatCannotRunThePlanFailsTheRun) {
  Table table;
  table.To(Phase::kPreparing);
  v1::AgentMessage message;
  message.mutable_ready()->set_error("plan.yaml:3:1: no such function");
  table.Say(2, message);
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("agent-2 cannot run the plan: plan.yaml")));
  EXPECT_EQ(table.KindsTo(1).back(), Kind::kFinish);
}

TEST(Fleet, AnotherPlanHashFailsTheRun) {
  Table table;
  table.To(Phase::kPreparing);
  v1::AgentMessage message;
  message.mutable_ready()->set_plan_hash(1);
  table.Say(2, message);
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("another plan")));
}

TEST(Fleet, AFailedSetupFailsTheRun) {
  Table table;
  table.To(Phase::kSetup);
  v1::AgentMessage message;
  message.mutable_setup_done()->set_error("status was 500");
  table.Say(1, message);
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("setup failed: status was 500")));
  EXPECT_EQ(table.fleet.phase(), Phase::kFinalising);
}

TEST(Fleet, SetupIsSkippedWithoutOne) {
  v1::Plan plan = APlan();
  plan.clear_setup();
  Table table(Options(plan));
  table.To(Phase::kPreparing);
  table.Ready(1);
  table.Ready(2);
  EXPECT_EQ(table.fleet.phase(), Phase::kArming);
  EXPECT_EQ(table.To(2).back().arm().setup_data(), "");
}

TEST(Fleet, SetupsDataReachesEveryAgent) {
  Table table;
  table.To(Phase::kSetup);
  table.SetupDone(1);
  EXPECT_EQ(table.To(1).back().arm().setup_data(), "{\"x\":1}");
  EXPECT_EQ(table.To(2).back().arm().setup_data(), "{\"x\":1}");
}

TEST(Fleet, AFailedTeardownIsSaidButTheRunStands) {
  Table table;
  table.To(Phase::kTeardown);
  table.TeardownDone(1, 0, "status was 404");
  ASSERT_THAT(table.All<TeardownFailed>(), SizeIs(1));
  EXPECT_EQ(table.All<TeardownFailed>()[0].why, "status was 404");
  EXPECT_THAT(table.Failures(), IsEmpty());
}

// ---- Stopping ----

TEST(Fleet, AStopBeforeTheStartGoesStraightToFinish) {
  for (const Phase phase :
       {Phase::kJoining, Phase::kPreparing, Phase::kSetup, Phase::kArming, Phase::kArmed}) {
    SCOPED_TRACE(PhaseName(phase));
    Table table;
    table.To(phase);
    table.Tell(StopRequested{v1::DRAIN, "enough"});
    if (phase == Phase::kJoining) {
      EXPECT_EQ(table.fleet.phase(), Phase::kDone);
      continue;
    }
    EXPECT_EQ(table.fleet.phase(), Phase::kFinalising);
    EXPECT_EQ(table.KindsTo(2).back(), Kind::kFinish);
    table.Goodbye(1);
    table.Goodbye(2);
    EXPECT_EQ(table.fleet.phase(), Phase::kDone);
    EXPECT_THAT(table.Failures(), IsEmpty());
  }
}

TEST(Fleet, ASecondStopAbortsAndAThirdCutsTeardownShort) {
  Table table;
  table.To(Phase::kRunning);
  table.Tell(StopRequested{v1::DRAIN, "enough"});
  EXPECT_EQ(table.To(1).back().stop().kind(), v1::DRAIN);
  EXPECT_EQ(table.To(1).back().stop().why(), "enough");
  table.Drained(2, 0);
  table.Tell(StopRequested{v1::ABORT, "now"});
  EXPECT_EQ(table.To(1).back().stop().kind(), v1::ABORT);
  EXPECT_THAT(table.KindsTo(2), ElementsAre(Kind::kStop)) << "it has ended already";
  table.Drained(1, 0);
  EXPECT_EQ(table.fleet.phase(), Phase::kTeardown);
  table.Tell(StopRequested{v1::ABORT, "now!"});
  EXPECT_THAT(table.All<TeardownFailed>(), SizeIs(1));
  EXPECT_EQ(table.fleet.phase(), Phase::kFinalising);
  EXPECT_THAT(table.Failures(), IsEmpty());
}

// ---- Timeouts ----

TEST(Fleet, NoPhaseLastsForeverThoughAgentsLive) {
  const std::vector<std::pair<Phase, std::string>> fails = {
      {Phase::kPreparing, "not ready"},      {Phase::kSetup, "setup did not end"},
      {Phase::kArming, "not armed"},         {Phase::kArmed, "clock"},
      {Phase::kRunning, "load did not end"}, {Phase::kAborting, "of the abort"},
  };
  for (const auto& [phase, why] : fails) {
    SCOPED_TRACE(PhaseName(phase));
    Table table;
    table.To(phase);
    for (int s = 0; s < 1200 && table.fleet.phase() != Phase::kDone; ++s) {
      table.PassWithout(kSecondNs);
    }
    EXPECT_EQ(table.fleet.phase(), Phase::kDone);
    ASSERT_FALSE(table.Failures().empty());
    EXPECT_THAT(table.Failures().front(), HasSubstr(why));
  }
}

TEST(Fleet, JoiningEndsWithWhoIsThere) {
  Table table(Options(APlan(), 3));
  table.Dial(1, Hello(1));
  table.PassWithout(60 * kSecondNs);
  EXPECT_THAT(table.Failures(), ElementsAre("only 1 of 3 agents joined within 1m (agent-1)"));
}

TEST(Fleet, ADrainThatTakesTooLongBecomesAnAbort) {
  Table table;
  table.To(Phase::kDraining);
  table.PassWithout(44 * kSecondNs);  // 30 s of graceful stop, 15 s on top
  EXPECT_EQ(table.fleet.phase(), Phase::kDraining);
  table.PassWithout(kSecondNs);
  EXPECT_EQ(table.fleet.phase(), Phase::kAborting);
  EXPECT_THAT(table.Failures(), IsEmpty());
}

TEST(Fleet, TeardownThatTakesTooLongIsSaid) {
  Table table;
  table.To(Phase::kTeardown);
  table.PassWithout(120 * kSecondNs);
  EXPECT_THAT(table.All<TeardownFailed>(), SizeIs(1));
  EXPECT_EQ(table.fleet.phase(), Phase::kFinalising);
}

TEST(Fleet, AgentsThatDoNotSayGoodbyeAreNotWaitedForLong) {
  Table table;
  table.To(Phase::kFinalising);
  table.Pass(5 * kSecondNs);
  EXPECT_EQ(table.fleet.phase(), Phase::kDone);
  EXPECT_THAT(table.All<CloseConnection>(), SizeIs(2));
  EXPECT_THAT(table.Failures(), IsEmpty());
}

}  // namespace
}  // namespace rampart::controller
