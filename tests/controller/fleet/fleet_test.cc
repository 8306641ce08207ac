// How a run goes: order, who may join, reconnects, deltas. How it ends is in fleet_end_test.
#include "controller/fleet/fleet.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/controller/fleet/fleet_table.h"

namespace rampart::controller {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Table = FleetTable;

// ---- Order ----

TEST(Fleet, GoesThroughAWholeRunInOrder) {
  Table table;
  table.Dial(1, Hello(1));
  EXPECT_EQ(table.fleet.phase(), Phase::kJoining);
  table.Dial(2, Hello(2));
  table.Ready(1);
  EXPECT_EQ(table.fleet.phase(), Phase::kPreparing);
  table.Ready(2);
  EXPECT_EQ(table.fleet.phase(), Phase::kSetup);
  table.SetupDone(1);
  EXPECT_EQ(table.fleet.phase(), Phase::kArming);
  table.Armed(2);
  table.Armed(1);
  table.Pongs();
  EXPECT_EQ(table.fleet.phase(), Phase::kRunning);
  table.Delta(1, 1);
  table.Tell(DeltaKept{0, 1});
  table.Drained(2, 0);
  table.Drained(1, 1);
  EXPECT_EQ(table.fleet.phase(), Phase::kTeardown);
  table.TeardownDone(1, 1);
  EXPECT_EQ(table.fleet.phase(), Phase::kFinalising);
  table.Goodbye(1);
  table.Goodbye(2);
  EXPECT_EQ(table.fleet.phase(), Phase::kDone);
  EXPECT_THAT(table.Failures(), IsEmpty());
  EXPECT_THAT(table.All<Done>(), SizeIs(1));

  std::vector<Kind> with_pings = {Kind::kWelcome, Kind::kPrepare, Kind::kSetup, Kind::kArm};
  with_pings.insert(with_pings.end(), ClockEstimate::kPings, Kind::kPing);
  with_pings.insert(with_pings.end(),
                    {Kind::kStart, Kind::kHeartbeat, Kind::kTeardown, Kind::kFinish});
  EXPECT_EQ(table.KindsTo(1), with_pings);
  std::vector<Phase> phases;
  for (const PhaseChanged& changed : table.All<PhaseChanged>()) phases.push_back(changed.phase);
  EXPECT_THAT(phases, ElementsAre(Phase::kJoining, Phase::kPreparing, Phase::kSetup, Phase::kArming,
                                  Phase::kArmed, Phase::kRunning, Phase::kTeardown,
                                  Phase::kFinalising, Phase::kDone));
}

TEST(Fleet, PreparesEachAgentWithItsIndexAndTheWeightsOfAll) {
  Table table;
  table.Dial(8, Hello(10, 300));  // the later name dials first
  table.Dial(9, Hello(2, 100));
  for (const auto& [connection, index] : {std::pair{9, 0u}, std::pair{8, 1u}}) {
    const v1::Prepare prepare = table.To(static_cast<ConnectionId>(connection)).at(1).prepare();
    EXPECT_EQ(prepare.assignment().agent(), index);
    EXPECT_THAT(prepare.assignment().weights(), ElementsAre(100, 300));
    EXPECT_EQ(prepare.plan_hash(), PlanHash(APlan()));
    EXPECT_EQ(prepare.seed(), 5);
    EXPECT_EQ(prepare.plan().name(), "a plan");
  }
  const auto joined = table.All<AgentJoined>();
  ASSERT_THAT(joined, SizeIs(2));
  EXPECT_EQ(joined[0].hello.name(), "agent-2");
  EXPECT_DOUBLE_EQ(joined[0].share, 0.25);
  EXPECT_DOUBLE_EQ(joined[1].share, 0.75);
}

TEST(Fleet, ShipsThePlansFilesAndTheHashAnswersForTheirContent) {
  FleetOptions options = Options();
  v1::PlanFile& file = *options.files.Add();
  file.set_name("users.csv");
  file.set_content("name\nann\n");
  const uint64_t hash = PlanHash(options.plan, options.files);
  Table table(options);
  table.Dial(1, Hello(1));
  table.Dial(2, Hello(2));
  for (const ConnectionId connection : {1, 2}) {
    const v1::Prepare prepare = table.To(connection).at(1).prepare();
    ASSERT_THAT(prepare.files(), SizeIs(1));
    EXPECT_EQ(prepare.files(0).name(), "users.csv");
    EXPECT_EQ(prepare.files(0).content(), "name\nann\n");
    EXPECT_EQ(prepare.plan_hash(), hash);
  }
  EXPECT_EQ(table.fleet.plan_hash(), hash);
  EXPECT_NE(hash, PlanHash(options.plan));
}

TEST(Fleet, StartsEveryAgentAtOneInstantOnItsOwnClock) {
  Table table;
  table.To(Phase::kArmed);
  table.Tell(Disconnected{1, "so that the ping comes again"});
  table.Dial(11, Hello(1));
  table.Dial(12, Hello(2));
  table.Pongs();
  const auto started = table.All<Started>();
  ASSERT_THAT(started, SizeIs(1));
  EXPECT_GE(started[0].start_ns, table.now + 2 * kSecondNs - 10'000'000);
  ASSERT_THAT(started[0].skew_ms, SizeIs(2));
  for (const auto& [connection, index] : {std::pair{11, 0u}, std::pair{12, 1u}}) {
    const int64_t told = table.To(static_cast<ConnectionId>(connection)).back().start().agent_ns();
    const int64_t off_ns = std::abs(told - 1000 * kSecondNs - started[0].start_ns);
    EXPECT_LE(static_cast<double>(off_ns), started[0].skew_ms[index] * 1e6);
    EXPECT_LE(started[0].skew_ms[index], 2);
  }
}

TEST(Fleet, AnswersHeartbeats) {
  Table table;
  table.To(Phase::kRunning);
  table.Heartbeat(2);
  EXPECT_THAT(table.KindsTo(2), ElementsAre(Kind::kHeartbeat));
}

// ---- Who may join ----

TEST(Fleet, RefusesThoseThatDoNotBelong) {
  Table table;
  table.Dial(1, Hello(1));
  v1::Hello hello = Hello(2);
  hello.set_protocol(v1::PROTOCOL_VERSION + 1);
  table.Dial(2, hello);
  EXPECT_THAT(WhyRefused(table, 2), HasSubstr("same build"));
  hello = Hello(1);
  hello.set_incarnation(4);
  table.Dial(3, hello);
  EXPECT_THAT(WhyRefused(table, 3), HasSubstr("another agent with the name agent-1"));
  hello = Hello(2);
  hello.set_epoch(76);
  table.Dial(4, hello);
  EXPECT_THAT(WhyRefused(table, 4), HasSubstr("another run"));
  table.Dial(5, Hello(2, 0));
  EXPECT_THAT(WhyRefused(table, 5), HasSubstr("no users"));
  table.Tell(Connected{6, "peer"});
  table.Ready(6);
  EXPECT_THAT(WhyRefused(table, 6), HasSubstr("Hello"));
  EXPECT_EQ(table.fleet.phase(), Phase::kJoining);
  EXPECT_EQ(table.fleet.joined(), 1);
  EXPECT_THAT(table.All<CloseConnection>(), SizeIs(5));
  ASSERT_THAT(table.All<JoinRefused>(), SizeIs(5));
  EXPECT_EQ(table.All<JoinRefused>()[2].who, "agent-2");
  EXPECT_EQ(table.All<JoinRefused>()[2].why, "the agent belongs to another run");
  EXPECT_EQ(table.All<JoinRefused>()[4].who, "");
  table.Dial(7, Hello(2));
  table.Dial(8, Hello(3));
  EXPECT_THAT(WhyRefused(table, 8), HasSubstr("all of its 2 agents"));
  EXPECT_THAT(table.Failures(), IsEmpty());
}

TEST(Fleet, AStreamThatSaysNothingIsEnded) {
  Table table;
  table.Tell(Connected{5, "peer"});
  table.Pass(10 * kSecondNs);
  EXPECT_THAT(WhyRefused(table, 5), HasSubstr("no Hello"));
}

TEST(Fleet, StreamsThatWaitForAHelloAreBounded) {
  Table table;
  const ConnectionId bound = 2 + Roster::kSpareConnections;
  for (ConnectionId c = 1; c <= bound + 1; ++c) table.Tell(Connected{c, "peer"});
  EXPECT_EQ(WhyRefused(table, bound), "");
  EXPECT_THAT(WhyRefused(table, bound + 1), HasSubstr("too many"));
}

TEST(Fleet, TooLittleCapacitySaysHowMuchIsMissing) {
  Table table(Options(APlan(250)));
  table.Dial(1, Hello(1, 100));
  table.Dial(2, Hello(2, 120));
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("30 are missing")));
  EXPECT_EQ(table.fleet.phase(), Phase::kFinalising);
}

TEST(Fleet, JustEnoughCapacityRuns) {
  Table table(Options(APlan(220)));
  table.Dial(1, Hello(1, 100));
  table.Dial(2, Hello(2, 120));
  EXPECT_EQ(table.fleet.phase(), Phase::kPreparing);
}

// ---- Reconnecting ----

TEST(Fleet, AnAgentThatDialsAgainIsToldWhatItHasNotAnswered) {
  const std::vector<std::pair<Phase, std::vector<Kind>>> expected = {
      {Phase::kPreparing, {Kind::kWelcome, Kind::kPrepare}},
      {Phase::kSetup, {Kind::kWelcome, Kind::kSetup}},
      {Phase::kArming, {Kind::kWelcome, Kind::kArm}},
      {Phase::kArmed, {Kind::kWelcome, Kind::kPing}},
      {Phase::kRunning, {Kind::kWelcome, Kind::kStart}},
      {Phase::kDraining, {Kind::kWelcome, Kind::kStart, Kind::kStop}},
      {Phase::kAborting, {Kind::kWelcome, Kind::kStart, Kind::kStop}},
      {Phase::kTeardown, {Kind::kWelcome, Kind::kTeardown}},
      {Phase::kFinalising, {Kind::kWelcome, Kind::kFinish}},
  };
  for (const auto& [phase, kinds] : expected) {
    SCOPED_TRACE(PhaseName(phase));
    Table table;
    table.To(phase);
    table.Tell(Disconnected{1, "broke"});
    table.Dial(11, Hello(1));
    EXPECT_EQ(table.KindsTo(11), kinds);
    EXPECT_EQ(table.fleet.phase(), phase);
    EXPECT_THAT(table.Failures(), IsEmpty());
  }
}

TEST(Fleet, AStreamThatIsReplacedIsEndedAndNotHeardAnyMore) {
  Table table;
  table.To(Phase::kRunning);
  table.Dial(11, Hello(1));  // the old one was not seen to break
  const auto closed = table.All<CloseConnection>();
  ASSERT_THAT(closed, SizeIs(1));
  EXPECT_EQ(closed[0].connection, 1u);
  table.Delta(1, 1);
  EXPECT_THAT(table.All<KeepDelta>(), IsEmpty());
  table.Tell(Disconnected{1, "broke"});
  table.Heartbeat(11);
  EXPECT_EQ(table.KindsTo(11).back(), Kind::kHeartbeat);
}

TEST(Fleet, WelcomeSaysWhatIsKept) {
  Table table;
  table.To(Phase::kRunning);
  table.Delta(1, 1);
  table.Delta(1, 2);
  table.Tell(DeltaKept{0, 1});
  table.Dial(11, Hello(1));
  EXPECT_EQ(table.To(11).front().welcome().durable_sequence(), 1u);
  EXPECT_EQ(table.To(11).front().welcome().epoch(), 77u);
  EXPECT_EQ(table.To(11).front().welcome().lease().seconds(), 10);
}

// ---- Deltas ----

TEST(Fleet, GivesEachDeltaOnceAndAcknowledgesWhatIsKept) {
  Table table;
  table.To(Phase::kRunning);
  table.Delta(1, 1);
  table.Delta(1, 2);
  table.Delta(1, 1);  // again, while its keeping is under way
  EXPECT_THAT(table.All<KeepDelta>(), SizeIs(2));
  EXPECT_THAT(table.KindsTo(1), Each(Kind::kHeartbeat)) << "the lease does not wait for a disk";
  EXPECT_EQ(table.To(1).back().heartbeat().durable_sequence(), 0u) << "not kept yet";
  table.Tell(DeltaKept{0, 2});  // and with it the first
  table.Heartbeat(1);
  EXPECT_EQ(table.To(1).back().heartbeat().durable_sequence(), 2u);
  table.Delta(1, 2);
  EXPECT_THAT(table.All<KeepDelta>(), SizeIs(2));
  EXPECT_EQ(table.To(1).back().heartbeat().durable_sequence(), 2u);
}

TEST(Fleet, AGapLosesTheAgent) {
  Table table;
  table.To(Phase::kRunning);
  table.Delta(1, 1);
  table.Delta(1, 3);
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("delta 3 came after 1")));
  ASSERT_THAT(table.All<AgentLost>(), SizeIs(1));
  EXPECT_EQ(table.All<AgentLost>()[0].agent, 0);
  EXPECT_THAT(WhyRefused(table, 1), HasSubstr("gap"));
}

TEST(Fleet, DeltasThatAreMissingAtTheEndLoseTheAgent) {
  Table table;
  table.To(Phase::kRunning);
  table.Delta(1, 1);
  table.Drained(1, 2);
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("sent 2 deltas and 1 came")));
}

TEST(Fleet, ADeltaThatCannotBeKeptLosesTheAgent) {
  Table table;
  table.To(Phase::kRunning);
  table.Delta(2, 1);
  table.Tell(DeltaRefused{1, "the disk is full"});
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("the disk is full")));
  EXPECT_EQ(table.fleet.phase(), Phase::kAborting);
}

TEST(Fleet, TheRunGoesOnOnlyWhenTheLastDeltaIsKept) {
  Table table;
  table.To(Phase::kRunning);
  table.Delta(1, 1);
  table.Drained(1, 1);
  table.Drained(2, 0);
  EXPECT_EQ(table.fleet.phase(), Phase::kRunning);
  table.Tell(DeltaKept{0, 1});
  EXPECT_EQ(table.fleet.phase(), Phase::kTeardown);
  table.Delta(1, 2);
  table.TeardownDone(1, 2);
  EXPECT_EQ(table.fleet.phase(), Phase::kTeardown);
  table.Tell(DeltaKept{0, 2});
  EXPECT_EQ(table.fleet.phase(), Phase::kFinalising);
}

TEST(Fleet, APlanWithLargeFilesGoesToAFewAgentsAtATime) {
  FleetOptions options = Options(APlan(), 5);
  v1::PlanFile* file = options.files.Add();
  file->set_name("rows.csv");
  file->set_content(std::string(100'000, 'x'));
  options.unanswered_bytes = 250'000;
  FleetTable table(options);
  const auto asked = [&table](Kind kind) {
    std::vector<ConnectionId> to;
    for (const SendTo& sent : table.All<SendTo>()) {
      if (sent.message.kind_case() == kind) to.push_back(sent.connection);
    }
    return to;
  };
  table.Tell(Tick{});
  for (int i = 1; i <= 5; ++i) table.Dial(static_cast<ConnectionId>(i), Hello(i));
  EXPECT_THAT(asked(Kind::kPrepare), ElementsAre(1, 2));
  table.Ready(2);
  EXPECT_THAT(asked(Kind::kPrepare), ElementsAre(1, 2, 3));
  // One whose stream breaks makes room, and has its turn again when it is back.
  table.Tell(Disconnected{1, "cut"});
  EXPECT_THAT(asked(Kind::kPrepare), ElementsAre(1, 2, 3, 4));
  table.Dial(11, Hello(1));
  EXPECT_THAT(asked(Kind::kPrepare), ElementsAre(1, 2, 3, 4));
  table.Ready(3);
  EXPECT_THAT(asked(Kind::kPrepare), ElementsAre(1, 2, 3, 4, 11));
  const auto pass = [&table](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      table.Heartbeat(11);
      table.PassWithout(kSecondNs, 1);
    }
  };
  // Each has the whole time.
  pass(59);
  table.Ready(11);
  EXPECT_THAT(asked(Kind::kPrepare), ElementsAre(1, 2, 3, 4, 11, 5));
  pass(10);
  table.Ready(4);
  table.Ready(5);
  EXPECT_EQ(table.fleet.phase(), Phase::kSetup);
  EXPECT_THAT(table.Failures(), IsEmpty());
  // What setup saved is small: it goes to all at once.
  table.SetupDone(11);
  EXPECT_THAT(asked(Kind::kArm), SizeIs(5));
}

}  // namespace
}  // namespace rampart::controller
