// Runs that people change while they go on, with real processes and the chat server's own counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/run_support.h"
#include "tests/support/chat_server.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

using testing::HasSubstr;

constexpr int kBadFlags = 104;
constexpr int kInterrupted = 105;

class Control : public testing::Test {
 protected:
  void Start(int users, const std::string& duration, std::vector<std::string> flags = {}) {
    const std::string text = R"(
name: controlled
scenarios:
  users:
    load: { constant_users: { users: )" +
                             std::to_string(users) + ", duration: " + duration + R"( } }
    graceful_stop: 5s
    steps:
      - http:
          get: ")" + chat_.http() +
                             R"(/api/users/me"
          headers: { X-User-Id: "load_test_user_${user.id}" }
      - sleep: 20ms
)";
    plan_ = std::make_unique<TemporaryFile>(".yaml", text);
    std::vector<std::string> command = {kController, "start", "--plan", plan_->path(), "--plain",
                                        "--run-dir", folder_, "--out",  out_.path()};
    command.insert(command.end(), flags.begin(), flags.end());
    run_ = std::make_unique<Process>(command);
  }
  // What `controller COMMAND RUN ...` says, and its exit code.
  struct Said {
    std::string text;
    int code;
  };
  Said Ask(const std::string& command, const std::vector<std::string>& flags = {}) {
    std::vector<std::string> all = {kController, command, folder_};
    all.insert(all.end(), flags.begin(), flags.end());
    Process process(all);
    const int code = process.Wait();
    return {process.text(), code};
  }
  int64_t Requests() { return static_cast<int64_t>(chat_.Count("http_requests")); }
  bool MoreRequests(int64_t than) {
    return chat_.WaitForCount("http_requests", static_cast<uint64_t>(than));
  }
  // Of a run whose agents come from elsewhere.
  std::string PortOfAgents() {
    const std::string before = "agent --controller HOST:";
    if (!run_->WaitFor(before) || !run_->WaitFor("joining")) return "";
    const size_t at = run_->text().find(before) + before.size();
    return run_->text().substr(at, run_->text().find_first_not_of("0123456789", at) - at);
  }
  // The target hears nothing for a while; false when that does not come to be.
  bool Quiet() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < until) {
      const int64_t before = Requests();
      std::this_thread::sleep_for(std::chrono::milliseconds(500));  // what is looked at
      if (Requests() == before) return true;
    }
    return false;
  }
  void ExpectExact(const Json& summary) {
    EXPECT_EQ(summary.Number("/metrics/http_reqs/values/count"), static_cast<double>(Requests()));
    EXPECT_EQ(summary.Number("/coverage"), 1);
  }

  ~Control() override { std::filesystem::remove_all(folder_); }

  ChatServer chat_{kChat};
  TemporaryFile out_{".json", ""};
  const std::string folder_ = out_.path() + ".run";
  std::unique_ptr<TemporaryFile> plan_;
  std::unique_ptr<Process> run_;
};

TEST_F(Control, ARunIsPausedGoesOnIsScaledAndStopped) {
  Start(20, "5m", {"--agents", "2"});
  ASSERT_TRUE(MoreRequests(200));
  EXPECT_THAT(Ask("resume").text, HasSubstr("it is not paused"));
  Said said = Ask("pause");
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_TRUE(Quiet());
  said = Ask("pause");
  EXPECT_EQ(said.code, kBadFlags);
  EXPECT_THAT(said.text, HasSubstr("it is paused already"));
  const int64_t paused = Requests();
  said = Ask("resume");
  EXPECT_EQ(said.code, 0) << said.text;
  ASSERT_TRUE(MoreRequests(paused + 200));

  said = Ask("scale", {"--users", "60", "--over", "0s"});
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_THAT(said.text, HasSubstr("users scaled to 60 users"));
  ASSERT_TRUE(chat_.WaitForCount("tcp_connections_open", 60));
  said = Ask("scale", {"--rate", "5/s"});
  EXPECT_EQ(said.code, kBadFlags);
  EXPECT_THAT(said.text, HasSubstr("no scenario can be scaled so"));
  said = Ask("scale", {"--users", "5", "--scenario", "none"});
  EXPECT_THAT(said.text, HasSubstr("those that can be: users"));
  said = Ask("scale", {"--users", "1000000"});
  EXPECT_THAT(said.text, HasSubstr("start another agent first"));

  said = Ask("stop");
  EXPECT_EQ(said.code, 0) << said.text;
  run_->Wait();
  EXPECT_THAT(run_->text(), HasSubstr("controller stop: ending in order"));
  const Json summary(out_.path());
  ExpectExact(summary);
  EXPECT_EQ(summary.Number("/metrics/vus/values/max"), 60);
  EXPECT_EQ(summary.Number("/metrics/interrupted_iterations/values/count"), 0);
  simdjson::dom::array changes;
  ASSERT_EQ(summary.root["load_changes"].get(changes), simdjson::SUCCESS);
  EXPECT_EQ(changes.size(), 3u);
  EXPECT_THAT(Ask("pause").text,
              testing::AnyOf(HasSubstr("no controller answers"), HasSubstr("No such file")));
}

TEST_F(Control, AStopNowWaitsForNothing) {
  Start(5, "5m");
  ASSERT_TRUE(MoreRequests(50));
  const Said said = Ask("stop", {"--now"});
  EXPECT_EQ(said.code, 0) << said.text;
  run_->Wait();
  EXPECT_THAT(run_->text(), HasSubstr("aborting"));
}

TEST_F(Control, AnAgentThatJoinsLoadsItsPartAndNothingIsLostOrTwice) {
  Start(40, "5m", {"--agents", "1", "--external-agents", "--listen", "127.0.0.1:0"});
  const std::string port = PortOfAgents();
  const auto agent = [&](const std::string& name) {
    return std::make_unique<Process>(std::vector<std::string>{PROGRAM_DIR "/agent", "--controller",
                                                              "127.0.0.1:" + port, "--name", name});
  };
  const auto first = agent("agent-1");
  ASSERT_TRUE(MoreRequests(200));
  const auto second = agent("agent-2");
  ASSERT_TRUE(run_->WaitFor("agent-2 has joined while the load runs"));
  ASSERT_TRUE(second->WaitFor("taking share"));
  ASSERT_TRUE(MoreRequests(Requests() + 500));
  EXPECT_EQ(Ask("stop").code, 0);
  EXPECT_EQ(run_->Wait(), kInterrupted) << run_->text();
  const Json summary(out_.path());
  ExpectExact(summary);
  EXPECT_GT(summary.Number("/agents/1/iterations"), 0);
  EXPECT_EQ(first->Wait(), 0);
  EXPECT_EQ(second->Wait(), 0);
}

TEST_F(Control, ARunThatIsPausedWhenItsControllerIsKilledIsPausedWhenItIsResumed) {
  Start(10, "8s");
  ASSERT_TRUE(MoreRequests(100));
  ASSERT_EQ(Ask("pause").code, 0);
  ASSERT_TRUE(Quiet());
  kill(run_->pid(), SIGKILL);
  run_->Wait();
  Process resumed({kController, "resume", folder_, "--plain"});
  ASSERT_TRUE(resumed.WaitFor("listening again"));
  ASSERT_TRUE(resumed.WaitFor("running"));
  const int64_t paused = Requests();
  EXPECT_TRUE(Quiet());
  EXPECT_EQ(Requests(), paused);
  const Said said = Ask("resume");
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_EQ(resumed.Wait(), 0) << resumed.text();
  const Json summary(out_.path());
  ExpectExact(summary);
  EXPECT_GT(Requests(), paused);
}

TEST(ControlCommand, WithoutARunItSaysWhichOneIsMeant) {
  Process process({kController, "pause", "/nowhere/at/all"});
  EXPECT_EQ(process.Wait(), kBadFlags);
  EXPECT_THAT(process.text(), HasSubstr("/nowhere/at/all"));
  Process both({kController, "scale", "/nowhere", "--users", "1", "--rate", "1/s"});
  EXPECT_EQ(both.Wait(), kBadFlags);
}

}  // namespace
}  // namespace rampart
