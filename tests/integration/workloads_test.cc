// Every built-in workload in small, on four agents, against the chat server.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/run_support.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

// The run passes, and the server counted what we counted.
void ExpectPass(const std::string& plan, std::vector<std::string> flags, bool sockets) {
  const TemporaryFile out(".json", "");
  std::vector<std::string> words = {kController, "start", "--plan",  plan,    "--demo",
                                    "--agents",  "4",     "--plain", "--out", out.path()};
  words.insert(words.end(), flags.begin(), flags.end());
  Process run(words);
  EXPECT_EQ(run.Wait(), 0) << run.text();
  ExpectTargetAgrees(Json(out.path()), sockets);
}

TEST(Workloads, WebsocketConnections) {
  ExpectPass("websocket-connections",
             {"-e", "USERS=100", "-e", "HOLD=1s..2s", "-e", "PING=300ms", "--time-scale", "0.002"},
             true);
}

// Nobody leaves before all have come, so at the peak every user has a connection; then all end.
TEST(Workloads, WebsocketConnectionsCountsWhatIsOpen) {
  const TemporaryFile out(".json", "");
  Process run({kController, "start", "--plan", "websocket-connections", "--demo", "--agents", "4",
               "--plain", "--out", out.path(), "-e", "USERS=40", "-e", "HOLD=8s", "-e",
               "PING=300ms", "--time-scale", "0.003"});
  EXPECT_EQ(run.Wait(), 0) << run.text();
  const Json summary(out.path());
  ASSERT_EQ(summary.error, simdjson::SUCCESS);
  for (const std::string metric : {"ws_active_connections", "ws_open"}) {
    EXPECT_EQ(summary.Number("/metrics/" + metric + "/values/max"), 40) << metric;
    EXPECT_EQ(summary.Number("/metrics/" + metric + "/values/value"), 0) << metric;
  }
}

TEST(Workloads, MessageThroughput) {
  ExpectPass("message-throughput",
             {"-e", "RATE=100", "-e", "DURATION=5s", "-e", "SENDERS=50", "-e", "LISTENERS=20"},
             true);
}

TEST(Workloads, ApiEndpoints) {
  ExpectPass("api-endpoints", {"-e", "USERS=20", "-e", "DURATION=4s"}, false);
}

TEST(Workloads, FileUploads) {
  ExpectPass("file-uploads",
             {"-e", "USERS=10", "-e", "DURATION=5s", "-e", "PAUSE=50ms..150ms", "-e", "VERIFY=0.5",
              "-e", "LARGE=1500KB", "-e", "HUGE=3MB"},
             false);
}

TEST(Workloads, SearchQueries) {
  ExpectPass("search-queries", {"-e", "USERS=20", "-e", "DURATION=4s", "-e", "MESSAGES=5500"},
             false);
}

TEST(Workloads, GraphqlApi) {
  ExpectPass("graphql-api", {"-e", "USERS=20", "-e", "DURATION=4s"}, false);
}

TEST(Workloads, AnyOfThemWithAProfile) {
  ExpectPass("api-endpoints",
             {"-e", "USERS=5", "--profile", "spike", "--duration", "1m", "--time-scale", "0.01"},
             false);
}

}  // namespace
}  // namespace rampart
