#include "agent/link/link.h"

#include <vector>

#include "common/plan/load_plan.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/agent/link/link_table.h"

namespace rampart::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Table = LinkTable;

// ---- Joining ----

TEST(Link, DialsAtOnceAndSaysHello) {
  Table table;
  table.Tell(Tick{});
  ASSERT_THAT(table.All<Dial>(), SizeIs(1));
  EXPECT_EQ(table.All<Dial>()[0].after_ns, 0);
  table.Tell(Connected{});
  ASSERT_THAT(table.Kinds(), ElementsAre(Kind::kHello));
  const v1::Hello hello = table.Sent()[0].hello();
  EXPECT_EQ(hello.protocol(), static_cast<uint32_t>(v1::PROTOCOL_VERSION));
  EXPECT_EQ(hello.name(), "agent-1");
  EXPECT_EQ(hello.next_sequence(), 1u);
  EXPECT_EQ(hello.epoch(), 0u);
}

TEST(Link, DialsAgainLaterEachTimeUpToASecondAndSoonAfterAWelcome) {
  Table table;
  table.Tell(Tick{});
  for (int i = 0; i < 4; ++i) table.Tell(Disconnected{"refused"});
  table.Tell(Connected{});
  table.Welcome();
  table.Tell(Disconnected{"broke"});
  std::vector<int64_t> after_ms;
  for (const Dial& dial : table.All<Dial>()) after_ms.push_back(dial.after_ns / kMs);
  EXPECT_THAT(after_ms, ElementsAre(0, 200, 400, 800, 1000, 200));
}

TEST(Link, GivesUpWithTheReasonWhenNobodyLetsItIn) {
  Table table;
  table.Tell(Tick{});
  table.Tell(Disconnected{"connection refused"});
  table.Pass(59 * kSecondNs);
  EXPECT_FALSE(table.Exited());
  table.Pass(kSecondNs);
  ASSERT_TRUE(table.Exited());
  EXPECT_EQ(table.Exited()->code, 1);
  EXPECT_THAT(table.Exited()->why, HasSubstr("127.0.0.1:4711"));
}

TEST(Link, DialsAgainWhenNoWelcomeComes) {
  Table table;
  table.Tell(Tick{});
  table.Tell(Connected{});
  table.actions.clear();
  table.Pass(10 * kSecondNs);
  EXPECT_THAT(table.All<Dial>(), SizeIs(1));
}

TEST(Link, EndsWhenItIsRefused) {
  Table table;
  table.Tell(Tick{});
  table.Tell(Connected{});
  v1::ControllerMessage message;
  message.mutable_refused()->set_why("the run has all of its 2 agents");
  table.Hear(message);
  ASSERT_TRUE(table.Exited());
  EXPECT_EQ(table.Exited()->code, 1);
  EXPECT_THAT(table.Exited()->why, HasSubstr("all of its 2 agents"));
}

TEST(Link, DoesNotGoOnInAnotherRun) {
  Table table;
  table.Join();
  table.Tell(Disconnected{"broke"});
  table.Tell(Connected{});
  EXPECT_EQ(table.Sent().back().hello().epoch(), 9u);
  table.Welcome(0, 10);
  ASSERT_TRUE(table.Exited());
  EXPECT_THAT(table.Exited()->why, HasSubstr("another run"));
}

// ---- A run ----

TEST(Link, DoesWhatItIsToldInOrderAndAnswers) {
  Table table;
  table.Join();
  table.actions.clear();
  table.Prepare();
  table.Setup();
  table.Tell(SetupEnded{"", "{\"x\":1}"});
  table.Arm();
  v1::ControllerMessage ping;
  ping.mutable_ping()->set_controller_ns(55);
  table.Hear(ping);
  table.Start(table.now + 2 * kSecondNs);
  table.Tell(EngineDrained{});
  table.Teardown();
  table.Tell(TeardownEnded{"no such channel"});
  table.Finish();

  const auto sent = table.Sent();
  ASSERT_THAT(table.Kinds(),
              ElementsAre(Kind::kReady, Kind::kSetupDone, Kind::kArmed, Kind::kPong, Kind::kDelta,
                          Kind::kDrained, Kind::kDelta, Kind::kTeardownDone, Kind::kGoodbye));
  v1::Plan plan;
  plan.set_name("a plan");
  EXPECT_EQ(sent[0].ready().plan_hash(), PlanHash(plan));
  EXPECT_EQ(sent[1].setup_done().data(), "{\"x\":1}");
  EXPECT_EQ(sent[3].pong().controller_ns(), 55);
  EXPECT_EQ(sent[3].pong().agent_ns(), table.now);
  EXPECT_EQ(sent[5].drained().last_sequence(), 1u);
  EXPECT_EQ(sent[7].teardown_done().last_sequence(), 2u);
  EXPECT_EQ(sent[7].teardown_done().error(), "no such channel");
  EXPECT_THAT(table.All<MakeEngine>(), SizeIs(1));
  EXPECT_THAT(table.All<RunSetup>(), SizeIs(1));
  ASSERT_THAT(table.All<StartEngine>(), SizeIs(1));
  EXPECT_EQ(table.All<StartEngine>()[0].start_ns, table.now + 2 * kSecondNs);
  EXPECT_THAT(table.All<RunTeardown>(), SizeIs(1));
  EXPECT_EQ(table.Exited()->code, 0);
}

TEST(Link, DoesOnceWhatItIsToldTwice) {
  Table table;
  table.Join();
  for (int i = 0; i < 2; ++i) table.Prepare();
  for (int i = 0; i < 2; ++i) table.Setup();
  table.Tell(SetupEnded{"", "{}"});
  table.Setup();
  for (int i = 0; i < 2; ++i) table.Arm();
  for (int i = 0; i < 2; ++i) table.Start(table.now);
  for (int i = 0; i < 2; ++i) table.Stop(v1::DRAIN);
  table.Tell(EngineDrained{});
  for (int i = 0; i < 2; ++i) table.Teardown();
  table.Tell(TeardownEnded{});
  table.Teardown();
  EXPECT_THAT(table.All<MakeEngine>(), SizeIs(1));
  EXPECT_THAT(table.All<RunSetup>(), SizeIs(1));
  EXPECT_THAT(table.All<ArmEngine>(), SizeIs(1));
  EXPECT_THAT(table.All<StartEngine>(), SizeIs(1));
  EXPECT_THAT(table.All<StopEngine>(), SizeIs(1));
  EXPECT_THAT(table.All<RunTeardown>(), SizeIs(1));
}

TEST(Link, ADrainMayBecomeAnAbortButNotTheOtherWay) {
  Table table;
  table.ToRunning();
  table.Stop(v1::DRAIN);
  table.Stop(v1::ABORT);
  table.Stop(v1::DRAIN);
  std::vector<v1::StopKind> kinds;
  for (const StopEngine& stop : table.All<StopEngine>()) kinds.push_back(stop.kind);
  EXPECT_THAT(kinds, ElementsAre(v1::DRAIN, v1::ABORT));
}

TEST(Link, SaysWhyItCannotRunThePlan) {
  Table table;
  table.Join();
  v1::ControllerMessage message;
  message.mutable_prepare();
  table.Hear(message);
  table.Tell(EngineMade{"plan.yaml:3:1: no such function"});
  EXPECT_EQ(table.Sent().back().ready().error(), "plan.yaml:3:1: no such function");
  table.Pass(5 * kSecondNs);
  EXPECT_THAT(table.All<TakeDelta>(), IsEmpty()) << "there is no engine";
}

TEST(Link, FinishInTheMiddleOfALoadAbortsIt) {
  Table table;
  table.Join();
  table.Prepare();
  table.Setup();
  table.Finish();
  ASSERT_THAT(table.All<StopEngine>(), SizeIs(1));
  EXPECT_EQ(table.All<StopEngine>()[0].kind, v1::ABORT);
  EXPECT_EQ(table.Kinds().back(), Kind::kGoodbye);
  EXPECT_EQ(table.Exited()->code, 0);
  table.actions.clear();
  table.Pass(kSecondNs);
  EXPECT_THAT(table.actions, IsEmpty()) << "nothing after the end";
}

// ---- Deltas ----

TEST(Link, SendsADeltaASecondOfTheRunAndEmptyOnesOnlyThen) {
  Table table;
  table.Join();
  table.Prepare();
  table.PassAnswered(3 * kSecondNs);
  EXPECT_GE(table.All<TakeDelta>().size(), 3u);
  EXPECT_THAT(table.Deltas(), IsEmpty());
  table.measured.add_errors();
  table.PassAnswered(kSecondNs);
  EXPECT_THAT(table.Deltas(), ElementsAre(1));
  table.measured.Clear();
  table.Arm();
  table.Start(table.now);
  table.PassAnswered(3 * kSecondNs);
  // What was before the start is apart from its seconds.
  EXPECT_THAT(table.Deltas(), ElementsAre(1, 2, 3, 4, 5));
}

TEST(Link, SetupsErrorsAreSentBeforeItsEnd) {
  Table table;
  table.Join();
  table.Prepare();
  table.Setup();
  table.measured.add_errors();
  table.actions.clear();
  table.Tell(SetupEnded{"status was 500", ""});
  EXPECT_THAT(table.Kinds(), ElementsAre(Kind::kDelta, Kind::kSetupDone));
}

TEST(Link, SendsAgainWhatIsNotKeptAndTheLastAnswer) {
  Table table;
  table.ToRunning();
  table.PassAnswered(2 * kSecondNs);
  ASSERT_THAT(table.Deltas(), ElementsAre(1, 2, 3));
  table.Acknowledge(1);
  table.Tell(Disconnected{"broke"});
  table.actions.clear();
  table.Pass(kSecondNs);
  table.Tell(EngineDrained{});
  EXPECT_THAT(table.Kinds(), IsEmpty()) << "there is no stream";
  table.Tell(Connected{});
  EXPECT_EQ(table.Sent().back().hello().next_sequence(), 6u);
  table.Welcome(2);
  EXPECT_THAT(table.Deltas(), ElementsAre(3, 4, 5));
  EXPECT_EQ(table.Sent().back().drained().last_sequence(), 5u);
}

TEST(Link, SendsAgainAnyAnswerThatMayNotHaveCome) {
  Table table;
  table.Join();
  table.Prepare();
  table.Reconnect();
  EXPECT_EQ(table.Kinds().back(), Kind::kReady);
  table.Setup();
  table.Tell(SetupEnded{"", "{}"});
  table.Reconnect();
  EXPECT_EQ(table.Kinds().back(), Kind::kSetupDone);
  table.Arm();
  table.Reconnect();
  EXPECT_EQ(table.Kinds().back(), Kind::kArmed);
}

TEST(Link, StopsWithAReasonWhenNothingIsAcknowledged) {
  Table table;
  table.ToRunning();
  table.PassAnswered(static_cast<int64_t>(ResendBuffer::kMaxDeltas) * kSecondNs - 200 * kMs);
  EXPECT_FALSE(table.Exited());
  table.PassAnswered(2 * kSecondNs);
  ASSERT_TRUE(table.Exited());
  EXPECT_EQ(table.Deltas().size(), ResendBuffer::kMaxDeltas);
  EXPECT_EQ(table.Exited()->code, 1);
  EXPECT_THAT(table.Exited()->why, HasSubstr("not acknowledged 120 deltas"));
  EXPECT_EQ(table.All<StopEngine>().back().kind, v1::ABORT);
  EXPECT_EQ(table.Kinds().back(), Kind::kGoodbye);
}

// ---- The lease ----

TEST(Link, ParksWhenItsLeaseIsOverAndEndsAMinuteLater) {
  Table table;
  table.ToRunning();
  table.PassAnswered(30 * kSecondNs);
  table.Tell(Disconnected{"broke"});
  table.Pass(8 * kSecondNs);
  EXPECT_THAT(table.All<ParkEngine>(), SizeIs(0));
  table.Pass(2 * kSecondNs);
  EXPECT_THAT(table.All<ParkEngine>(), SizeIs(1));
  table.Tell(EngineDrained{1});
  for (int i = 0; i < 58; ++i) table.Pass(kSecondNs);
  EXPECT_FALSE(table.Exited());
  for (int i = 0; i < 3; ++i) table.Pass(kSecondNs);
  ASSERT_TRUE(table.Exited());
  EXPECT_EQ(table.Exited()->code, 1);
  EXPECT_THAT(table.Exited()->why, HasSubstr("not heard of for 10s"));
}

TEST(Link, EndsWhenItsLeaseIsOverBeforeItLoads) {
  Table table;
  table.Join();
  table.Prepare();
  table.Tell(Disconnected{"broke"});
  table.Pass(10 * kSecondNs);
  ASSERT_TRUE(table.Exited());
  EXPECT_THAT(table.Exited()->why, HasSubstr("not heard of for 10s"));
}

TEST(Link, TheLeaseRunsFromTheSendingOfWhatWasAnswered) {
  Table table;
  table.ToRunning();
  table.Pass(100 * kMs);
  ASSERT_EQ(table.Sent().front().heartbeat().number(), 1u);
  table.Pass(9 * kSecondNs);
  v1::ControllerMessage reply;
  reply.mutable_heartbeat()->set_number(1);
  table.Hear(reply);  // late: says nothing about the last 9 s
  table.Pass(900 * kMs);
  EXPECT_THAT(table.All<ParkEngine>(), SizeIs(0));
  table.Pass(100 * kMs);
  EXPECT_THAT(table.All<ParkEngine>(), SizeIs(1));
}

TEST(Link, AReconnectRenewsTheLease) {
  Table table;
  table.ToRunning();
  for (int i = 0; i < 5; ++i) {
    table.Pass(9 * kSecondNs);
    table.Acknowledge(1000);
    table.Reconnect();
  }
  EXPECT_FALSE(table.Exited());
}

// ---- Leaving ----

TEST(Link, SigtermEndsAnIdleAgentAtOnce) {
  Table table;
  table.Join();
  table.Prepare();
  table.Tell(SignalTerm{});
  EXPECT_EQ(table.Kinds().back(), Kind::kGoodbye);
  EXPECT_THAT(table.Sent().back().goodbye().why(), HasSubstr("SIGTERM"));
  EXPECT_EQ(table.Exited()->code, 0);
}

TEST(Link, SigtermDrainsAndLeavesWhenEverythingIsAcknowledged) {
  Table table;
  table.ToRunning();
  table.PassAnswered(kSecondNs);
  table.Tell(SignalTerm{});
  ASSERT_THAT(table.All<StopEngine>(), SizeIs(1));
  EXPECT_EQ(table.All<StopEngine>()[0].kind, v1::DRAIN);
  table.Tell(EngineDrained{});
  EXPECT_EQ(table.Deltas().back(), 3u);
  EXPECT_FALSE(table.Exited());
  table.Acknowledge(2);
  EXPECT_FALSE(table.Exited());
  table.Acknowledge(3);
  EXPECT_EQ(table.Kinds().back(), Kind::kGoodbye);
  ASSERT_TRUE(table.Exited());
  EXPECT_EQ(table.Exited()->code, 0);
}

TEST(Link, SigtermDoesNotWaitForever) {
  Table table;
  table.ToRunning();
  table.Tell(SignalTerm{});
  table.PassAnswered(15 * kSecondNs);
  ASSERT_THAT(table.All<StopEngine>(), SizeIs(2));
  EXPECT_EQ(table.All<StopEngine>()[1].kind, v1::ABORT);
  EXPECT_FALSE(table.Exited());
  table.PassAnswered(5 * kSecondNs);
  ASSERT_TRUE(table.Exited());
  EXPECT_EQ(table.Exited()->code, 1);
}

TEST(Link, ASecondSigtermAborts) {
  Table table;
  table.ToRunning();
  table.Tell(SignalTerm{});
  table.Tell(SignalTerm{});
  ASSERT_THAT(table.All<StopEngine>(), SizeIs(2));
  EXPECT_EQ(table.All<StopEngine>()[1].kind, v1::ABORT);
}

}  // namespace
}  // namespace rampart::agent
