// The main job with real processes: a controller, its agents and the chat server, whose own counts
// say whether ours are right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "tests/integration/run_support.h"
#include "tests/support/chat_server.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(MainJob, SmokePassesAndTheTargetCountedTheSame) {
  const TemporaryFile out(".json", "");
  Process run({kController, "start", "--plan", "smoke", "--demo", "--agents", "2", "-e",
               "DURATION=3s", "--out", out.path()});
  EXPECT_EQ(run.Wait(), 0) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("PASS"));
  ExpectTargetAgrees(Json(out.path()));
}

TEST(MainJob, ScalabilityOnFourAgentsInSmall) {
  const TemporaryFile out(".json", "");
  // 95 minutes become 11 s.
  Process run({kController, "start", "--plan", "scalability", "--demo", "--agents", "4", "-e",
               "USERS=200", "-e", "CHANNELS=5", "-e", "HOLD=11s..12s", "--time-scale", "0.002",
               "--out", out.path()});
  EXPECT_EQ(run.Wait(), 0) << run.text();
  const Json summary(out.path());
  ExpectTargetAgrees(summary);
  EXPECT_EQ(summary.Number("/metrics/vus/values/max"), 200) << run.text();
}

TEST(MainJob, ATargetThatDiesMidRunIsClassifiedErrorsAndFailedThresholds) {
  ChatServer chat(kChat);
  Process run({kController, "start", "--plan", "smoke", "--agents", "2", "-e", "DURATION=8s", "-e",
               "API_URL=" + chat.http(), "-e", "WS_URL=" + chat.websocket(), "--plain"});
  ASSERT_TRUE(chat.WaitForCount("ws_connections_opened", 1));
  chat.process().Signal(SIGKILL);
  EXPECT_EQ(run.Wait(), 99) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("connection_refused"));
  EXPECT_THAT(run.text(), HasSubstr("FAIL"));
}

TEST(MainJob, ALostAgentMakesTheRunInvalidWhereThePolicySaysSo) {
  ChatServer chat(kChat);
  const TemporaryFile out(".json", "");
  Process run({kController, "start", "--plan", "smoke", "--agents", "3", "--loss-policy", "abort",
               "-e", "DURATION=60s", "-e", "API_URL=" + chat.http(), "-e",
               "WS_URL=" + chat.websocket(), "--plain", "--out", out.path()});
  ASSERT_TRUE(chat.WaitForCount("ws_connections_opened", 3));
  // The children of the controller are its agents.
  const std::string children =
      "/proc/" + std::to_string(run.pid()) + "/task/" + std::to_string(run.pid()) + "/children";
  int victim = 0;
  std::ifstream(children) >> victim;
  ASSERT_GT(victim, 0);
  kill(victim, SIGKILL);
  EXPECT_EQ(run.Wait(), 113) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("INVALID"));
  EXPECT_THAT(run.text(), HasSubstr("killed by SIGKILL"));
  EXPECT_EQ(Json(out.path()).Number("/exit_code"), 113);
}

TEST(MainJob, CtrlCDrainsAndReports) {
  ChatServer chat(kChat);
  Process run({kController, "start", "--plan", "smoke", "--agents", "2", "-e", "DURATION=1h", "-e",
               "API_URL=" + chat.http(), "-e", "WS_URL=" + chat.websocket(), "--plain"});
  ASSERT_TRUE(chat.WaitForCount("ws_connections_opened", 1));
  run.Signal(SIGINT);
  EXPECT_EQ(run.Wait(), 105) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("ABORTED"));
  EXPECT_THAT(run.text(), HasSubstr("THRESHOLDS"));
}

TEST(MainJob, AThresholdThatAbortsEndsTheRunEarly) {
  const TemporaryFile plan(".yaml", R"(
name: hopeless
scenarios:
  one:
    load: { constant_users: { users: 2, duration: 1h } }
    steps: [ { sleep: 100ms } ]
thresholds:
  iteration_duration:
    - { expression: "max<1", abort_on_fail: true }
)");
  Process run({kController, "start", "--plan", plan.path(), "--agents", "2", "--plain"});
  EXPECT_EQ(run.Wait(), 99) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("aborting"));
}

TEST(MainJob, AThresholdWithoutDataIsNoPass) {
  const TemporaryFile plan(".yaml", R"(
name: silent
scenarios:
  one:
    load: { iterations_per_user: { users: 1, iterations: 1 } }
    steps: [ { sleep: 1ms } ]
thresholds: { http_req_duration: p(95)<100 }
)");
  Process run({kController, "start", "--plan", plan.path(), "--plain"});
  EXPECT_EQ(run.Wait(), 99) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("no data"));
}

TEST(MainJob, APlanWithFiveFaultsPrintsFivePositions) {
  const TemporaryFile plan(".yaml", R"(name: broken
scenarios:
  one:
    load: { constant_users: { users: many, duration: 1s } }
    steps:
      - slepp: 1s
      - http: { get: "/x", chekcs: {} }
thresholds:
  - wrong
metricks: {}
)");
  Process run({kController, "start", "--plan", plan.path()});
  EXPECT_EQ(run.Wait(), 104);
  size_t faults = 0;
  for (const char* place : {":4:38: ", ":6:9: ", ":7:28: ", ":9:3: ", ":10:1: "}) {
    if (run.text().find(plan.path() + place) != std::string::npos) ++faults;
  }
  EXPECT_EQ(faults, 5u) << run.text();
}

TEST(MainJob, AnUnknownPlanListsThoseThatExist) {
  Process run({kController, "start", "--plan", "nope"});
  EXPECT_EQ(run.Wait(), 104);
  EXPECT_THAT(run.text(), testing::AllOf(HasSubstr("scalability"), HasSubstr("smoke")));
}

TEST(MainJob, BadFlagsAreSaidAndExit104) {
  Process run({kController, "start", "--plan", "smoke", "--agents", "0"});
  EXPECT_EQ(run.Wait(), 104);
  EXPECT_THAT(run.text(), HasSubstr("--agents"));
  Process param({kController, "start", "--plan", "smoke", "-e", "USRS=3"});
  EXPECT_EQ(param.Wait(), 104);
  EXPECT_THAT(param.text(), HasSubstr("no such param"));
}

TEST(MainJob, SourceAddressesAreDealtOverTheAgents) {
  const TemporaryFile out(".json", "");
  Process run({kController, "start", "--plan", "smoke", "--demo", "--agents", "2", "-e",
               "DURATION=2s", "--sources", "127.3.0.0/28", "--out", out.path()});
  EXPECT_EQ(run.Wait(), 0) << run.text();
  ExpectTargetAgrees(Json(out.path()));
}

TEST(MainJob, SourceAddressesThatCannotBeAreSaid) {
  const auto said = [](std::vector<std::string> more) {
    std::vector<std::string> words = {kController, "start", "--plan", "smoke"};
    words.insert(words.end(), more.begin(), more.end());
    Process run(words);
    EXPECT_NE(run.Wait(), 0);
    return run.text();
  };
  EXPECT_THAT(said({"--sources", "127.0.0.x"}), HasSubstr("--sources: `127.0.0.x` is no IP"));
  EXPECT_THAT(said({"--sources", "127.0.0.1", "--agents", "2"}), HasSubstr("1 IPv4 addresses for"));
  EXPECT_THAT(said({"--sources", "127.0.0.1", "--external-agents"}), HasSubstr("--source"));
  // TEST-NET-3: the agent finds out.
  EXPECT_THAT(said({"--sources", "203.0.113.7"}),
              HasSubstr("203.0.113.7: this machine has no such address"));
}

}  // namespace
}  // namespace rampart
