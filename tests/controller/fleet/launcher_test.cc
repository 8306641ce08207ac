// Real processes: shell scripts in the place of agents.
#include "controller/fleet/launcher.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <fstream>
#include <map>
#include <mutex>

#include "controller/fleet/machine.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rampart::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LauncherTest : public testing::Test {
 protected:
  // agent-1, agent-2, ...; the script knows its name as $1.
  LauncherOptions Options(const std::string& script, int agents = 1) {
    path_ = testing::TempDir() + "/rampart_launcher_" + std::to_string(getpid());
    std::ofstream(path_) << "#!/bin/sh\n" << script;
    chmod(path_.c_str(), 0700);
    LauncherOptions options;
    for (int i = 1; i <= agents; ++i) {
      const std::string name = "agent-" + std::to_string(i);
      options.processes.push_back({name, path_, {name, "second word"}});
    }
    options.on_line = [this](const std::string& agent, const std::string& line) {
      const std::lock_guard lock(mutex_);
      lines_[agent].push_back(line);
      changed_.notify_all();
    };
    options.on_exit = [this](ProcessExited exited) {
      const std::lock_guard lock(mutex_);
      exits_[exited.agent] = exited.how;
      changed_.notify_all();
    };
    return options;
  }
  ~LauncherTest() override { unlink(path_.c_str()); }

  void WaitForExits(size_t count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return exits_.size() == count; }));
  }
  void WaitForLine(const std::string& agent) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return !lines_[agent].empty(); }));
  }

  std::string path_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::vector<std::string>> lines_;
  std::map<std::string, std::string> exits_;
};

TEST_F(LauncherTest, StartsAgentsByNameAndHandsOnWhatTheyWriteAndHowTheyEnd) {
  const auto launcher = Launcher::Start(
      Options("echo \"$@\" >&2; printf 'cut off'; [ $1 = agent-1 ] && exit 3; kill -KILL $$\n", 2));
  ASSERT_TRUE(launcher.ok()) << launcher.status();
  WaitForExits(2);
  const std::lock_guard lock(mutex_);
  EXPECT_THAT(lines_["agent-1"], ElementsAre("agent-1 second word", "cut off"));
  EXPECT_THAT(lines_["agent-2"], ElementsAre("agent-2 second word", "cut off"));
  EXPECT_EQ(exits_["agent-1"], "exit status 3");
  EXPECT_EQ(exits_["agent-2"], "killed by SIGKILL");
}

TEST_F(LauncherTest, EachAgentHasAProcessGroupOfItsOwn) {
  auto launcher = Launcher::Start(Options("echo up; exec sleep 60\n", 2));
  ASSERT_TRUE(launcher.ok()) << launcher.status();
  WaitForLine("agent-1");
  WaitForLine("agent-2");
  for (const pid_t pid : (*launcher)->pids()) EXPECT_EQ(getpgid(pid), pid);
  (*launcher)->Terminate();
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(exits_["agent-1"], "killed by SIGTERM");
  EXPECT_EQ(exits_["agent-2"], "killed by SIGTERM");
}

TEST_F(LauncherTest, TerminateKillsWhatDoesNotListenAndReapsIt) {
  LauncherOptions options = Options("trap '' TERM; echo up; exec sleep 60\n");
  options.term_ns = 50'000'000;
  auto launcher = Launcher::Start(options);
  ASSERT_TRUE(launcher.ok()) << launcher.status();
  WaitForLine("agent-1");
  const pid_t pid = (*launcher)->pids()[0];
  (*launcher)->Terminate();
  EXPECT_EQ(exits_["agent-1"], "killed by SIGKILL");
  EXPECT_EQ(kill(pid, 0), -1) << "not reaped";
}

TEST_F(LauncherTest, LongLinesAreCut) {
  const auto launcher = Launcher::Start(Options("head -c 10000 /dev/zero | tr '\\0' x; echo\n"));
  ASSERT_TRUE(launcher.ok()) << launcher.status();
  WaitForExits(1);
  const std::lock_guard lock(mutex_);
  ASSERT_EQ(lines_["agent-1"].size(), 3u);
  EXPECT_EQ(lines_["agent-1"][0].size(), Launcher::kMaxLineBytes);
}

TEST_F(LauncherTest, AProgramThatIsNotThereIsAnErrorWithItsName) {
  LauncherOptions options = Options("");
  options.processes[0].program = "/nowhere/agent";
  const auto launcher = Launcher::Start(options);
  ASSERT_FALSE(launcher.ok());
  EXPECT_THAT(launcher.status().message(), HasSubstr("/nowhere/agent"));
}

// As after a controller was killed: the processes are somebody else's children.
TEST_F(LauncherTest, AdoptedProcessesAreWatchedAndEnded) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t sleeper = fork();
  if (sleeper == 0) {
    close(pipe_ends[1]);
    pause();
    _exit(0);
  }
  const pid_t ending = fork();
  if (ending == 0) {
    char byte;
    close(pipe_ends[1]);
    [[maybe_unused]] const ssize_t got = read(pipe_ends[0], &byte, 1);
    _exit(0);
  }
  LauncherOptions options = Options("");
  options.processes.clear();
  options.adopted = {{"sleeper", sleeper, ProcessStart(sleeper)},
                     {"ending", ending, ProcessStart(ending)},
                     {"another", sleeper, ProcessStart(sleeper) + 1}};
  auto launcher = Launcher::Start(std::move(options));
  ASSERT_TRUE(launcher.ok());
  WaitForExits(1);
  EXPECT_THAT(exits_["another"], HasSubstr("not there"));
  close(pipe_ends[1]);
  WaitForExits(2);
  EXPECT_THAT(exits_["ending"], HasSubstr("nobody saw how"));
  (*launcher)->Terminate();
  WaitForExits(3);
  int status = 0;
  EXPECT_EQ(waitpid(sleeper, &status, 0), sleeper);
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  waitpid(ending, nullptr, 0);
  close(pipe_ends[0]);
}

}  // namespace
}  // namespace rampart::controller
