// What users cost that only hold a connection: bytes are counted, nothing is timed.
#include <gtest/gtest.h>
#include <malloc.h>

#include <string>

#include "agent/engine/descriptors.h"
#include "tests/support/engine_runner.h"
#include "tests/support/idle_websocket_server.h"

namespace rampart::agent {
namespace {

int64_t HeapBytes() {
  const auto heap = mallinfo2();
  return static_cast<int64_t>(heap.uordblks + heap.hblkhd);
}

// What an engine with so many idle users holds, with all that it has besides them.
int64_t BytesWith(size_t users) {
  const int64_t before = HeapBytes();
  IdleWebsocketServer server(users);
  EngineRunner runner(R"(
name: idle
scenarios:
  idle:
    load: { constant_users: { users: )" +
                      std::to_string(users) + R"(, duration: 1h } }
    steps:
      - set: { token: "'token-of-' .. user.id", room: user.id % 100, seen: "0" }
      - websocket:
          url: "ws://127.0.0.1:)" +
                      std::to_string(server.port()) + R"(/ws?token=${token}"
          hold: 1h
          ping_every: 10m
          checks: { connected: connected }
          on_open: [ { send: { text: hello } } ]
          on_message: [ { set: { seen: seen + 1 } } ]
)");
  EXPECT_TRUE(runner.engine().Arm("").ok());
  runner.Begin();
  server.Wait();
  runner.Collect();  // the thread has ended the turn in which the last one sent
  const int64_t bytes = HeapBytes() - before;
  EXPECT_EQ(runner.Count("ws_sessions"), static_cast<double>(users));
  EXPECT_TRUE(runner.errors().empty());
  runner.engine().Stop(v1::ABORT);
  server.HangUp();
  runner.Drained();
  return bytes;
}

TEST(IdleMemory, AnIdleWebsocketUserCostsLessThanTheLimit) {
  constexpr int64_t kMaxBytes = 2000;
  // Both are enough to fill what the thread keeps of a burst: that is not a user's.
  constexpr size_t kFew = 1024;
  constexpr size_t kMany = 2048;
  if (RaiseDescriptorLimit() < 3 * kMany) GTEST_SKIP() << "too few descriptors";
  const int64_t few = BytesWith(kFew);
  if (few == 0) GTEST_SKIP() << "an allocator that does not say what it gave away";
  const int64_t a_user = (BytesWith(kMany) - few) / static_cast<int64_t>(kMany - kFew);
  RecordProperty("bytes", static_cast<int>(a_user));
  EXPECT_LE(a_user, kMaxBytes);
  EXPECT_GT(a_user, kMaxBytes / 4) << "less than a user can need: is it counted?";
}

}  // namespace
}  // namespace rampart::agent
