// One controller a run.
#include "controller/journal/run_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rampart::controller {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class RunDirectoryTest : public testing::Test {
 protected:
  RunDirectoryTest() {
    char path[] = "/tmp/rampart_runs_XXXXXX";
    root_ = mkdtemp(path);
  }
  ~RunDirectoryTest() override { fs::remove_all(root_); }

  std::string root_;
};

TEST_F(RunDirectoryTest, IsMadeForItsOwnerOnlyAndGoesWithItsJournal) {
  const std::string path = root_ + "/a/b";
  auto directory = RunDirectory::Make(path);
  ASSERT_TRUE(directory.ok()) << directory.status();
  struct stat about;
  ASSERT_EQ(stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0700u);
  std::ofstream(directory->journal()) << "x";
  directory->Clear();
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(RunDirectoryTest, WhatSomebodyElsePutThereStays) {
  auto directory = RunDirectory::Make(root_);
  ASSERT_TRUE(directory.ok());
  std::ofstream(root_ + "/notes") << "x";
  directory->Clear();
  EXPECT_TRUE(fs::exists(root_ + "/notes"));
}

TEST_F(RunDirectoryTest, TwoControllersAreRefused) {
  std::optional<RunDirectory> first(*RunDirectory::Make(root_));
  EXPECT_THAT(std::string(RunDirectory::Make(root_).status().message()),
              HasSubstr("controller is still there"));
  std::ofstream(first->journal()) << "x";
  EXPECT_THAT(std::string(RunDirectory::Open(root_).status().message()),
              HasSubstr("controller is still there"));
  first.reset();
  EXPECT_TRUE(RunDirectory::Open(root_).ok());
}

TEST_F(RunDirectoryTest, AJournalIsNotWrittenOver) {
  std::ofstream(root_ + "/journal") << "x";
  EXPECT_THAT(std::string(RunDirectory::Make(root_).status().message()),
              HasSubstr("controller resume " + root_));
}

TEST_F(RunDirectoryTest, WithoutAJournalThereIsNothingToGoOnWith) {
  EXPECT_THAT(std::string(RunDirectory::Open(root_).status().message()),
              HasSubstr("holds no journal"));
  EXPECT_FALSE(RunDirectory::Make("/proc/nowhere/at/all").ok());
}

TEST_F(RunDirectoryTest, TheDefaultIsNamedAfterTimeAndPlan) {
  setenv("XDG_STATE_HOME", root_.c_str(), 1);
  const auto path = RunDirectory::DefaultPath("../a plan", 1'700'000'000'123'000'000);
  unsetenv("XDG_STATE_HOME");
  ASSERT_TRUE(path.ok());
  EXPECT_EQ(*path, root_ + "/rampart/runs/2023-11-14T22-13-20.123Z-___a_plan");
}

}  // namespace
}  // namespace rampart::controller
