// Agents that are lost in the middle of a run, with real processes and the chat server's own
// counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/run_support.h"
#include "tests/support/chat_server.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

using testing::HasSubstr;

constexpr int kUsers = 60;
constexpr int kAgents = 3;

class Losses : public testing::Test {
 protected:
  void Start(const std::string& seconds) {
    const std::string text = R"(
name: losses
scenarios:
  users:
    load: { constant_users: { users: )" +
                             std::to_string(kUsers) + ", duration: " + seconds + R"( } }
    graceful_stop: 2s
    steps:
      - websocket:
          name: chat
          url: ")" + chat_.websocket() +
                             R"("
          headers: { X-User-Id: "load_test_user_${user.id}" }
          send_every:
            - interval: 200ms
              message: { json: { type: ping, timestamp: "${now_us()}" } }
thresholds: { ws_errors: count<1 }
)";
    plan_ = std::make_unique<TemporaryFile>(".yaml", text);
    run_ = std::make_unique<Process>(
        std::vector<std::string>{kController, "start", "--plan", plan_->path(), "--agents",
                                 std::to_string(kAgents), "--plain", "--out", out_.path()});
    ASSERT_TRUE(chat_.WaitForCount("ws_connections_opened", kUsers));
    std::ifstream children("/proc/" + std::to_string(run_->pid()) + "/task/" +
                           std::to_string(run_->pid()) + "/children");
    for (pid_t pid = 0; children >> pid;) agents_.push_back(pid);
    ASSERT_EQ(agents_.size(), static_cast<size_t>(kAgents));
  }

  ChatServer chat_{kChat};
  TemporaryFile out_{".json", ""};
  std::unique_ptr<TemporaryFile> plan_;
  std::unique_ptr<Process> run_;
  std::vector<pid_t> agents_;
};

TEST_F(Losses, AKilledAgentsUsersGoOnWithTheOthersAndTheReportSaysWhatIsMissing) {
  Start("9s");
  kill(agents_[1], SIGKILL);
  const auto killed = std::chrono::steady_clock::now();
  ASSERT_TRUE(chat_.WaitForCount("ws_connections_opened", kUsers + kUsers / kAgents));
  EXPECT_LT(std::chrono::steady_clock::now() - killed, std::chrono::seconds(5));
  run_->Wait();
  EXPECT_THAT(run_->text(), HasSubstr("is lost: its process ended (killed by SIGKILL)"));
  std::stringstream written;
  written << std::ifstream(out_.path()).rdbuf();
  EXPECT_THAT(written.str(), HasSubstr("s is missing, up to"));
  EXPECT_THAT(written.str(), HasSubstr("its users went on with the others"));
  const Json summary(out_.path());
  // At most what the lost one did in its last two seconds is missing, at five messages a second.
  const double theirs = static_cast<double>(chat_.Count("ws_messages_received"));
  const double ours = summary.Number("/metrics/ws_msgs_sent/values/count");
  EXPECT_LE(theirs - ours, 2 * 5 * kUsers / kAgents + kUsers / kAgents);
  EXPECT_LE(ours, theirs);
  EXPECT_LT(summary.Number("/coverage"), 1);
  EXPECT_GT(summary.Number("/coverage"), 0.8);
}

TEST_F(Losses, AnAgentThatIsToldToEndHandsOverAndEveryCountIsExact) {
  Start("8s");
  kill(agents_[2], SIGTERM);
  ASSERT_TRUE(chat_.WaitForCount("ws_connections_opened", kUsers + kUsers / kAgents));
  EXPECT_EQ(run_->Wait(), 0) << run_->text();
  const Json summary(out_.path());
  EXPECT_EQ(summary.Number("/coverage"), 1);
  EXPECT_EQ(summary.Number("/metrics/ws_msgs_sent/values/count"),
            static_cast<double>(chat_.Count("ws_messages_received")));
  EXPECT_EQ(summary.Number("/metrics/ws_sessions/values/count"),
            static_cast<double>(chat_.Count("ws_connections_opened")));
}

TEST_F(Losses, AnAgentThatStoodStillLoadsNothingWhenItGoesOnAndNothingOfItIsMissing) {
  Start("24s");
  kill(agents_[1], SIGSTOP);
  const auto stopped = std::chrono::steady_clock::now();
  ASSERT_TRUE(chat_.WaitForCount("ws_connections_opened", kUsers + kUsers / kAgents));
  const auto back = std::chrono::steady_clock::now() - stopped;
  EXPECT_GT(back, std::chrono::seconds(10)) << "it may load within its lease";
  EXPECT_LT(back, std::chrono::seconds(15));
  kill(agents_[1], SIGCONT);
  EXPECT_EQ(run_->Wait(), 0) << run_->text();
  EXPECT_THAT(run_->text(), HasSubstr("agent-2 is there again, with all that it measured"));
  const Json summary(out_.path());
  EXPECT_EQ(summary.Number("/coverage"), 1);
  EXPECT_EQ(summary.Number("/metrics/ws_msgs_sent/values/count"),
            static_cast<double>(chat_.Count("ws_messages_received")));
  // It has its part again: a third of what each of the others had, give or take a user a share.
  EXPECT_NEAR(static_cast<double>(chat_.Count("ws_connections_opened")),
              kUsers + 2.0 * kUsers / kAgents, 4);
}

}  // namespace
}  // namespace rampart
