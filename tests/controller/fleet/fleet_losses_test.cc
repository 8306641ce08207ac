// How a Fleet goes on without an agent, and with one that comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/load/share.h"
#include "tests/controller/fleet/fleet_table.h"

namespace rampart::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

FleetOptions Losing(LossPolicy policy = LossPolicy::kRebalance, int agents = 3) {
  FleetOptions options = Options(APlan(), agents);
  options.loss_policy = policy;
  return options;
}

// Which of the plan's ten users a share has.
std::vector<int64_t> UsersOf(const v1::Assignment& assignment) {
  const Stripe own = ShareOf(APlan().scenarios(0).load(), *PlaceOf(assignment))->users;
  std::vector<int64_t> users;
  for (int64_t user = 0; user < 10; ++user) {
    if (own.Contains(user)) users.push_back(user);
  }
  return users;
}

TEST(FleetLosses, TheSharesOfOneWhoseProcessEndedAreDealtAtOnce) {
  FleetTable table(Losing());
  table.To(Phase::kRunning);
  table.now += 5 * kSecondNs;
  table.Tell(ProcessExited{"agent-3", "killed by SIGKILL"});
  EXPECT_THAT(table.Failures(), IsEmpty());
  EXPECT_EQ(table.fleet.phase(), Phase::kRunning);
  const auto one = table.TakesTo(1);
  const auto two = table.TakesTo(2);
  ASSERT_THAT(one, SizeIs(1));
  ASSERT_THAT(two, SizeIs(1));
  // In the agents' clocks, which are 1000 s ahead.
  const int64_t at_ns = one[0].agent_ns() - 1000 * kSecondNs;
  EXPECT_NEAR(static_cast<double>(at_ns), static_cast<double>(table.now), 3e8);
  std::vector<int64_t> all = UsersOf(one[0].assignment());
  for (const int64_t user : UsersOf(two[0].assignment())) all.push_back(user);
  std::sort(all.begin(), all.end());
  FleetTable again(Losing());
  v1::Assignment third;
  third.set_agent(2);
  for (int i = 0; i < 3; ++i) third.add_weights(100);
  EXPECT_EQ(all, UsersOf(third));
}

TEST(FleetLosses, WhoIsSilentIsSuspectedAndThenLostAndItsSharesWaitUntilItHasEnded) {
  FleetTable table(Losing());
  table.To(Phase::kRunning);
  table.Heartbeat(3);
  const int64_t heard_ns = table.now;
  table.PassWithout(4 * kSecondNs, 3);
  std::vector<std::string> states;
  for (const auto& changed : table.All<AgentStateChanged>()) {
    if (changed.agent == 2) states.push_back(changed.state);
  }
  EXPECT_THAT(states, ElementsAre("suspected"));
  table.PassWithout(8 * kSecondNs, 3);
  ASSERT_THAT(table.All<AgentLost>(), SizeIs(1));
  EXPECT_EQ(table.All<AgentLost>()[0].out_ns, heard_ns + 12 * kSecondNs);
  const auto takes = table.TakesTo(1);
  ASSERT_THAT(takes, SizeIs(1));
  EXPECT_GE(takes[0].agent_ns() - 1000 * kSecondNs + 2'000'000, heard_ns + 12 * kSecondNs);
}

TEST(FleetLosses, OneThatIsHeardAgainIsNotSuspectedAnyMore) {
  FleetTable table(Losing());
  table.To(Phase::kRunning);
  table.PassWithout(4 * kSecondNs, 3);
  table.Heartbeat(3);
  EXPECT_EQ(table.All<AgentStateChanged>().back().state, "running");
}

TEST(FleetLosses, OneThatWasSilentReturnsParkedAndHasNothingToLoad) {
  FleetTable table(Losing());
  table.To(Phase::kRunning);
  table.PassWithout(12 * kSecondNs, 3);
  ASSERT_THAT(table.All<AgentLost>(), SizeIs(1));
  EXPECT_THAT(table.KindsTo(3), testing::Not(testing::Contains(Kind::kRefused)))
      << "it may hear that late, and must not end";
  EXPECT_THAT(table.All<CloseConnection>(), SizeIs(1));
  table.actions.clear();
  v1::Hello hello = Hello(3);
  hello.set_epoch(77);
  hello.set_next_sequence(4);
  table.Dial(13, hello);
  EXPECT_THAT(WhyRefused(table, 13), HasSubstr("out of the run"))
      << "it did not say that it parked";
  hello.set_parked(true);
  table.Dial(14, hello);
  ASSERT_TRUE(table.To(14).front().has_welcome());
  EXPECT_THAT(table.All<AgentReturned>(), SizeIs(1));
  EXPECT_THAT(table.TakesTo(14), IsEmpty()) << "what it had is others', who give first";
  // What it measured meanwhile is waited for.
  table.Drained(1, 0, 2);
  table.Drained(2, 0, 2);
  EXPECT_EQ(table.fleet.phase(), Phase::kRunning);
  for (uint64_t i = 1; i <= 3; ++i) {
    table.Delta(14, i);
    table.Tell(DeltaKept{2, i});
  }
  table.Drained(14, 3, 0);
  EXPECT_EQ(table.fleet.phase(), Phase::kTeardown);
}

TEST(FleetLosses, OneThatParkedBeforeItWasLostTakesItsOwnAgain) {
  FleetTable table(Losing());
  table.To(Phase::kRunning);
  table.Tell(Disconnected{3, "broke"});
  table.PassWithout(10 * kSecondNs, 3);
  v1::Hello hello = Hello(3);
  hello.set_epoch(77);
  hello.set_next_sequence(1);
  hello.set_parked(true);
  hello.set_takes(5);
  table.actions.clear();
  table.Dial(13, hello);
  const auto takes = table.TakesTo(13);
  ASSERT_FALSE(takes.empty());
  EXPECT_EQ(takes[0].number(), 6u);
  EXPECT_EQ(takes[0].assignment().agent(), 2u);
  EXPECT_EQ(takes[0].assignment().again_size(), 0);
  table.Drained(1, 0);
  table.Drained(2, 0);
  table.Drained(13, 0, 5);  // from before
  EXPECT_EQ(table.fleet.phase(), Phase::kRunning);
  table.Drained(13, 0, 6);
  EXPECT_EQ(table.fleet.phase(), Phase::kTeardown);
}

TEST(FleetLosses, WhoLeavesInOrderHandsItsSharesOver) {
  FleetTable table(Losing());
  table.To(Phase::kRunning);
  table.Delta(3, 1);
  table.Tell(DeltaKept{2, 1});
  table.Goodbye(3, "SIGTERM", 1);
  EXPECT_THAT(table.All<AgentLost>(), IsEmpty());
  EXPECT_THAT(table.TakesTo(1), SizeIs(1));
  EXPECT_THAT(table.TakesTo(2), SizeIs(1));
}

TEST(FleetLosses, WhoLeavesWithSomethingUnsaidIsLost) {
  FleetTable table(Losing());
  table.To(Phase::kRunning);
  table.Goodbye(3, "SIGTERM", 1);
  EXPECT_THAT(table.All<AgentLost>(), SizeIs(1));
}

TEST(FleetLosses, TakesAreToldAgainOnANewStream) {
  FleetTable table(Losing());
  table.To(Phase::kRunning);
  table.Tell(ProcessExited{"agent-3", "exit status 1"});
  table.Tell(Disconnected{1, "broke"});
  table.actions.clear();
  table.Dial(11, Hello(1));
  EXPECT_THAT(table.TakesTo(11), SizeIs(1));
}

TEST(FleetLosses, ContinueGoesOnWithoutThem) {
  FleetTable table(Losing(LossPolicy::kContinue));
  table.To(Phase::kRunning);
  table.Tell(ProcessExited{"agent-3", "exit status 1"});
  EXPECT_THAT(table.TakesTo(1), IsEmpty());
  EXPECT_EQ(table.fleet.phase(), Phase::kRunning);
  table.Drained(1, 0);
  table.Drained(2, 0);
  EXPECT_EQ(table.fleet.phase(), Phase::kTeardown);
}

TEST(FleetLosses, FewerThanThereHaveToBeEndTheRun) {
  FleetOptions options = Losing();
  options.least_agents = 3;
  FleetTable table(options);
  table.To(Phase::kRunning);
  table.Tell(ProcessExited{"agent-3", "exit status 1"});
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("2 are left, fewer than the 3")));
  EXPECT_EQ(table.fleet.phase(), Phase::kAborting);
}

TEST(FleetLosses, TheLastOneEndsTheRun) {
  FleetTable table(Losing(LossPolicy::kRebalance, 1));
  table.To(Phase::kRunning);
  table.Tell(ProcessExited{"agent-1", "exit status 1"});
  EXPECT_THAT(table.Failures(), ElementsAre(HasSubstr("no agent is left")));
}

TEST(FleetLosses, OneLossAfterAnotherDealsCrumbsButNoUserTwice) {
  FleetTable table(Losing(LossPolicy::kRebalance, 4));
  table.To(Phase::kRunning);
  table.Tell(ProcessExited{"agent-4", "exit status 1"});
  table.Tell(ProcessExited{"agent-2", "exit status 1"});
  v1::Assignment own;
  for (int i = 0; i < 4; ++i) own.add_weights(100);
  std::vector<int64_t> all;
  const auto add = [&all](const v1::Assignment& share) {
    for (const int64_t user : UsersOf(share)) all.push_back(user);
  };
  for (const int agent : {0, 2}) {
    own.set_agent(static_cast<uint32_t>(agent));
    add(own);
    for (const v1::TakeShare& take : table.TakesTo(static_cast<ConnectionId>(agent + 1))) {
      add(take.assignment());
    }
  }
  std::sort(all.begin(), all.end());
  EXPECT_THAT(all, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
}

}  // namespace
}  // namespace rampart::controller
