#include "common/tls/stream_identity.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/stream_certificates.h"

namespace rampart {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class StreamIdentityTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "/rampart_tls_XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    folder_ = path;
    WriteAll();
  }
  void WriteAll() {
    Write("ca.pem", ca_.authority.Pem().certificate_pem);
    WriteAgent(ca_.Issue(StreamRole::kAgent));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
  }
  void WriteAgent(const CertificateAndKey& pair) {
    Write("agent.pem", pair.certificate_pem);
    Write("agent-key.pem", pair.key_pem);
  }
  absl::Status Read(absl::Time now = absl::Now()) {
    return ReadStreamIdentity(FilesIn(folder_, StreamRole::kAgent), StreamRole::kAgent, now)
        .status();
  }
  std::string Fault(absl::Time now = absl::Now()) { return std::string(Read(now).message()); }

  TestAuthority ca_;
  std::string folder_;
};

TEST_F(StreamIdentityTest, ReadsWhatAnAuthorityMade) {
  const auto identity =
      ReadStreamIdentity(FilesIn(folder_, StreamRole::kAgent), StreamRole::kAgent, absl::Now());
  ASSERT_TRUE(identity.ok()) << identity.status();
  const auto chain = CertificatesOf(identity->certificate_pem);
  ASSERT_EQ(chain.size(), 1u);
  EXPECT_THAT(NamesOf(*chain[0], GEN_URI), ElementsAre("rampart://agent"));
  EXPECT_THAT(NamesOf(*chain[0], GEN_DNS), ElementsAre("localhost"));
  EXPECT_THAT(NamesOf(*chain[0], GEN_IPADD), ElementsAre("127.0.0.1", "::1"));
}

TEST_F(StreamIdentityTest, TakesACertificateWithItsChain) {
  const CertificateAndKey pair = ca_.Issue(StreamRole::kAgent);
  WriteAgent({pair.certificate_pem + ca_.authority.Pem().certificate_pem, pair.key_pem});
  EXPECT_TRUE(Read().ok()) << Read();
}

TEST_F(StreamIdentityTest, NamesTheFileThatIsNotThere) {
  std::filesystem::remove(folder_ + "/agent-key.pem");
  EXPECT_THAT(Fault(),
              AllOf(HasSubstr("agent-key.pem: No such file"), HasSubstr("controller certs init")));
}

TEST_F(StreamIdentityTest, NamesTheFileThatHoldsSomethingElse) {
  Write("ca.pem", "hello");
  EXPECT_THAT(Fault(), HasSubstr("ca.pem: there is no PEM certificate in it"));
  WriteAll();
  Write("agent.pem", ca_.Issue(StreamRole::kAgent).key_pem);
  EXPECT_THAT(Fault(), HasSubstr("agent.pem: there is no PEM certificate in it"));
  WriteAll();
  Write("agent-key.pem", "");
  EXPECT_THAT(Fault(), HasSubstr("agent-key.pem: there is no PEM key"));
}

TEST_F(StreamIdentityTest, AKeyOfAnotherCertificateIsNone) {
  Write("agent-key.pem", ca_.Issue(StreamRole::kAgent).key_pem);
  EXPECT_THAT(Fault(),
              AllOf(HasSubstr("agent-key.pem: it is not the key of"), EndsWith("agent.pem")));
  EXPECT_THAT(Fault(), Not(HasSubstr("PRIVATE")));
}

TEST_F(StreamIdentityTest, ACertificateOfAnotherCaIsSaid) {
  WriteAgent(TestAuthority().Issue(StreamRole::kAgent));
  EXPECT_THAT(Fault(), AllOf(HasSubstr("agent.pem: the certificate is not signed by the CA in"),
                             EndsWith("/ca.pem")));
}

TEST_F(StreamIdentityTest, ACertificateOutOfItsTimeIsSaid) {
  EXPECT_THAT(Fault(absl::Now() + absl::Hours(2)),
              HasSubstr("agent.pem: the certificate has expired, on 20"));
  EXPECT_THAT(Fault(absl::Now() - absl::Hours(2)),
              HasSubstr("agent.pem: the certificate is not valid before 20"));
}

TEST_F(StreamIdentityTest, ACaOutOfItsTimeIsSaid) {
  WriteAgent(
      ca_.Issue(StreamRole::kAgent, TestAuthority::FromNow(-absl::Hours(1), absl::Hours(9))));
  EXPECT_THAT(Fault(absl::Now() + absl::Hours(4)),
              AllOf(HasSubstr("the CA of "), HasSubstr("has expired")));
}

TEST_F(StreamIdentityTest, ACertificateOfTheOtherRoleIsSaid) {
  WriteAgent(ca_.Issue(StreamRole::kController));
  EXPECT_THAT(Fault(), AllOf(HasSubstr("not for the role agent"), HasSubstr("rampart://agent"),
                             HasSubstr("only rampart://controller")));
  WriteAgent(ca_.Issue(std::vector<std::string>{}));
  EXPECT_THAT(Fault(), HasSubstr("not for the role agent"));
}

TEST_F(StreamIdentityTest, ACertificateThatAnAgentSignedIsNone) {
  // An agent's own certificate in the place of a CA's: OpenSSL does not let it sign.
  const CertificateAndKey agent = ca_.Issue(StreamRole::kAgent);
  Write("ca.pem", agent.certificate_pem);
  EXPECT_THAT(Fault(), HasSubstr("is not signed by the CA"));
}

TEST(TlsFlags, AreNothingWhenNoneIsGiven) {
  const auto files = FilesOf({}, StreamRole::kAgent);
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_FALSE(files->has_value());
}

TEST(TlsFlags, AFolderHasTheFilesOfARoleAndEachCanBeAnother) {
  const auto files =
      FilesOf({.folder = "/certs/", .files = {.key = "/run/key.pem"}}, StreamRole::kController);
  ASSERT_TRUE(files.ok() && *files) << files.status();
  EXPECT_EQ((*files)->ca, "/certs/ca.pem");
  EXPECT_EQ((*files)->certificate, "/certs/controller.pem");
  EXPECT_EQ((*files)->key, "/run/key.pem");
}

TEST(TlsFlags, SomeOfTheFilesAreTooFew) {
  const auto files = FilesOf({.files = {.ca = "ca.pem"}}, StreamRole::kAgent);
  EXPECT_THAT(std::string(files.status().message()),
              HasSubstr("--tls-cert and --tls-key FILE is missing"));
}

TEST(TlsFlags, TheDefaultFolderIsTheUsersOwn) {
  setenv("XDG_CONFIG_HOME", "/config", 1);
  EXPECT_EQ(DefaultCertificateFolder(), "/config/rampart/certs");
  EXPECT_EQ((*FilesOf({.folder = ""}, StreamRole::kAgent))->key,
            "/config/rampart/certs/agent-key.pem");
  unsetenv("XDG_CONFIG_HOME");
  setenv("HOME", "/home/me", 1);
  EXPECT_EQ(DefaultCertificateFolder(), "/home/me/.config/rampart/certs");
  unsetenv("HOME");
  EXPECT_FALSE(FilesOf({.folder = ""}, StreamRole::kAgent).ok());
}

TEST(Authority, HostsAreNamesOrAddresses) {
  for (const char* host : {"load.example", "localhost", "*.pods.cluster.local", "10.0.0.1", "::1",
                           "fe80::1", "a_b", "xn--bcher-kva.example"}) {
    EXPECT_TRUE(CheckHost(host).ok()) << host;
  }
  for (const char* host : {"", ".", "a..b", "a.", "*", "a b", "10.0.0.300", "a,DNS:b", "http://a",
                           "host:4000", "a*.b"}) {
    EXPECT_FALSE(CheckHost(host).ok()) << host;
  }
  EXPECT_FALSE(CheckHost(std::string(64, 'a')).ok());
}

}  // namespace
}  // namespace rampart
