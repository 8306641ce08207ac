#include "controller/fleet/together/rendezvous_board.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rampart::controller {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// 40 users who meet at `meet`; `users` of them, 0 for all.
v1::Plan APlan(int64_t users = 0) {
  v1::Plan plan;
  v1::Scenario& scenario = *plan.add_scenarios();
  scenario.mutable_load()->mutable_constant_users()->set_users(40);
  scenario.mutable_load()->mutable_constant_users()->mutable_duration()->set_seconds(20);
  v1::Rendezvous& meet = *scenario.add_steps()->mutable_rendezvous();
  meet.set_name("meet");
  meet.set_users(users);
  return plan;
}

v1::Waiting Waiting(uint64_t opening, uint64_t users, const std::string& name = "meet") {
  v1::Waiting waiting;
  waiting.set_rendezvous(name);
  waiting.set_opening(opening);
  waiting.set_users(users);
  return waiting;
}

TEST(RendezvousBoard, OpensOnceWhenAllUsersOfAllAgentsWait) {
  RendezvousBoard board(APlan(), {1, 1});
  EXPECT_TRUE(board.Hear(0, Waiting(1, 20)));
  EXPECT_TRUE(board.Hear(1, Waiting(1, 19)));
  EXPECT_THAT(board.Open(5), IsEmpty());
  EXPECT_THAT(board.Last(), IsEmpty());
  board.Hear(1, Waiting(1, 20));
  const auto opened = board.Open(5);
  ASSERT_THAT(opened, SizeIs(1));
  EXPECT_EQ(opened[0].rendezvous, "meet");
  EXPECT_EQ(opened[0].number, 1u);
  EXPECT_EQ(opened[0].at_ns, 5);
  EXPECT_THAT(board.Open(6), IsEmpty());
  ASSERT_THAT(board.Last(), SizeIs(1));
  EXPECT_EQ(board.Last()[0].at_ns, 5);
}

TEST(RendezvousBoard, WhatIsSaidOfAnOpeningThatHappenedCountsNothing) {
  RendezvousBoard board(APlan(), {1, 1});
  board.Hear(0, Waiting(1, 20));
  board.Hear(1, Waiting(1, 20));
  EXPECT_THAT(board.Open(5), SizeIs(1));
  board.Hear(0, Waiting(1, 20));  // overtaken, or said again
  board.Hear(1, Waiting(1, 20));
  EXPECT_THAT(board.Open(6), IsEmpty());
  board.Hear(0, Waiting(2, 20));
  EXPECT_THAT(board.Open(7), IsEmpty());
  board.Hear(1, Waiting(2, 20));
  ASSERT_THAT(board.Open(8), SizeIs(1));
  EXPECT_EQ(board.Last()[0].number, 2u);
}

TEST(RendezvousBoard, WhoHasLeftIsNotCounted) {
  RendezvousBoard board(APlan(30), {1, 1});
  board.Hear(0, Waiting(1, 20));
  board.Hear(0, Waiting(1, 15));
  board.Hear(1, Waiting(1, 14));
  EXPECT_THAT(board.Open(5), IsEmpty());
  board.Hear(1, Waiting(1, 15));
  EXPECT_THAT(board.Open(5), SizeIs(1));
}

TEST(RendezvousBoard, WhatAStreamSaidEndsWithIt) {
  RendezvousBoard board(APlan(), {1, 1});
  board.Hear(0, Waiting(1, 20));
  board.Forget(0);
  board.Hear(1, Waiting(1, 20));
  EXPECT_THAT(board.Open(5), IsEmpty());
  board.Hear(0, Waiting(1, 20));
  EXPECT_THAT(board.Open(5), SizeIs(1));
}

TEST(RendezvousBoard, OfLostAgentsNobodyIsWaitedFor) {
  RendezvousBoard board(APlan(), {3, 1});
  board.Hear(1, Waiting(1, 10));
  EXPECT_THAT(board.Open(5), IsEmpty());
  board.Lose(0);
  EXPECT_THAT(board.Open(5), SizeIs(1));
}

TEST(RendezvousBoard, TheNumberOfThePlanShrinksWithTheShareThatIsLeft) {
  RendezvousBoard board(APlan(10), {3, 1});
  board.Lose(0);  // a quarter is left: 2.5 of 10
  board.Hear(1, Waiting(1, 2));
  EXPECT_THAT(board.Open(5), IsEmpty());
  board.Hear(1, Waiting(1, 3));
  EXPECT_THAT(board.Open(5), SizeIs(1));
}

TEST(RendezvousBoard, NobodyAtAllOpensNothing) {
  RendezvousBoard board(APlan(), {1});
  board.Lose(0);
  EXPECT_THAT(board.Open(5), IsEmpty());
}

TEST(RendezvousBoard, AnUnknownNameIsSaidToBe) {
  RendezvousBoard board(APlan(), {1});
  EXPECT_FALSE(board.Hear(0, Waiting(1, 40, "elsewhere")));
  EXPECT_THAT(board.Open(5), IsEmpty());
}

}  // namespace
}  // namespace rampart::controller
