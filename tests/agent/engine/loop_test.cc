#include "agent/engine/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <random>
#include <thread>

#include "agent/engine/socket.h"
#include "agent/engine/task.h"

namespace rampart::agent {
namespace {

Task<int> Sum(int n) {
  if (n == 0) co_return 0;
  co_return n + co_await Sum(n - 1);
}

Task<int> One() { co_return 1; }

TEST(Task, ReturnsValuesThroughManyLevels) {
  int result = 0;
  auto run = [](int* out) -> Task<> { *out = co_await Sum(100); };
  Spawn(run(&result));
  EXPECT_EQ(result, 5050);
}

TEST(Task, ALoopOverTasksThatNeverSuspendDoesNotGrowTheStack) {
  int64_t result = 0;
  auto run = [](int64_t* out) -> Task<> {
    for (int i = 0; i < 1'000'000; ++i) *out += co_await One();
  };
  Spawn(run(&result));
  EXPECT_EQ(result, 1'000'000);
}

Task<> Sleep(Loop& loop, int64_t deadline_ns, int number, std::vector<int>* order) {
  const Wake wake = co_await loop.SleepUntil(deadline_ns);
  EXPECT_EQ(wake, Wake::kTimeout);
  EXPECT_GE(MonotonicNow(), deadline_ns);
  order->push_back(number);
}

TEST(Loop, SleepersWakeInOrderOfTheirDeadlines) {
  Loop loop;
  std::vector<int> order;
  const int64_t now = MonotonicNow();
  const int kSleepers = 200;
  std::vector<int> numbers(kSleepers);
  for (int i = 0; i < kSleepers; ++i) numbers[static_cast<size_t>(i)] = i;
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937(7));
  for (const int i : numbers) Spawn(Sleep(loop, now + i * 1'000, i, &order));
  auto stop = [](Loop& l, int64_t at) -> Task<> {
    co_await l.SleepUntil(at);
    l.Stop();
  };
  Spawn(stop(loop, now + 1'000'000));
  loop.Run();
  ASSERT_EQ(order.size(), kSleepers);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

Task<> Wait(Loop& loop, Interrupt* interrupt, Wake* result) {
  *result = co_await loop.SleepUntil(kNever, interrupt);
  loop.Stop();
}

TEST(Loop, ASleeperThatArmsItselfInThePastLeavesOthersTheirTurn) {
  Loop loop;
  bool done = false;
  auto spin = [](Loop& l, bool* stop) -> Task<> {
    while (!*stop) co_await l.SleepUntil(MonotonicNow() - 1'000'000);
  };
  Spawn(spin(loop, &done));
  loop.Post([&] {
    done = true;
    loop.Stop();
  });
  loop.Run();
  EXPECT_TRUE(done);
}

TEST(Loop, AnInterruptEndsTheWaitItFindsAndEveryLaterOne) {
  Loop loop;
  Interrupt interrupt;
  Wake first = Wake::kReady;
  Spawn(Wait(loop, &interrupt, &first));
  interrupt.Request();
  EXPECT_EQ(first, Wake::kReady);  // not resumed inside the caller
  loop.Run();
  EXPECT_EQ(first, Wake::kInterrupted);
  Wake second = Wake::kReady;
  Spawn(Wait(loop, &interrupt, &second));
  EXPECT_EQ(second, Wake::kInterrupted);
}

TEST(Loop, PostsFromOtherThreadsRunInTheirOrder) {
  Loop loop;
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 1'000; ++i) loop.Post([&seen, i] { seen.push_back(i); });
    loop.Stop();
  });
  loop.Run();
  other.join();
  ASSERT_EQ(seen.size(), 1'000);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

// Two ends of a socket pair talk; each byte is waited for.
Task<> Echo(Socket* socket, int rounds) {
  char byte;
  for (int i = 0; i < rounds;) {
    if (socket->Receive(&byte, 1) == 1) {
      EXPECT_EQ(socket->Send(&byte, 1), 1);
      ++i;
      continue;
    }
    EXPECT_EQ(co_await socket->Readable(kNever, nullptr), Wake::kReady);
  }
}

Task<> Talk(Socket* socket, int rounds, Loop* loop) {
  for (int i = 0; i < rounds; ++i) {
    const char byte = static_cast<char>(i);
    EXPECT_EQ(socket->Send(&byte, 1), 1);
    char answer = 0;
    while (socket->Receive(&answer, 1) != 1) {
      EXPECT_EQ(co_await socket->Readable(MonotonicNow() + 10'000'000'000, nullptr), Wake::kReady);
    }
    EXPECT_EQ(answer, byte);
  }
  loop->Stop();
}

TEST(Socket, ReadinessIsNeverLost) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  Loop loop;
  Socket a(loop, ends[0]);
  Socket b(loop, ends[1]);
  Spawn(Echo(&a, 5'000));
  Spawn(Talk(&b, 5'000, &loop));
  loop.Run();
}

TEST(Socket, ADeadlineEndsAWait) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  Loop loop;
  Socket quiet(loop, ends[0]);
  Socket other(loop, ends[1]);
  Wake wake = Wake::kReady;
  auto run = [](Socket* socket, Loop* l, Wake* out) -> Task<> {
    char byte;
    EXPECT_EQ(socket->Receive(&byte, 1), -1);
    *out = co_await socket->Readable(MonotonicNow() + 1'000'000, nullptr);
    l->Stop();
  };
  Spawn(run(&quiet, &loop, &wake));
  loop.Run();
  EXPECT_EQ(wake, Wake::kTimeout);
}

}  // namespace
}  // namespace rampart::agent
