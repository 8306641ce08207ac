#include "controller/conduct/event_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace rampart::controller {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::chrono::milliseconds kNone(0);

TEST(EventQueue, GivesAllThatThereIsInOrderAndThenComesBack) {
  EventQueue<std::string> queue;
  EXPECT_THAT(queue.Take(kNone), IsEmpty());
  queue.Push("a");
  queue.Push("b");
  EXPECT_THAT(queue.Take(kNone), ElementsAre("a", "b"));
  queue.Push("c");
  EXPECT_THAT(queue.Take(kNone), ElementsAre("c"));
  EXPECT_FALSE(queue.overflowed());
}

// Who handles events has time for something else, however many come meanwhile.
TEST(EventQueue, WhatComesWhileEventsAreHandledIsForTheNextTime) {
  EventQueue<int> queue;
  queue.Push(0);
  for (int round = 0; round < 10; ++round) {
    int handled = 0;
    for (const int event : queue.Take(kNone)) {
      EXPECT_EQ(event, round);
      queue.Push(event + 1);
      ++handled;
    }
    EXPECT_EQ(handled, 1);
  }
}

TEST(EventQueue, WakesWhoWaits) {
  EventQueue<int> queue;
  std::thread pusher([&queue] {
    for (int i = 0; i < 1'000; ++i) queue.Push(i);
  });
  int next = 0;
  while (next < 1'000) {
    for (const int event : queue.Take(std::chrono::milliseconds(10'000))) {
      ASSERT_EQ(event, next++);
    }
  }
  pusher.join();
}

TEST(EventQueue, SaysThatItHadNoRoom) {
  EventQueue<int> queue;
  for (size_t i = 0; i < EventQueue<int>::kMaxEvents; ++i) queue.Push(1);
  EXPECT_FALSE(queue.overflowed());
  queue.Push(2);
  EXPECT_TRUE(queue.overflowed());
  EXPECT_EQ(queue.Take(kNone).size(), EventQueue<int>::kMaxEvents);
}

}  // namespace
}  // namespace rampart::controller
