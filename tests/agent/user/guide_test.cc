// The examples of docs/PLANS.md that want a server of another kind than `--demo` has: they run
// here.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "tests/support/engine_runner.h"
#include "tests/support/peer.h"

namespace rampart::agent {
namespace {

// The example with this name, with `peer` in the place of the servers that it names.
std::string Example(const std::string& name, const Peer& peer) {
  std::stringstream guide;
  guide << std::ifstream(PEERS_DIR "/../../docs/PLANS.md").rdbuf();
  const std::string text = guide.str();
  const size_t begin = text.find("name: " + name + "\n");
  EXPECT_NE(begin, std::string::npos) << name;
  if (begin == std::string::npos) return "";
  std::string plan = text.substr(begin, text.find("```", begin) - begin);
  const std::string server = "127.0.0.1:";
  for (size_t at = 0; (at = plan.find(server, at)) != std::string::npos; ++at) {
    plan.replace(at, server.size() + 4, peer.host());
  }
  return plan;
}

TEST(Guide, TheGraphqlChatRuns) {
  Peer peer(PEERS_DIR, "graphql");
  EngineRunner runner(Example("graphql-chat", peer));
  runner.Run();
  EXPECT_TRUE(runner.errors().empty());
  EXPECT_EQ(runner.Value("graphql_failed").total, 14u);
  EXPECT_EQ(runner.Value("graphql_failed").trues, 0u);
  EXPECT_EQ(runner.Value("checks").trues, runner.Value("checks").total);
}

TEST(Guide, TheGraphqlListenersHear) {
  Peer peer(PEERS_DIR, "graphql");
  EngineRunner runner(Example("graphql-listeners", peer));
  runner.Run();
  EXPECT_TRUE(runner.errors().empty());
  EXPECT_GT(runner.Count("graphql_next"), 0);
  EXPECT_EQ(runner.Value("checks").trues, runner.Value("checks").total);
}

TEST(Guide, TheEventListenersHear) {
  Peer peer(PEERS_DIR, "sse");
  EngineRunner runner(Example("sse-listeners", peer));
  runner.Run();
  EXPECT_TRUE(runner.errors().empty());
  EXPECT_GT(runner.Count("ticks"), 0);
  EXPECT_EQ(runner.Value("checks").trues, runner.Value("checks").total);
}

}  // namespace
}  // namespace rampart::agent
