// A controller that is killed and resumed with 10,000 users, one that is killed at every write to
// its journal, and a disk that is full.
#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "controller/journal/journal_reader.h"
#include "rampart/v1/journal.pb.h"
#include "tests/faults/cluster/cluster.h"
#include "tests/faults/cluster/delta_proxy.h"
#include "tests/support/process.h"

namespace rampart::faults {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr int kKilled = 128 + SIGKILL;

class KilledController : public Cluster {
 protected:
  void KillAndResumeAfter(seconds down) {
    ASSERT_NO_FATAL_FAILURE(WaitForUsers());
    run_->Signal(SIGKILL);
    const Time killed = Clock::now();
    EXPECT_EQ(run_->Wait(), kKilled);
    std::this_thread::sleep_until(killed + down);
    Measured("users at the target before `controller resume`",
             static_cast<double>(target().Now().Sum().open), "");
    const Time resumed = Clock::now();
    run_ = std::make_unique<LoggedProcess>(
        std::vector<std::string>{kController, "resume", run_dir(), "--plain"});
    const auto ready = run_->WaitFor("listening again", seconds(20));
    ASSERT_TRUE(ready);
    Measured("ready after", SecondsBetween(resumed, *ready));
    EXPECT_LE(SecondsBetween(resumed, *ready), 2);
    const auto back = target().WaitFor(
        "all users", [](const Look& look) { return look.Sum().open >= kUsers; }, seconds(30));
    ASSERT_TRUE(back) << run_->text();
    Measured("users at 10,000 after", SecondsBetween(resumed, back->at));
    EXPECT_LE(SecondsBetween(resumed, back->at), 5);
    EXPECT_EQ(run_->Wait(), kPass) << run_->text();
    EXPECT_THAT(run_->text(), HasSubstr("the controller was restarted 1 time"));
    ExpectCountsAgree();
    EXPECT_EQ(target().Now().users_twice, 0u);
    EXPECT_EQ(target().Now().stale_messages, 0u);
  }
};

// Within the lease: nobody at the target notices.
TEST_F(KilledController, IsBackAfter5Seconds) {
  Launch({.hold_s = 16});
  KillAndResumeAfter(seconds(5));
  EXPECT_EQ(target().Now().Sum().opened, kUsers);
}

// Past it: the agents have parked.
TEST_F(KilledController, IsBackAfter27Seconds) {
  Launch({.hold_s = 40});
  KillAndResumeAfter(seconds(27));
}

// A small run again and again, killed at its first write, its second, ... until it has no more:
// before the write, or in the middle of it, in turn.
TEST(KilledAtEveryWrite, ItAlwaysRecovers) {
  constexpr int kAtATime = 6;
  constexpr int kMostWrites = 200;
  struct Attempt {
    explicit Attempt(int number)
        : how(number % 2 == 0 ? "kill" : "half"),
          point("write:" + std::to_string(number) + ":" + how),
          chat(kChat) {
      char path[] = "/tmp/rampart_run_XXXXXX";
      folder = mkdtemp(path);
      run = std::make_unique<LoggedProcess>(std::vector<std::string>{"/usr/bin/env",
                                                                     "LD_PRELOAD=" FAILPOINT,
                                                                     "RAMPART_FAILPOINT=" + point,
                                                                     kController,
                                                                     "start",
                                                                     "--plan",
                                                                     "smoke",
                                                                     "--agents",
                                                                     "2",
                                                                     "-e",
                                                                     "DURATION=2s",
                                                                     "-e",
                                                                     "API_URL=" + chat.http(),
                                                                     "-e",
                                                                     "WS_URL=" + chat.websocket(),
                                                                     "--plain",
                                                                     "--run-dir",
                                                                     folder + "/run",
                                                                     "--out",
                                                                     folder + "/summary.json"});
    }
    ~Attempt() { fs::remove_all(folder); }

    std::string how;
    std::string point;
    ChatServer chat;
    std::string folder;
    std::unique_ptr<LoggedProcess> run;
    std::unique_ptr<LoggedProcess> resumed;
  };
  int killed = 0;
  int before_the_run = 0;
  bool no_more = false;
  for (int next = 1; !no_more && next < kMostWrites; next += kAtATime) {
    std::vector<std::unique_ptr<Attempt>> attempts;
    for (int i = 0; i < kAtATime; ++i) attempts.push_back(std::make_unique<Attempt>(next + i));
    for (const auto& attempt : attempts) {
      const int code = attempt->run->Wait();
      if (code == kPass) {
        no_more = true;
        continue;
      }
      ASSERT_EQ(code, kKilled) << attempt->point << attempt->run->text();
      ++killed;
      attempt->resumed = std::make_unique<LoggedProcess>(
          std::vector<std::string>{kController, "resume", attempt->folder + "/run", "--plain"});
    }
    for (const auto& attempt : attempts) {
      if (attempt->resumed != nullptr) {
        const int code = attempt->resumed->Wait();
        if (attempt->resumed->Said("holds no run")) {
          // Before it was known to be a run nothing was started either.
          EXPECT_EQ(code, 104) << attempt->point;
          EXPECT_EQ(attempt->chat.Count("ws_connections_opened"), 0u) << attempt->point;
          ++before_the_run;
          continue;
        }
        EXPECT_EQ(code, kPass) << attempt->point << attempt->run->text()
                               << attempt->resumed->text();
      }
      const Json summary(attempt->folder + "/summary.json");
      ASSERT_EQ(summary.error, simdjson::SUCCESS) << attempt->point;
      const auto ours = [&](const std::string& metric) {
        return summary.Number("/metrics/" + metric + "/values/count");
      };
      // The first question to the target: it counts them.
      const uint64_t requests = attempt->chat.Count("http_requests_total") - 1;
      const uint64_t sockets = attempt->chat.Count("ws_connections_opened");
      EXPECT_EQ(ours("http_reqs"), static_cast<double>(requests - sockets)) << attempt->point;
      EXPECT_EQ(ours("ws_sessions"), static_cast<double>(sockets)) << attempt->point;
      EXPECT_EQ(ours("ws_msgs_sent"),
                static_cast<double>(attempt->chat.Count("ws_messages_received")))
          << attempt->point;
    }
  }
  EXPECT_TRUE(no_more);
  std::printf("measured: killed at each of %d writes, %d of them before there was a run\n", killed,
              before_the_run);
}

// A disk of this process's own, so small that it is full in the middle of the run.
class FullDisk : public Cluster {
 protected:
  ~FullDisk() override {
    if (mounted_) umount2(disk().c_str(), MNT_DETACH);
  }
  std::string disk() const { return folder_ + "/disk"; }
  bool Mount(const char* options) {
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return false;
    }
    fs::create_directory(disk());
    mounted_ = mount("tmpfs", disk().c_str(), "tmpfs", 0, options) == 0;
    return mounted_;
  }

 private:
  bool mounted_ = false;
};

TEST_F(FullDisk, NothingIsAcknowledgedThatIsNotKeptAndTheReportIsWritten) {
  if (!Mount("size=48k")) GTEST_SKIP() << "a small disk needs root";
  run_dir_ = disk() + "/run";
  ASSERT_NO_FATAL_FAILURE(WaitOnLoopback({.hold_s = 120}));
  DeltaProxy proxy(controller_, [](const std::string&, uint64_t) { return Trouble::kNone; });
  StartAgentsOnLoopback(proxy.address());
  ASSERT_NO_FATAL_FAILURE(WaitForUsers());
  const auto failed = run_->WaitFor("No space left on device", seconds(110));
  ASSERT_TRUE(failed);
  const auto idle = target().WaitFor(
      "nobody at the target", [](const Look& look) { return look.Sum().open == 0; }, seconds(20));
  ASSERT_TRUE(idle);
  Measured("target idle after the disk was full", SecondsBetween(*failed, idle->at));
  EXPECT_EQ(run_->Wait(), kInvalid) << run_->text();
  EXPECT_EQ(summary().Number("/exit_code"), kInvalid);
  EXPECT_THAT(run_->text(), HasSubstr("--run-dir"));
  for (const auto& agent : agents_) EXPECT_EQ(agent->Wait(), 0) << agent->text();

  // What the file holds, as whoever resumes it would read it.
  auto reader = controller::JournalReader::Open(run_dir() + "/journal");
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::map<uint64_t, std::string> names;  // by connection
  std::map<std::string, uint64_t> kept;
  for (;;) {
    const auto bytes = (*reader)->Next();
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    if (!bytes->has_value()) break;
    v1::JournalRecord record;
    ASSERT_TRUE(record.ParseFromArray((*bytes)->data(), static_cast<int>((*bytes)->size())));
    if (!record.has_received()) continue;
    const v1::AgentMessage& message = record.received().message();
    const uint64_t connection = record.received().connection();
    if (message.has_hello()) names[connection] = message.hello().name();
    if (message.has_delta()) kept[names[connection]] = message.delta().sequence();
  }
  for (const auto& [name, said] : proxy.records()) {
    Measured(name + " was told that deltas are kept up to", static_cast<double>(said.acknowledged),
             "");
    Measured("and the disk has them up to", static_cast<double>(kept[name]), "");
    EXPECT_GT(said.acknowledged, 0u) << name;
    EXPECT_LE(said.acknowledged, kept[name]) << name;
    EXPECT_GT(said.deltas.rbegin()->first, said.acknowledged) << name;
  }
  // What was measured is in the report nevertheless: the run was ended in order.
  EXPECT_EQ(Ours("ws_msgs_sent"), static_cast<double>(target().Now().Sum().received));
}

}  // namespace
}  // namespace rampart::faults
