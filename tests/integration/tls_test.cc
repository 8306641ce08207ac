// TLS on the stream with real processes: certificates from `controller certs init`, agents that are
// started by the controller or by somebody else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/run_support.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

namespace fs = std::filesystem;

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string kAgent = PROGRAM_DIR "/agent";
constexpr const char* kPlan = R"(
name: quiet
scenarios:
  one:
    load: { iterations_per_user: { users: 4, iterations: 2 } }
    steps: [ { sleep: 50ms } ]
)";

std::string Contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class TlsRun : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "/rampart_certs_XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    root_ = path;
    folder_ = root_ + "/certs";
  }
  void TearDown() override { fs::remove_all(root_); }

  void MakeCertificates(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {kController, "certs", "init", "--dir", folder_};
    words.insert(words.end(), more.begin(), more.end());
    Process made(words);
    ASSERT_EQ(made.Wait(), 0) << made.text();
    said_ = made.text();
  }
  mode_t Mode(const std::string& name) const {
    struct stat info = {};
    EXPECT_EQ(stat((folder_ + name).c_str(), &info), 0) << name;
    return info.st_mode & 0777;
  }
  // A controller that waits for agents, and where it does.
  std::unique_ptr<Process> Waiting(int agents, std::vector<std::string> more) {
    std::vector<std::string> words = {kController,
                                      "start",
                                      "--plan",
                                      plan_.path(),
                                      "--plain",
                                      "--agents",
                                      std::to_string(agents),
                                      "--external-agents"};
    words.insert(words.end(), more.begin(), more.end());
    auto run = std::make_unique<Process>(words);
    EXPECT_TRUE(run->WaitFor("--controller HOST:")) << run->text();
    while (run->text().find('\n', run->text().find("HOST:")) == std::string::npos &&
           run->WaitFor("\n")) {
    }
    const std::string& text = run->text();
    address_ = "127.0.0.1:" + std::to_string(std::atoi(&text[text.find("HOST:") + 5]));
    return run;
  }
  Process Agent(const std::string& name, std::vector<std::string> more) const {
    std::vector<std::string> words = {kAgent, "--name", name, "--controller", address_};
    words.insert(words.end(), more.begin(), more.end());
    return Process(words);
  }

  const TemporaryFile plan_{".yaml", kPlan};
  std::string root_;
  std::string folder_;
  std::string said_;
  std::string address_;
};

TEST_F(TlsRun, CertsInitWritesKeysThatAreSecretAndSaysWhatIsNext) {
  MakeCertificates({"--host", "load.example", "--host", "10.1.2.3", "--agents", "east,west"});
  EXPECT_THAT(said_, AllOf(HasSubstr("load.example, 10.1.2.3"), HasSubstr("valid until"),
                           HasSubstr("--controller load.example:4000 --tls DIR")));
  for (const char* key : {"/ca-key.pem", "/controller-key.pem", "/agent-key.pem",
                          "/agents/east/agent-key.pem", "/agents/west/agent-key.pem"}) {
    EXPECT_EQ(Mode(key), 0600u) << key;
  }
  EXPECT_EQ(Mode(""), 0700u);
  EXPECT_EQ(Mode("/ca.pem"), 0644u);
  EXPECT_EQ(Contents(folder_ + "/ca.pem"), Contents(folder_ + "/agents/west/ca.pem"));
  EXPECT_NE(Contents(folder_ + "/agent.pem"), Contents(folder_ + "/agents/west/agent.pem"));
}

TEST_F(TlsRun, CertsInitOverwritesNothingUnlessForced) {
  MakeCertificates();
  const std::string before = Contents(folder_ + "/ca.pem");
  Process again({kController, "certs", "init", "--dir", folder_});
  EXPECT_EQ(again.Wait(), 104);
  EXPECT_THAT(again.text(), AllOf(HasSubstr("nothing was written"), HasSubstr("ca-key.pem"),
                                  HasSubstr("--force")));
  EXPECT_EQ(Contents(folder_ + "/ca.pem"), before);
  MakeCertificates({"--force"});
  EXPECT_NE(Contents(folder_ + "/ca.pem"), before);
}

TEST_F(TlsRun, CertsInitRefusesWhatIsNoHostOrNoName) {
  for (const auto& [flag, value] : {std::pair{"--host", "a,URI:rampart://agent"},
                                    std::pair{"--agents", "../../etc"}, std::pair{"--days", "0"}}) {
    Process run({kController, "certs", "init", "--dir", folder_, flag, value});
    EXPECT_EQ(run.Wait(), 104) << run.text();
    EXPECT_THAT(run.text(), HasSubstr(flag));
  }
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(TlsRun, AgentsThatTheControllerStartsGetWhatTheyNeed) {
  MakeCertificates();
  Process run({kController, "start", "--plan", plan_.path(), "--plain", "--agents", "2", "--listen",
               "0.0.0.0:0", "--tls", folder_});
  EXPECT_EQ(run.Wait(), 0) << run.text();
  EXPECT_THAT(run.text(), AllOf(HasSubstr("PASS"), Not(HasSubstr("refused"))));
}

TEST_F(TlsRun, AgentsOfOtherMachinesJoinAndStrangersAreRefused) {
  MakeCertificates({"--agents", "east"});
  const std::string other = root_ + "/other";
  Process made({kController, "certs", "init", "--dir", other});
  ASSERT_EQ(made.Wait(), 0);
  const auto run = Waiting(2, {"--listen", "0.0.0.0:0", "--tls", folder_});
  EXPECT_THAT(run->text(), HasSubstr("--tls DIR"));

  Process plaintext = Agent("plaintext", {});
  EXPECT_TRUE(plaintext.WaitFor("the controller demands TLS"));
  Process stranger = Agent("stranger", {"--tls", other});
  EXPECT_TRUE(stranger.WaitFor("the controller's certificate is not signed by the CA in " + other));
  // It trusts this controller, but the controller does not trust it.
  Process mixed = Agent("mixed", {"--tls", other, "--tls-ca", folder_ + "/ca.pem"});
  EXPECT_EQ(mixed.Wait(), 104);
  EXPECT_THAT(mixed.text(), HasSubstr("not signed by the CA in " + folder_ + "/ca.pem"));
  EXPECT_TRUE(run->WaitFor("refused somebody who came for the agents' stream"));

  Process east = Agent("east", {"--tls", folder_ + "/agents/east"});
  Process west = Agent("west", {"--tls-ca", folder_ + "/ca.pem", "--tls-cert",
                                folder_ + "/agent.pem", "--tls-key", folder_ + "/agent-key.pem"});
  EXPECT_EQ(run->Wait(), 0) << run->text();
  EXPECT_THAT(run->text(), HasSubstr("PASS"));
  EXPECT_EQ(east.Wait(), 0) << east.text();
  EXPECT_EQ(west.Wait(), 0) << west.text();
}

TEST_F(TlsRun, OffLoopbackWithoutTlsIsRefusedWithWhatToType) {
  Process run({kController, "start", "--plan", plan_.path(), "--listen", "0.0.0.0:0"});
  EXPECT_EQ(run.Wait(), 104) << run.text();
  EXPECT_THAT(run.text(), AllOf(HasSubstr("--listen 0.0.0.0:0"), HasSubstr("controller certs init"),
                                HasSubstr("--tls"), HasSubstr("--insecure-stream")));
  Process insecure({kController, "start", "--plan", plan_.path(), "--plain", "--listen",
                    "0.0.0.0:0", "--insecure-stream"});
  EXPECT_EQ(insecure.Wait(), 0) << insecure.text();
}

TEST_F(TlsRun, FlagsThatDoNotGoTogetherAreSaid) {
  MakeCertificates();
  const auto said = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {kController, "start", "--plan", plan_.path()};
    words.insert(words.end(), more.begin(), more.end());
    Process run(words);
    EXPECT_EQ(run.Wait(), 104) << run.text();
    return run.text();
  };
  EXPECT_THAT(said({"--tls-ca", folder_ + "/ca.pem"}), HasSubstr("--tls-cert and --tls-key"));
  EXPECT_THAT(said({"--tls", folder_, "--insecure-stream"}), HasSubstr("leave out one"));
  EXPECT_THAT(said({"--tls", root_}), HasSubstr("ca.pem: No such file"));
  EXPECT_THAT(said({"--tls", folder_, "--tls-cert", folder_ + "/agent.pem", "--tls-key",
                    folder_ + "/agent-key.pem"}),
              HasSubstr("not for the role controller"));
  fs::remove(folder_ + "/agent.pem");
  EXPECT_THAT(said({"--tls", folder_}), HasSubstr("agents that are started here"));
  // Without DIR: the default folder.
  setenv("XDG_CONFIG_HOME", root_.c_str(), 1);
  EXPECT_THAT(said({"--tls", "--plain"}), HasSubstr(root_ + "/rampart/certs/ca.pem: No such file"));
  unsetenv("XDG_CONFIG_HOME");
}

}  // namespace
}  // namespace rampart
