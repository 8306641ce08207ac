// Agents that join while the load runs, seen from the Fleet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/load/share.h"
#include "tests/controller/fleet/fleet_table.h"

namespace rampart::controller {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

FleetOptions Joining(LossPolicy policy = LossPolicy::kRebalance) {
  FleetOptions options = Options();
  options.loss_policy = policy;
  return options;
}

class JoinTable : public FleetTable {
 public:
  explicit JoinTable(FleetOptions options = Joining()) : FleetTable(std::move(options)) {
    FleetTable::To(Phase::kRunning);
    PassWithout(5 * kSecondNs);
    actions.clear();
  }
  // Agent 3 on its own connection, as far as it goes by itself.
  void Join() {
    Dial(3, Hello(3));
    Ready(3);
    Armed(3);
    Pongs();
  }
  void Given(ConnectionId connection, uint64_t number) {
    v1::AgentMessage message;
    message.mutable_given()->set_number(number);
    Say(connection, message);
  }
  std::vector<v1::GiveShare> Gives(ConnectionId connection) const {
    std::vector<v1::GiveShare> gives;
    for (const auto& message : FleetTable::To(connection)) {
      if (message.has_give()) gives.push_back(message.give());
    }
    return gives;
  }
};

v1::Assignment OfFirst(uint32_t agent) {
  v1::Assignment share;
  share.set_agent(agent);
  share.add_weights(100);
  share.add_weights(100);
  return share;
}

// Which of sixty users.
std::vector<int64_t> UsersOf(const v1::Assignment& assignment) {
  const Stripe own = ShareOf(APlan(60).scenarios(0).load(), *PlaceOf(assignment))->users;
  std::vector<int64_t> users;
  for (int64_t user = 0; user < 60; ++user) {
    if (!own.empty() && own.Contains(user)) users.push_back(user);
  }
  return users;
}

TEST(FleetJoins, WhoComesLateIsPreparedWithNothingAndThenHasItsPartOfAll) {
  JoinTable table;
  table.Join();
  const std::vector<Kind> kinds = table.KindsTo(3);
  ASSERT_THAT(kinds, SizeIs(testing::Ge(4)));
  EXPECT_EQ(kinds[0], Kind::kWelcome);
  EXPECT_EQ(kinds[1], Kind::kPrepare);
  EXPECT_EQ(kinds[2], Kind::kArm);
  EXPECT_THAT(kinds, Contains(Kind::kStart));
  EXPECT_THAT(UsersOf(table.FleetTable::To(3)[1].prepare().assignment()), IsEmpty());
  ASSERT_THAT(table.All<AgentJoined>(), SizeIs(1));
  EXPECT_TRUE(table.All<AgentJoined>()[0].late);

  EXPECT_THAT(table.TakesTo(3), IsEmpty()) << "nothing has been given yet";
  std::vector<int64_t> all;
  for (const uint32_t agent : {0u, 1u}) {
    const auto gives = table.Gives(agent + 1);
    ASSERT_THAT(gives, SizeIs(1));
    EXPECT_EQ(gives[0].number(), 1u);
    v1::Assignment kept = OfFirst(agent);
    *kept.add_again() = gives[0].keep();
    const std::vector<int64_t> users = UsersOf(kept);
    EXPECT_NEAR(static_cast<double>(users.size()), 20, 1);
    all.insert(all.end(), users.begin(), users.end());
    table.Given(agent + 1, 1);
    table.Given(agent + 1, 1);
    ASSERT_THAT(table.TakesTo(3), SizeIs(agent + 1));
    const std::vector<int64_t> taken = UsersOf(table.TakesTo(3).back().assignment());
    all.insert(all.end(), taken.begin(), taken.end());
  }
  std::ranges::sort(all);
  std::vector<int64_t> plan(60);
  for (int64_t user = 0; user < 60; ++user) plan[static_cast<size_t>(user)] = user;
  EXPECT_EQ(all, plan) << "each user is one agent's";
}

TEST(FleetJoins, WhatALostAgentHadAndNobodyHasIsTakenInstead) {
  JoinTable table(Joining(LossPolicy::kContinue));
  table.Tell(ProcessExited{"agent-2", "killed"});
  table.actions.clear();
  table.Join();
  EXPECT_THAT(table.Gives(1), IsEmpty());
  const auto takes = table.TakesTo(3);
  ASSERT_THAT(takes, SizeIs(1));
  EXPECT_EQ(UsersOf(takes[0].assignment()), UsersOf(OfFirst(1)));
}

TEST(FleetJoins, WhatOneThatIsLostHadToGiveIsFreeWhenItHasEnded) {
  JoinTable table;
  table.Join();
  table.actions.clear();
  table.Tell(ProcessExited{"agent-2", "killed"});
  // What it gave, and its part of what it kept.
  EXPECT_THAT(table.TakesTo(3), SizeIs(2));
  EXPECT_THAT(table.TakesTo(1), SizeIs(1));
}

TEST(FleetJoins, WhoIsLostBeforeItStartedIsMissedByNobody) {
  JoinTable table;
  table.Dial(3, Hello(3));
  table.Tell(ProcessExited{"agent-3", "killed"});
  EXPECT_THAT(table.Failures(), IsEmpty());
  EXPECT_EQ(table.fleet.phase(), Phase::kRunning);
  EXPECT_THAT(table.Gives(1), IsEmpty());
  ASSERT_THAT(table.All<AgentLost>(), SizeIs(1));
  EXPECT_EQ(table.All<AgentLost>()[0].out_ns, INT64_MIN);
}

TEST(FleetJoins, WhoIsLostBeforeAllWasGivenLeavesItToAll) {
  JoinTable table;
  table.Join();
  table.actions.clear();
  table.Tell(ProcessExited{"agent-3", "killed"});
  EXPECT_THAT(table.TakesTo(1), IsEmpty()) << "it has nothing yet";
  table.Given(1, 1);
  EXPECT_THAT(table.TakesTo(1), SizeIs(1));
  EXPECT_THAT(table.TakesTo(2), SizeIs(1));
}

TEST(FleetJoins, AShareThatWasNarrowedSinceIsToldAgainAsItWas) {
  JoinTable table;
  table.Tell(ProcessExited{"agent-2", "killed"});
  const v1::Assignment told = table.TakesTo(1).at(0).assignment();
  table.Join();
  ASSERT_THAT(table.Gives(1), SizeIs(1));
  table.Tell(Disconnected{1, "broke"});
  table.actions.clear();
  v1::Hello hello = Hello(1);
  hello.set_epoch(77);
  hello.set_next_sequence(1);
  table.Dial(11, hello);
  // It may have heard of neither, and what it is to keep is kept of the whole.
  ASSERT_THAT(table.TakesTo(11), SizeIs(1));
  EXPECT_EQ(table.TakesTo(11)[0].assignment().SerializeAsString(), told.SerializeAsString());
  ASSERT_THAT(table.Gives(11), SizeIs(1));
  EXPECT_GT(table.Gives(11)[0].number(), table.TakesTo(11)[0].number());
}

TEST(FleetJoins, OneThatReturnsWithNothingHasItsPartAgain) {
  JoinTable table;
  table.PassWithout(12 * kSecondNs, 2);
  ASSERT_THAT(table.All<AgentLost>(), SizeIs(1));
  table.actions.clear();
  v1::Hello hello = Hello(2);
  hello.set_epoch(77);
  hello.set_next_sequence(1);
  hello.set_parked(true);
  table.Dial(12, hello);
  ASSERT_THAT(table.Gives(1), SizeIs(1));
  table.Given(1, table.Gives(1)[0].number());
  EXPECT_THAT(table.TakesTo(12), SizeIs(2));
}

TEST(FleetJoins, WhereRowsAreDealtOnceNobodyComesLate) {
  FleetOptions options = Joining();
  v1::Feed& feed = *options.plan.add_feeds();
  feed.set_name("accounts");
  feed.set_order(v1::UNIQUE);
  JoinTable table(options);
  table.Dial(3, Hello(3));
  EXPECT_THAT(WhyRefused(table, 3), HasSubstr("rows of the feed accounts"));
}

TEST(FleetJoins, WhoDoesNotUnderstandThePlanIsLostAlone) {
  JoinTable table;
  table.Dial(3, Hello(3));
  v1::AgentMessage message;
  message.mutable_ready()->set_error("no such thing");
  table.Say(3, message);
  EXPECT_THAT(WhyRefused(table, 3), HasSubstr("no such thing"));
  EXPECT_THAT(table.Failures(), IsEmpty());
}

}  // namespace
}  // namespace rampart::controller
