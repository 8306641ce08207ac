// What a Link gives away, and loads that are changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/link/link_table.h"

namespace rampart::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

using Table = LinkTable;

v1::ControllerMessage AGive(uint64_t number) {
  v1::ControllerMessage message;
  message.mutable_give()->set_number(number);
  message.mutable_give()->mutable_keep()->add_weights(1);
  return message;
}

v1::ControllerMessage APause(uint64_t number) {
  v1::ControllerMessage message;
  message.mutable_change()->set_number(number);
  message.mutable_change()->mutable_pause();
  return message;
}

std::vector<uint64_t> Given(const Table& table) {
  std::vector<uint64_t> numbers;
  for (const v1::AgentMessage& message : table.Sent()) {
    if (message.has_given()) numbers.push_back(message.given().number());
  }
  return numbers;
}

TEST(LinkChange, EachChangeIsMadeOnce) {
  Table table;
  table.ToRunning();
  table.Hear(APause(1));
  table.Hear(APause(1));
  table.Hear(APause(2));
  EXPECT_THAT(table.All<ChangeLoad>(), SizeIs(2));
}

TEST(LinkChange, NothingIsChangedBeforeTheStartOrAfterAStop) {
  Table table;
  table.Join();
  table.Hear(APause(1));
  EXPECT_THAT(table.All<ChangeLoad>(), IsEmpty());
}

TEST(LinkChange, WhatWasGivenIsSaidWhenItHasEndedAndAgainOnEveryStream) {
  Table table;
  table.ToRunning();
  table.Hear(AGive(1));
  table.Hear(AGive(1));
  EXPECT_THAT(table.All<GiveShare>(), SizeIs(1));
  EXPECT_THAT(Given(table), IsEmpty());
  table.Tell(EngineGave{1});
  EXPECT_THAT(Given(table), ElementsAre(1));
  table.Reconnect();
  EXPECT_THAT(Given(table), ElementsAre(1));
}

TEST(LinkChange, WhoHasDrainedSaysSoAgainWithTheNewNumber) {
  Table table;
  table.ToRunning();
  table.Tell(EngineDrained{1});
  table.actions.clear();
  table.Hear(AGive(1));
  ASSERT_THAT(table.All<GiveShare>(), SizeIs(1));
  ASSERT_THAT(table.Sent(), SizeIs(1));
  EXPECT_EQ(table.Sent()[0].drained().takes(), 1u);
}

TEST(LinkChange, AfterParkingItIsDoneInItsTurnWhenWhatWasCutHasEnded) {
  Table table;
  table.ToParked();
  ASSERT_THAT(table.All<ParkEngine>(), SizeIs(1));
  table.actions.clear();
  table.Tell(Connected{});
  table.Welcome();
  table.Hear(ATake(1));
  table.Hear(AGive(2));
  EXPECT_THAT(table.All<TakeShare>(), IsEmpty());
  EXPECT_THAT(table.All<GiveShare>(), IsEmpty());
  table.Tell(EngineDrained{1});
  EXPECT_THAT(table.All<TakeShare>(), SizeIs(1));
  EXPECT_THAT(table.All<GiveShare>(), SizeIs(1));
}

}  // namespace
}  // namespace rampart::agent
