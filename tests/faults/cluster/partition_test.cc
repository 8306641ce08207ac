// Lines between agents and their controller that are cut, one way or both, or slow and lossy. The
// lines to the target stay whole: who goes on loading is seen there.
#include <gmock/gmock.h>
#include <stdlib.h>

#include <chrono>
#include <string>
#include <thread>

#include "tests/faults/cluster/cluster.h"

namespace rampart::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr int kVictim = 3;
constexpr seconds kCut{20};

class Partition : public Cluster {
 protected:
  // Cuts as asked for kCut, and heals.
  void Run(bool up, bool down) {
    ASSERT_NO_FATAL_FAILURE(WaitForUsers());
    Line& line = network_->LineOf(kVictim);
    const std::string address = AddressOf(kVictim);
    const Time cut = Clock::now();
    line.up_cut = up;
    line.down_cut = down;
    const auto back = target().WaitFor(
        "all users with the others",
        [&](const Look& look) { return look.Sum(address).open >= kUsers; }, kCut);
    if (back) Measured("users back at 10,000 after", SecondsBetween(cut, back->at));
    std::this_thread::sleep_until(cut + kCut);
    const Look last = target().Now();
    const Time heard = last.at - milliseconds(last.Of(address).quiet_ms);
    Measured("the last message from the agent that was cut off after", SecondsBetween(cut, heard));
    EXPECT_LE(SecondsBetween(cut, heard), 12);
    EXPECT_EQ(last.Of(address).open, 0u);
    Time closed = cut;
    for (const Look& look : target().Since(cut)) {
      if (look.Of(address).open > 0) closed = look.at;
    }
    Measured("its last socket closed after", SecondsBetween(cut, closed));
    EXPECT_LE(SecondsBetween(cut, closed), 12);

    const Time healed = Clock::now();
    line.up_cut = false;
    line.down_cut = false;
    const auto there = run_->WaitFor("agent-3 is there again", seconds(20));
    ASSERT_TRUE(there) << agents_[kVictim - 1]->text();
    Measured("rejoined after healing", SecondsBetween(healed, *there));
    EXPECT_LE(SecondsBetween(healed, *there), 3);
    EXPECT_EQ(run_->Wait(), kPass) << run_->text();
    EXPECT_EQ(target().Now().users_twice, 0u);
    EXPECT_EQ(target().Now().stale_messages, 0u);
    EXPECT_EQ(target().Now().Of(address).opened, last.Of(address).opened);
    ExpectCountsAgree();
  }
};

TEST_F(Partition, BothWays) {
  if (!Join({.hold_s = 26})) GTEST_SKIP() << Network::Missing();
  Run(true, true);
}

TEST_F(Partition, FromTheControllerToAnAgent) {
  if (!Join({.hold_s = 26})) GTEST_SKIP() << Network::Missing();
  Run(false, true);
}

TEST_F(Partition, FromAnAgentToTheController) {
  if (!Join({.hold_s = 26})) GTEST_SKIP() << Network::Missing();
  Run(true, false);
}

// RAMPART_SLOW_LINE_SECONDS: instead of three minutes.
TEST_F(Partition, SlowAndLossyLinesLoseNobody) {
  if (!HaveNetwork()) GTEST_SKIP() << Network::Missing();
  const char* given = getenv("RAMPART_SLOW_LINE_SECONDS");
  for (int number = 1; number <= kAgents; ++number) {
    network_->LineOf(number).delay_ns = 100'000'000;
    network_->LineOf(number).loss = 0.02;
  }
  ASSERT_NO_FATAL_FAILURE(JoinHere({.hold_s = (given == nullptr ? 180 : std::atoi(given)) - 10}));
  ASSERT_NO_FATAL_FAILURE(WaitForUsers());
  EXPECT_EQ(run_->Wait(seconds(1'000)), kPass) << run_->text();
  EXPECT_THAT(run_->text(), Not(HasSubstr("is lost")));
  for (const auto& agent : agents_) {
    EXPECT_EQ(agent->Wait(), 0);
    EXPECT_THAT(agent->text(), Not(HasSubstr("parked")));
  }
  int suspected = 0;
  int disconnected = 0;
  std::map<std::string, std::string> states;
  ReadJournal([&](Time at, const controller::RunCore& core) {
    const int64_t now_ns = std::chrono::nanoseconds(at.time_since_epoch()).count();
    for (const controller::AgentLine& line : core.Progress(now_ns).agents) {
      std::string& state = states[line.name];
      if (state != line.state && line.state == "suspected") ++suspected;
      if (state != line.state && line.state == "disconnected") ++disconnected;
      state = line.state;
    }
  });
  Measured("agents suspected for a while", suspected, "times");
  Measured("streams that broke and came back", disconnected, "times");
  EXPECT_EQ(target().Now().users_twice, 0u);
  EXPECT_EQ(target().Now().Sum().opened, kUsers);
  ExpectCountsAgree();
}

}  // namespace
}  // namespace rampart::faults
