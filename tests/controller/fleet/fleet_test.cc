#include "controller/fleet/fleet.h"

#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

#include "common/plan/load_plan.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rampart::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = v1::ControllerMessage::KindCase;

v1::Plan APlan(int64_t users = 10) {
  v1::Plan plan;
  plan.set_name("a plan");
  plan.add_setup();
  plan.add_teardown();
  auto& load = *plan.add_scenarios()->mutable_load()->mutable_constant_users();
  load.set_users(users);
  load.mutable_duration()->set_seconds(20);
  return plan;
}

FleetOptions Options(v1::Plan plan = APlan(), int agents = 2) {
  FleetOptions options;
  options.agents = agents;
  options.plan = std::move(plan);
  options.epoch = 77;
  options.seed = 5;
  return options;
}

v1::Hello Hello(int agent, uint64_t capacity = 100) {
  v1::Hello hello;
  hello.set_protocol(v1::PROTOCOL_VERSION);
  hello.set_name("agent-" + std::to_string(agent));
  hello.set_incarnation(1000 + static_cast<uint64_t>(agent));
  hello.set_capacity(capacity);
  return hello;
}

// A Fleet whose agents say what a test lets them say. Agent n dials connection n.
class Table {
 public:
  explicit Table(FleetOptions options = Options())
      : fleet(options), agents_(options.agents), hash_(PlanHash(options.plan)) {}

  void Tell(const FleetEvent& event) {
    for (FleetAction& action : fleet.Step(event, now)) actions.push_back(std::move(action));
  }
  void Say(ConnectionId connection, const v1::AgentMessage& message) {
    Tell(Received{connection, message});
  }
  void Dial(ConnectionId connection, const v1::Hello& hello) {
    Tell(Connected{connection, "peer"});
    v1::AgentMessage message;
    *message.mutable_hello() = hello;
    Say(connection, message);
  }
  void Ready(ConnectionId connection) {
    v1::AgentMessage message;
    message.mutable_ready()->set_plan_hash(hash_);
    Say(connection, message);
  }
  void SetupDone(ConnectionId connection) {
    v1::AgentMessage message;
    message.mutable_setup_done()->set_data("{\"x\":1}");
    Say(connection, message);
  }
  void Armed(ConnectionId connection) {
    v1::AgentMessage message;
    message.mutable_armed();
    Say(connection, message);
  }
  // Answers every ping that was sent, on a clock that is 1000 s ahead, after 2 ms.
  void Pongs() {
    for (size_t i = 0; i < actions.size(); ++i) {
      const auto* sent = std::get_if<SendTo>(&actions[i]);
      if (sent == nullptr || !sent->message.has_ping()) continue;
      v1::AgentMessage message;
      message.mutable_pong()->set_controller_ns(sent->message.ping().controller_ns());
      message.mutable_pong()->set_agent_ns(now + 1'000'000 + 1000 * kSecondNs);
      now += 2'000'000;
      Say(sent->connection, message);
    }
  }
  void Delta(ConnectionId connection, uint64_t sequence) {
    v1::AgentMessage message;
    message.mutable_delta()->set_sequence(sequence);
    Say(connection, message);
  }
  void Drained(ConnectionId connection, uint64_t last) {
    v1::AgentMessage message;
    message.mutable_drained()->set_last_sequence(last);
    Say(connection, message);
  }
  void TeardownDone(ConnectionId connection, uint64_t last, const std::string& error = "") {
    v1::AgentMessage message;
    message.mutable_teardown_done()->set_last_sequence(last);
    message.mutable_teardown_done()->set_error(error);
    Say(connection, message);
  }
  void Goodbye(ConnectionId connection, const std::string& why = "bye") {
    v1::AgentMessage message;
    message.mutable_goodbye()->set_why(why);
    Say(connection, message);
  }
  void Heartbeat(ConnectionId connection) {
    v1::AgentMessage message;
    message.mutable_heartbeat()->set_number(1);
    Say(connection, message);
  }
  void Pass(int64_t ns) {
    now += ns;
    Tell(Tick{});
  }
  // Time passes, and every agent is heard of, but for those.
  void PassWithout(int64_t ns, ConnectionId silent = 0) {
    for (const int64_t end = now + ns; now < end;) {
      now += kSecondNs;
      for (int i = 1; i <= agents_; ++i) {
        if (static_cast<ConnectionId>(i) != silent) Heartbeat(static_cast<ConnectionId>(i));
      }
      Tell(Tick{});
    }
  }

  // As far as that, with nothing amiss; then forgets what was done.
  void To(Phase phase) {
    const auto all = [this](auto what) {
      for (int i = 1; i <= agents_; ++i) what(static_cast<ConnectionId>(i));
    };
    Tell(Tick{});
    if (phase >= Phase::kPreparing) all([this](auto c) { Dial(c, Hello(static_cast<int>(c))); });
    if (phase >= Phase::kSetup) all([this](auto c) { Ready(c); });
    if (phase >= Phase::kArming) SetupDone(1);
    if (phase >= Phase::kArmed) all([this](auto c) { Armed(c); });
    if (phase >= Phase::kRunning) Pongs();
    if (phase == Phase::kDraining) Tell(StopRequested{v1::DRAIN, "enough"});
    if (phase == Phase::kAborting) Tell(StopRequested{v1::ABORT, "at once"});
    if (phase >= Phase::kTeardown) all([this](auto c) { Drained(c, 0); });
    if (phase >= Phase::kFinalising) TeardownDone(1, 0);
    ASSERT_EQ(fleet.phase(), phase);
    actions.clear();
  }

  // Of what was done since the last To.
  template <typename Action>
  std::vector<Action> All() const {
    std::vector<Action> found;
    for (const FleetAction& action : actions) {
      if (const auto* one = std::get_if<Action>(&action)) found.push_back(*one);
    }
    return found;
  }
  std::vector<v1::ControllerMessage> To(ConnectionId connection) const {
    std::vector<v1::ControllerMessage> found;
    for (const SendTo& sent : All<SendTo>()) {
      if (sent.connection == connection) found.push_back(sent.message);
    }
    return found;
  }
  std::vector<Kind> KindsTo(ConnectionId connection) const {
    std::vector<Kind> kinds;
    for (const auto& message : To(connection)) kinds.push_back(message.kind_case());
    return kinds;
  }
  std::vector<std::string> Failures() const {
    std::vector<std::string> whys;
    for (const RunFailed& failed : All<RunFailed>()) whys.push_back(failed.why);
    return whys;
  }

  Fleet fleet;
  int64_t now = kSecondNs;
  std::vector<FleetAction> actions;

 private:
  const int agents_;
  const uint64_t hash_;
};

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
                    {Kind::kStart, Kind::kAcknowledge, Kind::kTeardown, Kind::kFinish});
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

std::string WhyRefused(const Table& table, ConnectionId connection) {
  const auto sent = table.To(connection);
  return sent.empty() || !sent.back().has_refused() ? "" : sent.back().refused().why();
}

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
  EXPECT_THAT(table.KindsTo(1), IsEmpty()) << "not kept yet";
  table.Tell(DeltaKept{0, 2});  // and with it the first
  ASSERT_THAT(table.KindsTo(1), ElementsAre(Kind::kAcknowledge));
  EXPECT_EQ(table.To(1).back().acknowledge().sequence(), 2u);
  table.Delta(1, 2);
  EXPECT_THAT(table.All<KeepDelta>(), SizeIs(2));
  EXPECT_THAT(table.KindsTo(1), ElementsAre(Kind::kAcknowledge, Kind::kAcknowledge));
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
