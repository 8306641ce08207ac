#include "controller/commands/secret_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace rampart::controller {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class SecretReader : public testing::Test {
 protected:
  SecretReader() {
    char path[] = "/tmp/rampart_secret_XXXXXX";
    close(mkstemp(path));
    path_ = path;
  }
  ~SecretReader() override { unlink(path_.c_str()); }

  std::string InFile(const std::string& content) {
    std::ofstream(path_, std::ios::binary) << content;
    return "file:" + path_;
  }
  static std::string ValueOf(const std::string& reference) {
    const auto secrets = ReadSecrets({"X=" + reference});
    EXPECT_TRUE(secrets.ok()) << secrets.status();
    return secrets.ok() ? secrets->at(0).value() : "";
  }
  static std::string FaultOf(const std::vector<std::string>& references) {
    const auto secrets = ReadSecrets(references);
    EXPECT_FALSE(secrets.ok());
    EXPECT_TRUE(absl::IsInvalidArgument(secrets.status()));
    return std::string(secrets.status().message());
  }

  std::string path_;
};

TEST_F(SecretReader, ValuesComeFromTheEnvironmentAndFromFiles) {
  setenv("RAMPART_TEST_SECRET", "of the environment", 1);
  const auto secrets = ReadSecrets(
      {"A=env:RAMPART_TEST_SECRET", "B=" + InFile("of a file\n"), "C=env:RAMPART_TEST_SECRET"});
  ASSERT_TRUE(secrets.ok()) << secrets.status();
  ASSERT_THAT(*secrets, SizeIs(3));
  EXPECT_EQ(secrets->at(0).name(), "A");
  EXPECT_EQ(secrets->at(0).value(), "of the environment");
  EXPECT_EQ(secrets->at(1).value(), "of a file");
  EXPECT_EQ(secrets->at(2).value(), "of the environment");
}

TEST_F(SecretReader, NoProcessThatIsStartedLaterHasThemInItsEnvironment) {
  setenv("RAMPART_TEST_SECRET", "gone", 1);
  ASSERT_TRUE(ReadSecrets({"A=env:RAMPART_TEST_SECRET"}).ok());
  EXPECT_EQ(std::getenv("RAMPART_TEST_SECRET"), nullptr);
}

TEST_F(SecretReader, OneLineEndAtTheEndOfAFileIsNotItsValue) {
  EXPECT_EQ(ValueOf(InFile("a\r\n")), "a");
  EXPECT_EQ(ValueOf(InFile("a\n\n")), "a\n");
  EXPECT_EQ(ValueOf(InFile("a\nb")), "a\nb");
  EXPECT_EQ(ValueOf(InFile("a\r")), "a\r");
}

TEST_F(SecretReader, ValuesHaveLimits) {
  const std::string most(kMaxSecretBytes, 'x');
  EXPECT_EQ(ValueOf(InFile(most + "\n")), most);
  EXPECT_THAT(FaultOf({"X=" + InFile(most + "x")}), HasSubstr("more than 65536 bytes"));
  EXPECT_THAT(FaultOf({"X=" + InFile(std::string("can\0ary", 7))}),
              AllOf(HasSubstr("a NUL byte"), Not(HasSubstr("ary"))));
  EXPECT_THAT(FaultOf({"X=" + InFile("\n")}), HasSubstr("it is empty"));
  EXPECT_THAT(FaultOf(std::vector<std::string>(kMaxSecrets + 1, "X=env:PATH")),
              HasSubstr("more than 100"));
}

TEST_F(SecretReader, AFaultNamesTheReferenceAndNeverAValue) {
  EXPECT_EQ(FaultOf({"X=env:RAMPART_TEST_NOT_THERE"}),
            "--secret X=env:RAMPART_TEST_NOT_THERE: there is no variable RAMPART_TEST_NOT_THERE in "
            "the environment");
  EXPECT_EQ(FaultOf({"X=file:/not/there"}),
            "--secret X=file:/not/there: /not/there: No such file or directory");
  EXPECT_THAT(FaultOf({"X=file:/tmp"}), HasSubstr("Is a directory"));
  // Somebody gave the value itself.
  EXPECT_THAT(FaultOf({"X=canary"}), AllOf(HasSubstr("--secret X"), Not(HasSubstr("canary"))));
  for (const char* text : {"canary", "=env:PATH", "no-name=env:PATH", "end=env:PATH"}) {
    EXPECT_THAT(FaultOf({"Y=env:PATH", text}),
                AllOf(HasSubstr("--secret number 2 is no NAME=env:VAR"), Not(HasSubstr("canary"))));
  }
  setenv("RAMPART_TEST_SECRET", "canary", 1);
  EXPECT_THAT(FaultOf({"X=env:RAMPART_TEST_SECRET", "X=file:/x"}),
              AllOf(HasSubstr("X is there twice"), Not(HasSubstr("canary"))));
}

}  // namespace
}  // namespace rampart::controller
