#include "controller/conduct/outbox.h"

#include "gtest/gtest.h"

namespace rampart::controller {
namespace {

SendTo Stop(ConnectionId connection) {
  SendTo send{connection, {}};
  send.message.mutable_stop();
  return send;
}

TEST(Outbox, WhatWaitsComesInOrderWhenItIsDurable) {
  Outbox outbox;
  outbox.Hold(1, Stop(7));
  outbox.Hold(2, CloseConnection{7});
  outbox.Hold(4, Done{});
  EXPECT_TRUE(outbox.Actions(0).empty());
  const auto two = outbox.Actions(3);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<SendTo>(two[0]));
  EXPECT_TRUE(std::holds_alternative<CloseConnection>(two[1]));
  EXPECT_EQ(outbox.Actions(4).size(), 1u);
  EXPECT_TRUE(outbox.Actions(9).empty());
}

TEST(Outbox, DeltasAreKeptWhenTheyAreDurable) {
  Outbox outbox;
  outbox.Hold(1, DeltaKept{0, 1});
  outbox.Hold(3, DeltaKept{1, 1});
  ASSERT_EQ(outbox.Kept(2).size(), 1u);
  EXPECT_EQ(outbox.Kept(3).front().agent, 1);
}

TEST(Outbox, OnlyWhatBindsNobodyNeedNotWait) {
  SendTo reply{1, {}};
  reply.message.mutable_heartbeat();
  Outbox outbox;
  EXPECT_TRUE(outbox.MayOvertake(reply, true));
  SendTo ping{1, {}};
  ping.message.mutable_ping();
  EXPECT_TRUE(outbox.MayOvertake(ping, false));
  EXPECT_FALSE(outbox.MayOvertake(Stop(1), false));
  EXPECT_FALSE(outbox.MayOvertake(CloseConnection{1}, false));
  EXPECT_FALSE(outbox.MayOvertake(Done{}, false));
  // No agent hears a ping before its Welcome.
  EXPECT_FALSE(outbox.MayOvertake(ping, true));
  outbox.Hold(1, FleetAction(Stop(1)));
  EXPECT_FALSE(outbox.MayOvertake(ping, false));
  EXPECT_TRUE(outbox.MayOvertake(reply, false));
}

}  // namespace
}  // namespace rampart::controller
