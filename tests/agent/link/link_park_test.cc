// What a Link takes over, and how it parks and comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/link/link_table.h"

namespace rampart::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

using Table = LinkTable;

std::vector<uint64_t> Taken(const Table& table) {
  std::vector<uint64_t> numbers;
  for (const TakeShare& taken : table.All<TakeShare>()) numbers.push_back(taken.take.number());
  return numbers;
}

void Park(Table* table) {
  table->ToParked();
  ASSERT_THAT(table->All<ParkEngine>(), SizeIs(1));
}

TEST(LinkPark, TakesEachShareOnce) {
  Table table;
  table.ToRunning();
  table.Hear(ATake(1));
  table.Hear(ATake(1));
  table.Hear(ATake(2));
  EXPECT_THAT(Taken(table), ElementsAre(1, 2));
}

TEST(LinkPark, WhoHasDrainedLoadsAgainAndDrainsAgain) {
  Table table;
  table.ToRunning();
  table.Tell(EngineDrained{1});
  EXPECT_EQ(table.Sent().back().drained().takes(), 0u);
  table.Hear(ATake(1));
  EXPECT_THAT(Taken(table), ElementsAre(1));
  table.actions.clear();
  table.Tell(EngineDrained{1});  // was on its way when the share came
  EXPECT_THAT(table.Kinds(), IsEmpty());
  table.Tell(EngineDrained{2});
  ASSERT_TRUE(table.Sent().back().has_drained());
  EXPECT_EQ(table.Sent().back().drained().takes(), 1u);
}

TEST(LinkPark, NothingIsTakenAfterAStop) {
  Table table;
  table.ToRunning();
  v1::ControllerMessage stop;
  stop.mutable_stop()->set_kind(v1::DRAIN);
  table.Hear(stop);
  table.Hear(ATake(1));
  EXPECT_THAT(Taken(table), IsEmpty());
}

TEST(LinkPark, SaysThatItParkedAndTakesWhatItIsToldToOnceItsUsersHaveEnded) {
  Table table;
  Park(&table);
  table.Tell(Connected{});
  EXPECT_TRUE(table.Sent().back().hello().parked());
  table.Welcome();
  table.Hear(ATake(4));
  EXPECT_THAT(Taken(table), IsEmpty()) << "what was cut is still ending";
  table.Tell(EngineDrained{1});
  EXPECT_THAT(Taken(table), ElementsAre(4));
  table.Tell(EngineDrained{2});
  EXPECT_EQ(table.Sent().back().drained().takes(), 4u);
}

TEST(LinkPark, AWelcomeToAHelloFromBeforeItParkedIsNone) {
  Table table;
  table.ToRunning();
  table.PassAnswered(2 * kSecondNs);
  table.Tell(Disconnected{"broke"});
  table.Pass(9 * kSecondNs);
  table.Tell(Connected{});
  EXPECT_FALSE(table.Sent().back().hello().parked());
  table.Pass(kSecondNs);
  ASSERT_THAT(table.All<ParkEngine>(), SizeIs(1));
  table.actions.clear();
  table.Welcome();
  EXPECT_THAT(table.actions, IsEmpty());
  table.Tell(Connected{});
  EXPECT_TRUE(table.Sent().back().hello().parked());
}

TEST(LinkPark, AnAnswerThatComesTooLateDoesNotRenewTheLease) {
  Table table;
  table.ToRunning();
  table.Pass(100 * kMs);
  const uint64_t number = table.Sent().front().heartbeat().number();
  table.now += 11 * kSecondNs;  // the process was stopped, and wakes to a queue of messages
  v1::ControllerMessage reply;
  reply.mutable_heartbeat()->set_number(number);
  table.Hear(reply);
  EXPECT_THAT(table.All<ParkEngine>(), SizeIs(1));
}

TEST(LinkPark, OnceAllThatWasCutHasEndedItHasDrained) {
  Table table;
  Park(&table);
  table.Tell(EngineDrained{1});
  table.Tell(Connected{});
  table.Welcome();
  EXPECT_TRUE(table.Sent().back().has_drained());
}

TEST(LinkPark, TheEngineThatSawTheLeaseEndFirstParksTheLinkToo) {
  Table table;
  table.ToRunning();
  table.Tell(LeaseOver{});
  EXPECT_THAT(table.All<ParkEngine>(), SizeIs(1));
  table.Tell(LeaseOver{});
  EXPECT_THAT(table.All<ParkEngine>(), SizeIs(1));
}

}  // namespace
}  // namespace rampart::agent
