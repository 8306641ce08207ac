// What `./dev bench million` does, in small: a server of several processes, agents with source
// addresses of their own, and counts that are equal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/integration/run_support.h"
#include "tests/support/chat_server.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

TEST(Million, InSmallCountsOfManyProcessesOnBothSidesAreEqual) {
  const ChatServer chat(kChat, {"--processes", "3", "--allow-user-header"});
  const TemporaryFile out(".json", "");
  Process run({kController,
               "start",
               "--plan",
               SOURCE_DIR "/tests/bench/million.yaml",
               "--agents",
               "3",
               "--sources",
               "127.1.0.0/28",
               "--plain",
               "--out",
               out.path(),
               "-e",
               "WS_URL=" + chat.websocket(),
               "-e",
               "USERS=60",
               "-e",
               "RAMP=1",
               "-e",
               "HOLD=1",
               "-e",
               "EVERY=300ms..600ms"});
  EXPECT_EQ(run.Wait(), 0) << run.text();
  const Json summary(out.path());
  const auto counted = [&](const std::string& metric, const std::string& value = "count") {
    return static_cast<uint64_t>(summary.Number("/metrics/" + metric + "/values/" + value));
  };
  EXPECT_EQ(counted("ws_sessions"), 60u);
  EXPECT_EQ(counted("vus", "max"), 60u);
  EXPECT_EQ(chat.Count("ws_connections_opened"), 60u);
  EXPECT_EQ(chat.Count("ws_connections_peak"), 60u);
  EXPECT_GT(counted("ws_msgs_sent"), 60u);
  EXPECT_EQ(chat.Count("ws_messages_received"), counted("ws_msgs_sent"));
  EXPECT_EQ(chat.Count("ws_messages_sent"), counted("ws_msgs_received"));
  EXPECT_EQ(counted("ws_msgs_sent"), counted("ws_msgs_received"));
}

}  // namespace
}  // namespace rampart
