// Agents that are killed, stand still, or are told to end, with 10,000 users.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <string>

#include "tests/faults/cluster/cluster.h"

namespace rampart::faults {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

constexpr int kVictim = 2;

class LostAgents : public Cluster {
 protected:
  // Seconds from `since` until the others have all users.
  double UsersAreBack(Time since, seconds patience) {
    const std::string gone = AddressOf(kVictim);
    const auto back = target().WaitFor(
        "all users with the others",
        [&](const Look& look) { return look.Sum(gone).open >= kUsers; }, patience);
    const double took = back ? SecondsBetween(since, back->at) : 1e9;
    Measured("users back at 10,000 after", took);
    return took;
  }

  // What the report lacks is no more than the killed one did in its last two seconds.
  void ExpectOnlyTheLastSecondsAreMissing(Time killed) {
    const Look end = target().Now();
    const Look before = target().Before(killed - seconds(2));
    const std::string address = AddressOf(kVictim);
    const auto last = [&](uint64_t Look::Address::*count) {
      return static_cast<double>(end.Of(address).*count - before.Of(address).*count);
    };
    const double messages = static_cast<double>(end.Sum().received) - Ours("ws_msgs_sent");
    const double sockets = static_cast<double>(end.Sum().opened) - Ours("ws_sessions");
    Measured("messages that the target has and the report has not", messages, "");
    Measured("of the killed agent's last 2 s", last(&Look::Address::received), "");
    EXPECT_GE(messages, 0);
    EXPECT_LE(messages, last(&Look::Address::received));
    EXPECT_GE(sockets, 0);
    EXPECT_LE(sockets, last(&Look::Address::opened));
    EXPECT_EQ(end.users_twice, 0u);
    EXPECT_EQ(end.stale_messages, 0u);

    EXPECT_LT(summary().Number("/coverage"), 1);
    bool lost = false;
    EXPECT_EQ(summary().root.at_pointer("/agents/1/lost").get(lost), simdjson::SUCCESS);
    EXPECT_TRUE(lost);
    EXPECT_GT(summary().Number("/agents/1/missing_samples"), 0);
    Measured("coverage", summary().Number("/coverage"), "");
    Measured("missing, as the report says", summary().Number("/agents/1/missing_seconds"));
    EXPECT_THAT(std::string(simdjson::minify(summary().root["reasons"])),
                AllOf(HasSubstr("agent-2"), HasSubstr("its users went on with the others")));
  }
};

TEST_F(LostAgents, AKilledOneWhoseControllerSawItEnd) {
  Launch({.hold_s = 15});
  ASSERT_NO_FATAL_FAILURE(WaitForUsers());
  const Time killed = Clock::now();
  kill(LaunchedAgent(kVictim), SIGKILL);
  EXPECT_LE(UsersAreBack(killed, seconds(30)), 5);
  const int code = run_->Wait();
  EXPECT_TRUE(code == kPass || code == kInvalid) << code << run_->text();
  EXPECT_THAT(run_->text(), HasSubstr("agent-2 is lost: its process ended (killed by SIGKILL)"));
  ExpectOnlyTheLastSecondsAreMissing(killed);
}

TEST_F(LostAgents, AKilledOneThatSomebodyElseStarted) {
  if (!Join({.hold_s = 22})) GTEST_SKIP() << Network::Missing();
  ASSERT_NO_FATAL_FAILURE(WaitForUsers());
  const Time killed = Clock::now();
  agents_[kVictim - 1]->Signal(SIGKILL);
  EXPECT_LE(UsersAreBack(killed, seconds(40)), 15);
  const int code = run_->Wait();
  EXPECT_TRUE(code == kPass || code == kInvalid) << code << run_->text();
  EXPECT_THAT(run_->text(), HasSubstr("agent-2 is lost: nothing was heard of it for 11s"));
  ExpectOnlyTheLastSecondsAreMissing(killed);
}

TEST_F(LostAgents, OneThatStandsStillFor20Seconds) {
  if (!Join({.hold_s = 30})) GTEST_SKIP() << Network::Missing();
  ASSERT_NO_FATAL_FAILURE(WaitForUsers());
  LoggedProcess& victim = *agents_[kVictim - 1];
  const std::string address = AddressOf(kVictim);
  const Time stopped = Clock::now();
  victim.Signal(SIGSTOP);
  const double back = UsersAreBack(stopped, seconds(40));
  EXPECT_GT(back, 10) << "it may load within its lease";
  EXPECT_LE(back, 15);
  std::this_thread::sleep_until(stopped + seconds(20));
  const Look before = target().Now();
  const Time woken = Clock::now();
  victim.Signal(SIGCONT);
  const auto there = run_->WaitFor("agent-2 is there again", seconds(20));
  ASSERT_TRUE(there);
  Measured("heard of again after SIGCONT", SecondsBetween(woken, *there));
  EXPECT_EQ(run_->Wait(), kPass) << run_->text();
  // Its shares are the others' by now: it loads nothing, before its new lease or after.
  const Look::Address end = target().Now().Of(address);
  EXPECT_EQ(end.opened, before.Of(address).opened);
  EXPECT_EQ(end.received, before.Of(address).received);
  EXPECT_EQ(target().Now().stale_messages, 0u);
  ExpectCountsAgree();
  if (const auto suspected = FirstState("agent-2", "suspected", stopped)) {
    Measured("suspected after", SecondsBetween(stopped, *suspected));
    EXPECT_LE(SecondsBetween(stopped, *suspected), 4);
  }
  EXPECT_EQ(victim.Wait(), 0) << victim.text();
}

TEST_F(LostAgents, OneThatIsToldToEnd) {
  Launch({.hold_s = 16});
  ASSERT_NO_FATAL_FAILURE(WaitForUsers());
  const Time told = Clock::now();
  kill(LaunchedAgent(kVictim), SIGTERM);
  if (const auto gone = LaunchedAgentEnds(kVictim, seconds(40))) {
    Measured("gone after SIGTERM", SecondsBetween(told, *gone));
    EXPECT_LE(SecondsBetween(told, *gone), 20);
  }
  UsersAreBack(told, seconds(40));
  EXPECT_EQ(run_->Wait(), kPass) << run_->text();
  ExpectCountsAgree();
  EXPECT_EQ(target().Now().users_twice, 0u);
}

}  // namespace
}  // namespace rampart::faults
