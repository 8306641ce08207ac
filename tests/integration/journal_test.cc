// A controller that is killed, and whose disk fails, with real processes: what the report says
// equals what the chat server counted, or says why not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "controller/journal/journal_file.h"
#include "controller/journal/journal_reader.h"
#include "rampart/v1/journal.pb.h"
#include "tests/integration/run_support.h"
#include "tests/support/chat_server.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

constexpr int kKilled = 128 + SIGKILL;
constexpr int kInvalid = 113;

// A run against a chat server of its own, with its journal in a folder of its own.
class JournalTest : public testing::Test {
 protected:
  JournalTest() : chat_(kChat) {
    char path[] = "/tmp/rampart_run_XXXXXX";
    folder_ = mkdtemp(path);
  }
  ~JournalTest() override { fs::remove_all(folder_); }

  std::string run_dir() const { return folder_ + "/run"; }
  std::string journal() const { return run_dir() + "/journal"; }
  std::string out() const { return folder_ + "/summary.json"; }

  // `failpoint` as in failpoint.cc, or empty.
  std::vector<std::string> Start(const std::string& failpoint, const std::string& duration,
                                 const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"/usr/bin/env"};
    if (!failpoint.empty()) {
      words.insert(words.end(), {"LD_PRELOAD=" FAILPOINT, "RAMPART_FAILPOINT=" + failpoint,
                                 "ASAN_OPTIONS=verify_asan_link_order=0"});
    }
    words.insert(words.end(), {kController, "start", "--plan", "smoke", "--agents", "2", "-e",
                               "DURATION=" + duration, "-e", "API_URL=" + chat_.http(), "-e",
                               "WS_URL=" + chat_.websocket(), "--plain", "--run-dir", run_dir(),
                               "--out", out()});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::vector<std::string> Resume() const { return {kController, "resume", run_dir(), "--plain"}; }

  // Ours and the target's, to the last one. The first question to the target: it counts them.
  void ExpectCountsAgree() const {
    const uint64_t requests = chat_.Count("http_requests_total") - 1;
    const uint64_t sockets = chat_.Count("ws_connections_opened");
    EXPECT_EQ(Ours("http_reqs"), static_cast<double>(requests - sockets));
    ExpectSocketsAgree();
  }
  void ExpectSocketsAgree() const {
    const uint64_t sockets = chat_.Count("ws_connections_opened");
    EXPECT_GT(sockets, 0u);
    EXPECT_EQ(Ours("ws_sessions"), static_cast<double>(sockets));
    EXPECT_EQ(Ours("ws_msgs_sent"), static_cast<double>(chat_.Count("ws_messages_received")));
    EXPECT_EQ(Ours("ws_msgs_received"), static_cast<double>(chat_.Count("ws_messages_sent")));
  }
  double Ours(const std::string& metric) const {
    const Json summary(out());
    EXPECT_EQ(summary.error, simdjson::SUCCESS);
    return summary.error == simdjson::SUCCESS
               ? summary.Number("/metrics/" + metric + "/values/count")
               : -1;
  }

  ChatServer chat_;
  std::string folder_;
};

std::vector<int> Children(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  std::vector<int> children;
  for (int child = 0; file >> child;) children.push_back(child);
  return children;
}

TEST_F(JournalTest, AKilledControllerIsResumedAndNothingIsLostOrTwice) {
  Process run(Start("fdatasync:20:kill", "6s"));
  EXPECT_EQ(run.Wait(), kKilled) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("controller resume " + run_dir()));
  Process resumed(Resume());
  EXPECT_EQ(resumed.Wait(), 0) << run.text() << resumed.text();
  EXPECT_THAT(resumed.text(), HasSubstr("the controller was restarted 1 time"));
  EXPECT_THAT(resumed.text(), HasSubstr("PASS"));
  ExpectCountsAgree();
  EXPECT_FALSE(fs::exists(run_dir()));
}

TEST_F(JournalTest, ItMayBeKilledAgainAndAgain) {
  Process run(Start("fdatasync:15:kill", "8s"));
  EXPECT_EQ(run.Wait(), kKilled) << run.text();
  for (int i = 0; i < 2; ++i) {
    std::vector<std::string> words = {"/usr/bin/env", "LD_PRELOAD=" FAILPOINT,
                                      "RAMPART_FAILPOINT=fdatasync:6:kill",
                                      "ASAN_OPTIONS=verify_asan_link_order=0"};
    for (const std::string& word : Resume()) words.push_back(word);
    Process again(words);
    EXPECT_EQ(again.Wait(), kKilled) << again.text();
  }
  Process resumed(Resume());
  EXPECT_EQ(resumed.Wait(), 0) << resumed.text();
  EXPECT_THAT(resumed.text(), HasSubstr("the controller was restarted 3 times"));
  ExpectCountsAgree();
}

TEST_F(JournalTest, TheDemosTargetIsTakenOver) {
  Process run({"/usr/bin/env", "LD_PRELOAD=" FAILPOINT, "RAMPART_FAILPOINT=fdatasync:18:kill",
               "ASAN_OPTIONS=verify_asan_link_order=0", kController, "start", "--plan", "smoke",
               "--demo", "--agents", "2", "-e", "DURATION=5s", "--run-dir", run_dir(), "--out",
               out()});
  EXPECT_EQ(run.Wait(), kKilled) << run.text();
  Process resumed(Resume());
  EXPECT_EQ(resumed.Wait(), 0) << resumed.text();
  ExpectTargetAgrees(Json(out()));
}

class KilledAtAWrite : public JournalTest, public testing::WithParamInterface<std::string> {};

TEST_P(KilledAtAWrite, IsResumedWithEveryCount) {
  Process run(Start(GetParam(), "2s"));
  const int ended = run.Wait();
  if (ended == 0) return ExpectCountsAgree();  // it never wrote so often
  ASSERT_EQ(ended, kKilled) << run.text();
  Process resumed(Resume());
  const int code = resumed.Wait();
  if (resumed.text().find("holds no run") != std::string::npos) {
    // Before it was known to be a run: nothing was started either.
    EXPECT_EQ(code, 104);
    EXPECT_EQ(chat_.Count("ws_connections_opened"), 0u);
    return;
  }
  EXPECT_EQ(code, 0) << run.text() << resumed.text();
  ExpectCountsAgree();
}

std::vector<std::string> Points() {
  std::vector<std::string> points;
  for (const int at : {1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 25, 30, 40, 50}) {
    points.push_back("write:" + std::to_string(at) + (at % 2 == 0 ? ":kill" : ":half"));
  }
  return points;
}
INSTANTIATE_TEST_SUITE_P(Writes, KilledAtAWrite, testing::ValuesIn(Points()),
                         [](const auto& point) {
                           std::string name = point.param;
                           std::ranges::replace(name, ':', '_');
                           return name;
                         });

class DiskFails : public JournalTest,
                  public testing::WithParamInterface<std::pair<std::string, std::string>> {};

TEST_P(DiskFails, TheRunIsAbortedInOrderAndReported) {
  const auto& [failpoint, says] = GetParam();
  Process run(Start(failpoint, "1h"));
  EXPECT_EQ(run.Wait(), kInvalid) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("INVALID"));
  EXPECT_THAT(run.text(), HasSubstr(says));
  EXPECT_THAT(run.text(), HasSubstr(journal()));
  EXPECT_THAT(run.text(), HasSubstr("--run-dir"));
  EXPECT_EQ(Json(out()).Number("/exit_code"), kInvalid);
  EXPECT_GT(chat_.Count("ws_connections_opened"), 0u);
  EXPECT_FALSE(fs::exists(run_dir()));
}

INSTANTIATE_TEST_SUITE_P(Errors, DiskFails,
                         testing::Values(std::pair{"write:40:ENOSPC", "No space left on device"},
                                         std::pair{"fdatasync:40:EIO", "Input/output error"}),
                         [](const auto& error) {
                           return error.param.first.substr(error.param.first.size() - 3);
                         });

TEST_F(JournalTest, AFileThatMayNotGrowIsLikeAFullDisk) {
  std::string command = "ulimit -f 100; exec";  // 50 kB
  for (const std::string& word : Start("", "1h")) command += " '" + word + "'";
  Process run({"/bin/sh", "-c", command});
  EXPECT_EQ(run.Wait(), kInvalid) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("File too large"));
  EXPECT_EQ(Json(out()).Number("/exit_code"), kInvalid);
}

TEST_F(JournalTest, ADiskThatFailsBeforeTheRunStartsNothing) {
  Process run(Start("write:1:ENOSPC", "1h"));
  EXPECT_EQ(run.Wait(), 104) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("--no-journal"));
  EXPECT_EQ(chat_.Count("ws_connections_opened"), 0u);
}

TEST_F(JournalTest, AnAgentThatEndedMeanwhileIsLost) {
  Process run(Start("", "1h", {"--loss-policy", "abort"}));
  ASSERT_TRUE(chat_.WaitForCount("ws_connections_opened", 2));
  const std::vector<int> agents = Children(run.pid());
  ASSERT_EQ(agents.size(), 2u);
  run.Signal(SIGKILL);
  EXPECT_EQ(run.Wait(), kKilled);
  kill(agents[0], SIGKILL);
  Process resumed(Resume());
  EXPECT_EQ(resumed.Wait(), kInvalid) << resumed.text();
  // Seen as gone, or as one that nobody has waited for yet.
  EXPECT_THAT(resumed.text(), AnyOf(HasSubstr("while its controller was not there"),
                                    HasSubstr("another controller started it")));
}

TEST_F(JournalTest, AResumedRunCanBeInterrupted) {
  Process run(Start("", "1h"));
  ASSERT_TRUE(chat_.WaitForCount("ws_connections_opened", 2));
  run.Signal(SIGKILL);
  EXPECT_EQ(run.Wait(), kKilled);
  Process resumed(Resume());
  ASSERT_TRUE(resumed.WaitFor("listening again"));
  resumed.Signal(SIGINT);
  EXPECT_EQ(resumed.Wait(), 105) << resumed.text();
  ExpectSocketsAgree();
}

TEST_F(JournalTest, TwoControllersOfOneRunAreRefused) {
  Process run(Start("", "1h"));
  ASSERT_TRUE(run.WaitFor("controller resume"));
  Process second(Resume());
  EXPECT_NE(second.Wait(), 0);
  EXPECT_THAT(second.text(), AnyOf(HasSubstr("still there"), HasSubstr("holds no journal")));
  run.Signal(SIGINT);
  run.Signal(SIGINT);
  run.Wait();
}

TEST_F(JournalTest, WhatIsReportedIsOver) {
  Process run(Start("", "1s", {"--keep-journal"}));
  EXPECT_EQ(run.Wait(), 0) << run.text();
  EXPECT_TRUE(fs::exists(journal()));
  Process resumed(Resume());
  EXPECT_EQ(resumed.Wait(), 104);
  EXPECT_THAT(resumed.text(), HasSubstr("has ended and its report was written"));
  Process again(Start("", "1s"));
  EXPECT_NE(again.Wait(), 0);
  EXPECT_THAT(again.text(), HasSubstr("holds the journal of another run"));
}

TEST_F(JournalTest, WithoutAJournalNothingIsWritten) {
  Process run({kController, "start", "--plan", "smoke", "--agents", "2", "-e", "DURATION=1s", "-e",
               "API_URL=" + chat_.http(), "-e", "WS_URL=" + chat_.websocket(), "--no-journal",
               "--plain"});
  EXPECT_EQ(run.Wait(), 0) << run.text();
  EXPECT_THAT(run.text(), Not(HasSubstr("controller resume")));
}

TEST_F(JournalTest, SecretsAreNotInItAndAreAskedFor) {
  const std::string canary = "canary-3141592653";
  Process run(Start("fdatasync:18:kill", "4s", {"-e", "PASSWORD=" + canary}));
  EXPECT_EQ(run.Wait(), kKilled) << run.text();
  std::stringstream bytes;
  bytes << std::ifstream(journal(), std::ios::binary).rdbuf();
  EXPECT_THAT(bytes.str(), HasSubstr("PASSWORD"));
  EXPECT_THAT(bytes.str(), Not(HasSubstr(canary)));
  Process without(Resume());
  EXPECT_EQ(without.Wait(), 104);
  EXPECT_THAT(without.text(), HasSubstr("-e NAME=VALUE for any of PASSWORD"));
  std::vector<std::string> words = Resume();
  words.insert(words.end(), {"-e", "PASSWORD=" + canary});
  Process with(words);
  EXPECT_EQ(with.Wait(), 0) << with.text();
  ExpectCountsAgree();
}

// The journal of a run that was killed, with its agents, record by record.
class AnotherJournal : public JournalTest {
 protected:
  void SetUp() override {
    Process run(Start("", "1h"));
    ASSERT_TRUE(chat_.WaitForCount("ws_connections_opened", 2));
    const std::vector<int> agents = Children(run.pid());
    run.Signal(SIGKILL);
    EXPECT_EQ(run.Wait(), kKilled);
    for (const int agent : agents) kill(agent, SIGKILL);
  }
};

TEST_F(AnotherJournal, DamageIsRefusedWithItsPlace) {
  std::fstream file(journal(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(200);
  file.put('\x7f');
  file.put('\x01');
  file.close();
  Process resumed(Resume());
  EXPECT_EQ(resumed.Wait(), 1) << resumed.text();
  EXPECT_THAT(resumed.text(), HasSubstr("the record at byte 41 cannot be read"));
  EXPECT_TRUE(fs::exists(journal()));
}

TEST_F(AnotherJournal, AfterABootThereIsOnlyAReport) {
  {
    auto reader = controller::JournalReader::Open(journal());
    ASSERT_TRUE(reader.ok()) << reader.status();
    auto copy = controller::JournalFile::Begin(*controller::JournalDisk::Create(folder_ + "/copy"));
    ASSERT_TRUE(copy.ok());
    for (bool first = true;; first = false) {
      const auto bytes = (*reader)->Next();
      ASSERT_TRUE(bytes.ok()) << bytes.status();
      if (!bytes->has_value()) break;
      std::string record(**bytes);
      if (first) {
        v1::JournalRecord meta;
        ASSERT_TRUE(meta.ParseFromString(record));
        meta.mutable_meta()->set_boot_id("another");
        record = meta.SerializeAsString();
      }
      ASSERT_TRUE((*copy)->Append(record).ok());
    }
    ASSERT_TRUE((*copy)->Sync().ok());
  }
  fs::rename(folder_ + "/copy", journal());
  Process resumed(Resume());
  EXPECT_EQ(resumed.Wait(), kInvalid) << resumed.text();
  EXPECT_THAT(resumed.text(), HasSubstr("the machine was started anew"));
  EXPECT_EQ(Json(out()).Number("/exit_code"), kInvalid);
}

}  // namespace
}  // namespace rampart
