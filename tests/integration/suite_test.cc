// `controller suite` with real processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/integration/run_support.h"
#include "tests/support/chat_server.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

// A small plan that asks the chat server for its health; `threshold` is on that.
std::string Asking(const std::string& name, const std::string& threshold) {
  return "name: " + name + R"(
params:
  API_URL: x
  TOKEN: { value: unset, secret: true }
scenarios:
  one:
    load: { iterations_per_user: { users: 2, iterations: 3 } }
    steps: [ { http: { name: ask, get: "${API_URL}/api/health?${TOKEN}" } } ]
thresholds: { http_req_duration: ")" +
         threshold + "\" }\n";
}

std::string Text(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class Suite : public testing::Test {
 protected:
  Suite() {
    char path[] = "/tmp/rampart_suite_XXXXXX";
    folder_ = mkdtemp(path);
  }
  ~Suite() override { fs::remove_all(folder_); }

  // The only folder of the only suite.
  fs::path Results() const {
    fs::path found;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      EXPECT_TRUE(found.empty());
      found = entry.path();
    }
    return found;
  }

  fs::path folder_;
};

TEST_F(Suite, RunsEachPlanWhateverTheOthersComeTo) {
  ChatServer chat(kChat);
  const TemporaryFile bad(".yaml", Asking("bad", "max<0"));
  const TemporaryFile good(".yaml", Asking("good", "max<60000"));
  Process run({kController, "suite", "--plans", bad.path() + "," + good.path(), "--out-dir",
               folder_.string(), "-e", "API_URL=" + chat.http(), "-e", "TOKEN=canary4711",
               "--plain", "--agents", "2"});
  EXPECT_EQ(run.Wait(), 99) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("1 of 2 plans passed"));
  EXPECT_THAT(run.text(), HasSubstr("http_req_duration: max<0 failed with"));

  const fs::path results = Results();
  EXPECT_THAT(results.filename().string(), testing::MatchesRegex("20..-..-..T..-..-..Z"));
  const Json suite((results / "suite.json").string());
  ASSERT_EQ(suite.error, simdjson::SUCCESS);
  EXPECT_EQ(suite.Number("/exit_code"), 99);
  EXPECT_EQ(suite.Number("/runs/0/exit_code"), 99);
  EXPECT_EQ(suite.Number("/runs/1/exit_code"), 0);
  EXPECT_EQ(suite.Number("/runs/1/iterations"), 6);
  for (const char* plan : {"bad", "good"}) {
    SCOPED_TRACE(plan);
    EXPECT_THAT(Text(results / plan / "plan.yaml"), HasSubstr("--agents 2"));
    EXPECT_THAT(Text(results / plan / "plan.yaml"), HasSubstr("-e TOKEN=***"));
    EXPECT_THAT(Text(results / plan / "log.txt"), HasSubstr("running"));
    EXPECT_THAT(Text(results / plan / "summary.txt"), HasSubstr("THRESHOLDS"));
    EXPECT_EQ(Json((results / plan / "summary.json").string()).error, simdjson::SUCCESS);
    for (const auto& file : fs::directory_iterator(results / plan)) {
      EXPECT_THAT(Text(file.path()), Not(HasSubstr("canary"))) << file.path();
    }
  }
  EXPECT_THAT(run.text(), Not(HasSubstr("canary")));
}

TEST_F(Suite, ATargetThatIsNotThereEndsItBeforeItBegins) {
  std::string gone;
  {
    const ChatServer chat(kChat);
    gone = chat.http();
  }
  Process run({kController, "suite", "--plans", "smoke", "--out-dir", folder_.string(), "-e",
               "API_URL=" + gone, "--plain"});
  EXPECT_EQ(run.Wait(), 113) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("the target is not healthy"));
  EXPECT_THAT(run.text(), HasSubstr("connection_refused"));
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(Suite, AParamThatNoPlanHasAndEveryFaultAreSaidAtOnce) {
  Process run({kController, "suite", "--plans", "smoke,nope", "--out-dir", folder_.string(), "-e",
               "USRS=3", "-e", "USERS=2"});
  EXPECT_EQ(run.Wait(), 104) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("there is no plan `nope`"));
  EXPECT_THAT(run.text(), HasSubstr("-e USRS: none of these plans has such a param"));
  EXPECT_THAT(run.text(), Not(HasSubstr("-e USERS:")));
}

TEST_F(Suite, CtrlCEndsTheSuiteAndReportsWhatRan) {
  ChatServer chat(kChat);
  const TemporaryFile good(".yaml", Asking("good", "max<60000"));
  Process run({kController, "suite", "--plans", good.path() + ",smoke,scalability", "--out-dir",
               folder_.string(), "-e", "DURATION=1h", "-e", "API_URL=" + chat.http(), "-e",
               "WS_URL=" + chat.websocket(), "--plain"});
  ASSERT_TRUE(chat.WaitForCount("ws_connections_opened", 1));
  run.Signal(SIGINT);
  EXPECT_EQ(run.Wait(), 105) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("1 of 3 plans passed"));
  EXPECT_THAT(run.text(), HasSubstr("not run"));
  const Json suite((Results() / "suite.json").string());
  EXPECT_EQ(suite.Number("/runs/0/exit_code"), 0);
  EXPECT_EQ(suite.Number("/runs/1/exit_code"), 105);
}

}  // namespace
}  // namespace rampart
