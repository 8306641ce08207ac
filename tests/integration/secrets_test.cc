// Secrets by reference, with real processes: targets get them, and nothing else shows them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/run_support.h"
#include "tests/support/chat_server.h"
#include "tests/support/http_server.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kAgent = PROGRAM_DIR "/agent";
constexpr const char* kVariable = "RAMPART_TEST_TOKEN";

// With what URLs, JSON and Base64 write otherwise. No part of the first 12 bytes may be seen.
const std::string kCanary = "canary7f3a91/+ \"q\"&é=tail-of-it";

std::string Text(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string Percent(const std::string& text) {
  std::string out;
  for (const char c : text) {
    char coded[4];
    std::snprintf(coded, sizeof(coded), "%%%02X", static_cast<unsigned char>(c));
    out += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' ? std::string(1, c) : coded;
  }
  return out;
}

// The letters that any Base64 has that has `text` behind `before` bytes.
std::string Base64Core(const std::string& text, size_t before) {
  const char* letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bits;
  for (const char c : std::string(before, 'x') + text) {
    for (int bit = 7; bit >= 0; --bit) bits += (c >> bit & 1) != 0 ? '1' : '0';
  }
  std::string out;
  for (size_t at = 0; at + 6 <= bits.size(); at += 6) {
    out += letters[std::stoi(bits.substr(at, 6), nullptr, 2)];
  }
  return out.substr(4);
}

void ExpectNone(const std::string& text, const std::string& where) {
  std::vector<std::string> forms = {"canary", "tail-of-it", kCanary.substr(10, 8),
                                    Percent(kCanary).substr(0, 24)};
  for (size_t before = 0; before < 3; ++before) {
    forms.push_back(Base64Core(kCanary, before).substr(0, 12));
    forms.push_back(Base64Core(kCanary, before).substr(16, 12));
  }
  for (const std::string& form : forms) {
    EXPECT_EQ(text.find(form), text.npos) << form << " is in " << where << ":\n" << text;
  }
}

// Wherever a plan can put it: to be received, and to be said by what goes wrong.
constexpr const char* kPlan = R"(
name: loud
params: { API_URL: x, WS_URL: x, ECHO: x, NOWHERE: x }
http: { base_url: "${API_URL}", headers: { X-Token: "${secret.TOKEN}" } }
metrics: { seen: counter }
setup:
  - http: { post: /api/auth/signin, json: { email: "ann@load.test", password: "${secret.TOKEN}" }, save: { token: json.token } }
  - http:
      post: /api/channels
      headers: { Authorization: "Bearer ${token}" }
      json: { name: general, type: public }
      save: { channel: json.id }
scenarios:
  received:
    load: { iterations_per_user: { users: 2, iterations: 1 } }
    steps:
      - http:
          name: post
          post: /api/messages
          headers: { Authorization: "Bearer ${setup.token}" }
          json: { channel_id: "${setup.channel}", content: "${secret.TOKEN}" }
          checks: { posted: json.content == secret.TOKEN }
      - websocket:
          url: "${WS_URL}?token=${url_encode(secret.TOKEN)}"
          on_open:
            - send: { json: { type: auth, token: "${setup.token}" } }
            - send: { json: { type: message, channel_id: "${setup.channel}", content: "ws ${secret.TOKEN}" } }
          on_message:
            - when: json.type == "message"
              steps:
                - check: { sent: 'json.content == "ws " .. secret.TOKEN' }
                - close: 1000
      - http:
          name: echo
          get: "${ECHO}/?q=${url_encode(secret.TOKEN)}"
          headers: { Authorization: 'Basic ${base64("user:" .. secret.TOKEN)}' }
          checks: { echoed: status == 200 }
      - script: hash = sha256(secret["TOKEN"])
      - check: { script has it: "#hash == 64" }
      - fail: "the target said ${body}"
  refused:
    load: { iterations_per_user: { users: 1, iterations: 1 } }
    tags: { who: "${secret.TOKEN}" }
    steps:
      - http: { get: "http://${secret.TOKEN}.invalid/" }
      - http: { get: "http://127.0.0.1/${string.rep('x', 170)}${secret.TOKEN} y" }
      - http: { get: "${NOWHERE}/${url_encode(secret.TOKEN)}" }
      - http: { get: "http://${base64url(secret.TOKEN)}.invalid/" }
      - http: { get: /, headers: { X-Bad: "a\r\n${secret.TOKEN}" } }
      - websocket: { url: "ws://${secret.TOKEN}.invalid/", hold: 1s }
      - record: { values: { seen: 1 }, tags: { kind: "${secret.TOKEN}", form: '${base64(secret.TOKEN)}' } }
      - set: { wrong: 'string.format("%d", secret.TOKEN)' }
  forms:
    load: { iterations_per_user: { users: 1, iterations: 1 } }
    steps:
      - fail: '${secret.TOKEN} ${url_encode(secret.TOKEN)} ${base64("x" .. secret.TOKEN)} ${base64("xy" .. secret.TOKEN)} ${json_encode({secret.TOKEN})}'
teardown: [ { fail: "at the end ${secret.TOKEN}" } ]
thresholds: { checks: rate>=1 }
)";

class SecretRun : public testing::Test {
 protected:
  SecretRun() : chat_(kChat) {
    char path[] = "/tmp/rampart_secrets_XXXXXX";
    folder_ = mkdtemp(path);
    std::ofstream(folder_ / "plan.yaml") << kPlan;
    std::ofstream(folder_ / "token") << kCanary << "\n";
    setenv(kVariable, kCanary.c_str(), 1);
  }
  ~SecretRun() override {
    unsetenv(kVariable);
    fs::remove_all(folder_);
  }

  std::string File(const char* name) const { return folder_ / name; }
  // `controller start` of the plan, with more flags.
  std::vector<std::string> Start(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {kController,
                                      "start",
                                      "--plain",
                                      "--plan",
                                      File("plan.yaml"),
                                      "--out",
                                      File("summary.json"),
                                      "-e",
                                      "API_URL=" + chat_.http(),
                                      "-e",
                                      "WS_URL=" + chat_.websocket(),
                                      "-e",
                                      "ECHO=" + echo_.url(),
                                      "-e",
                                      "NOWHERE=http://127.0.0.1:1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // The target did have it, and what went wrong was said with `***`.
  void ExpectRan(const Process& run) const {
    const auto requests = echo_.requests();
    ASSERT_EQ(requests.size(), 2u) << run.text();
    EXPECT_EQ(std::string(requests[0]["X-Token"]), kCanary);
    EXPECT_EQ(std::string(requests[0].target()), "/?q=" + Percent(kCanary));
    EXPECT_THAT(std::string(requests[0]["Authorization"]), HasSubstr(Base64Core(kCanary, 2)));
    EXPECT_THAT(run.text(), AllOf(HasSubstr("the target said {\"token\":\"***\""),
                                  HasSubstr("teardown failed"), HasSubstr("at the end ***")));
    const std::string summary = Text(File("summary.json"));
    EXPECT_THAT(summary, AllOf(HasSubstr("***"), HasSubstr("bad_request"), HasSubstr("bad_url"),
                               HasSubstr("Connection refused"), HasSubstr("script")));
    ExpectNone(run.text(), "the terminal");
    ExpectNone(summary, "the summary");
  }

  std::mutex mutex_;
  pid_t watched_ = 0;      // guarded by mutex_
  std::string processes_;  // what is known of its children; guarded by mutex_
  ChatServer chat_;
  HttpServer echo_{[this](const HttpServerRequest& request) {
    {
      const std::lock_guard lock(mutex_);
      if (watched_ != 0) processes_ += ChildrenOf(watched_);
    }
    return Respond(200, "{\"token\":\"" + std::string(request["X-Token"]) + "\",\"target\":\"" +
                            std::string(request.target()) + "\",\"basic\":\"" +
                            std::string(request["Authorization"]) + "\"}");
  }};
  fs::path folder_;

 private:
  // Their arguments and environments.
  static std::string ChildrenOf(pid_t parent) {
    std::string all;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string status = Text(entry.path() / "status");
      if (status.find("\nPPid:\t" + std::to_string(parent) + "\n") == status.npos) continue;
      all += Text(entry.path() / "cmdline") + "\n" + Text(entry.path() / "environ") + "\n";
    }
    return all;
  }
};

TEST_F(SecretRun, TheTargetHasItAndNoOutputDoes) {
  Process run(Start({"--agents", "2", "--secret", std::string("TOKEN=env:") + kVariable}));
  {
    const std::lock_guard lock(mutex_);
    watched_ = run.pid();
  }
  EXPECT_EQ(run.Wait(), 0) << run.text();
  ExpectRan(run);
  const std::lock_guard lock(mutex_);
  EXPECT_THAT(processes_, HasSubstr("--name"));
  ExpectNone(processes_, "what is known of the agents' processes");
}

TEST_F(SecretRun, AgentsThatAreStartedElsewhereHaveItFromTheStreamAndLogItNowhere) {
  Process run(Start({"--external-agents", "--secret", "TOKEN=file:" + File("token")}));
  const std::string says = "agent --controller HOST:";
  ASSERT_TRUE(run.WaitFor(says) && run.WaitFor("\n"));
  const std::string port =
      std::to_string(std::stoi(run.text().substr(run.text().find(says) + says.size())));
  unsetenv(kVariable);
  Process agent({kAgent, "--controller", "127.0.0.1:" + port, "--name", "far", "--threads", "2",
                 "--log-level", "debug"});
  EXPECT_EQ(agent.Wait(), 0) << agent.text();
  EXPECT_EQ(run.Wait(), 0) << run.text();
  ExpectRan(run);
  EXPECT_THAT(agent.text(), HasSubstr("preparing plan loud"));
  ExpectNone(agent.text(), "the agent's log");
}

TEST_F(SecretRun, ASuitesFolderHasTheReferenceOnly) {
  const std::string plan = R"(
name: quiet
scenarios:
  one:
    load: { iterations_per_user: { users: 1, iterations: 1 } }
    steps:
      - http: { get: ")" + echo_.url() +
                           R"(/${secret.TOKEN}", headers: { A: "${secret.TOKEN}" } }
      - fail: "gone with ${secret.TOKEN}"
)";
  std::ofstream(folder_ / "plan.yaml") << plan;
  Process run({kController, "suite", "--plain", "--plans", File("plan.yaml"), "--out-dir",
               File("out"), "--secret", "TOKEN=file:" + File("token")});
  EXPECT_EQ(run.Wait(), 0) << run.text();
  ExpectNone(run.text(), "the terminal");
  std::string all;
  for (const auto& entry : fs::recursive_directory_iterator(File("out"))) {
    if (!entry.is_regular_file()) continue;
    const std::string text = Text(entry.path());
    ExpectNone(text, entry.path());
    all += text;
  }
  EXPECT_THAT(all, AllOf(HasSubstr("--secret TOKEN=file:" + File("token")),
                         HasSubstr("gone with ***"), HasSubstr("${secret.TOKEN}")));
}

TEST_F(SecretRun, WhatIsMissingIsSaidBeforeAnythingStarts) {
  Process none(Start({}));
  EXPECT_EQ(none.Wait(), 104);
  EXPECT_THAT(none.text(), AllOf(HasSubstr("plan.yaml:4:44: secret TOKEN is not given: --secret "
                                           "TOKEN=env:VAR or file:PATH"),
                                 Not(HasSubstr("agent"))));
  Process variable(Start({"--secret", "TOKEN=env:RAMPART_TEST_NOT_THERE"}));
  EXPECT_EQ(variable.Wait(), 104);
  EXPECT_THAT(variable.text(), HasSubstr("no variable RAMPART_TEST_NOT_THERE"));
  Process file(Start({"--secret", "TOKEN=file:/not/there"}));
  EXPECT_EQ(file.Wait(), 104);
  EXPECT_THAT(file.text(), HasSubstr("/not/there: No such file or directory"));
  Process value(Start({"--secret", "TOKEN=" + kCanary}));
  EXPECT_EQ(value.Wait(), 104);
  EXPECT_THAT(value.text(), HasSubstr("not the value"));
  ExpectNone(value.text(), "the terminal");
  Process other(Start({"--secret", std::string("TOKEN=env:") + kVariable, "--secret",
                       std::string("TOKN=env:") + kVariable}));
  EXPECT_EQ(other.Wait(), 104);
  EXPECT_THAT(other.text(), HasSubstr("the plan does not use secret.TOKN; it uses TOKEN"));
}

TEST_F(SecretRun, CheckListsWhatAPlanNeedsAndShowKnowsNoValue) {
  Process check({kController, "plans", "check", File("plan.yaml")});
  EXPECT_EQ(check.Wait(), 0) << check.text();
  EXPECT_THAT(check.text(), AllOf(HasSubstr("secrets"), HasSubstr("TOKEN"),
                                  HasSubstr("--secret TOKEN=env:VAR or file:PATH")));
  ExpectNone(check.text(), "plans check");
  Process show({kController, "plans", "show", File("plan.yaml")});
  EXPECT_EQ(show.Wait(), 0);
  EXPECT_THAT(show.text(), HasSubstr("${secret.TOKEN}"));
  ExpectNone(show.text(), "plans show");
}

// Of params with `secret: true`, too: they are in names.
TEST_F(SecretRun, NoLineOfARunShowsOneThatIsInAName) {
  std::ofstream(folder_ / "plan.yaml") << R"(
name: "plan of ${TOKEN}"
params: { TOKEN: { value: canary7f3a91, secret: true } }
scenarios:
  one:
    load: { constant_users: { users: 1, duration: 1s } }
    steps: [ { sleep: 100ms } ]
)";
  Process run({kController, "start", "--plain", "--plan", File("plan.yaml")});
  EXPECT_EQ(run.Wait(), 0) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("plan of ***"));
  ExpectNone(run.text(), "the terminal");
}

}  // namespace
}  // namespace rampart
