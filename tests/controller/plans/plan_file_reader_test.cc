// The files that a plan names are read, or said to be missing where the plan names them.
#include "controller/plans/plan_file_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "common/plan/plan_files.h"
#include "controller/plans/plan_source.h"

namespace rampart::controller {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

namespace fs = std::filesystem;

class PlanFileReader : public testing::Test {
 protected:
  PlanFileReader() {
    char path[] = "/tmp/rampart_test_XXXXXX";
    folder_ = mkdtemp(path);
  }
  ~PlanFileReader() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }

  // A plan with these feeds and these multipart parts, found as a file in the folder `plans`.
  LoadedPlan Read(const std::string& feeds, const std::string& parts = "") {
    Write("plans/plan.yaml", "name: p\nfeeds:\n" + feeds +
                                 "scenarios:\n  one:\n    load: { constant_users: { users: 1, "
                                 "duration: 1s } }\n    steps:\n      - sleep: 1s\n" +
                                 parts);
    const auto source = FindPlan(folder_ + "/plans/plan.yaml");
    EXPECT_TRUE(source.ok()) << source.status();
    LoadedPlan loaded = LoadPlan(source->text, "plan.yaml", {});
    EXPECT_TRUE(loaded.ok()) << loaded.FaultText();
    ReadPlanFiles(source->folder, &loaded);
    return loaded;
  }

  std::string folder_;
};

TEST_F(PlanFileReader, ReadsEachFileOnceRelativeToThePlan) {
  const std::string bytes("id\n\0\r\n\xff", 7);
  Write("plans/users.csv", "name\nann\n");
  Write("plans/data/picture.bin", bytes);
  Write("shared.jsonl", "{}\n");
  const LoadedPlan loaded = Read(
      "  users: users.csv\n  again: { file: users.csv, order: random }\n  up: ../shared.jsonl\n"
      "  whole: " +
          folder_ + "/shared.jsonl\n",
      "      - http: { post: http://h/, multipart: { picture: { file: data/picture.bin } } }\n");
  ASSERT_TRUE(loaded.ok()) << loaded.FaultText();
  ASSERT_EQ(loaded.files.size(), 4);
  const PlanFiles files(loaded.files);
  ASSERT_NE(files.Find("users.csv"), nullptr);
  EXPECT_EQ(*files.Find("users.csv"), "name\nann\n");
  EXPECT_EQ(*files.Find("data/picture.bin"), bytes);
  EXPECT_EQ(*files.Find("../shared.jsonl"), "{}\n");
  EXPECT_EQ(*files.Find(folder_ + "/shared.jsonl"), "{}\n");
  EXPECT_EQ(files.Find("users"), nullptr);
}

TEST_F(PlanFileReader, WhatCannotBeReadIsAFaultAtItsPlaceInThePlan) {
  Write("plans/folder.csv/file", "");
  const LoadedPlan loaded =
      Read("  users: users.csv\n  more: folder.csv\n",
           "      - http: { post: http://h/, multipart: { picture: { file: picture.png } } }\n");
  EXPECT_EQ(loaded.FaultText(),
            "plan.yaml:3:3: feed file users.csv: No such file or directory\n"
            "plan.yaml:4:3: feed file folder.csv: not a regular file\n"
            "plan.yaml:10:47: part `picture`: file picture.png: No such file or directory\n");
}

TEST_F(PlanFileReader, AllFilesTogetherHaveALimit) {
  Write("plans/a.csv", "");
  fs::resize_file(folder_ + "/plans/a.csv", PlanFiles::kMaxBytes - 10);
  Write("plans/b.jsonl", "0123456789");
  Write("plans/c.csv", "x");
  const LoadedPlan loaded = Read("  a: a.csv\n  b: b.jsonl\n  c: c.csv\n");
  EXPECT_THAT(loaded.FaultText(), StartsWith("plan.yaml:5:3: feed file c.csv: too large: "));
  EXPECT_THAT(loaded.FaultText(), testing::Not(HasSubstr("feed file b.jsonl: too large")));
  EXPECT_THAT(loaded.FaultText(), HasSubstr("32 MiB"));
}

TEST_F(PlanFileReader, ABadLineOfAFeedIsAFaultOfThePlan) {
  Write("plans/users.csv", "name,n\nann,1\nbob\n");
  Write("plans/orders.jsonl", "{}\n{\n");
  EXPECT_THAT(Read("  users: users.csv\n  again: users.csv\n  gone: gone.csv\n"
                   "  orders: orders.jsonl\n")
                  .FaultText(),
              testing::AllOf(
                  HasSubstr("plan.yaml:5:3: feed file gone.csv: No such file or directory\n"
                            "plan.yaml:3:3: feed file users.csv:3: 1 field where the head line has "
                            "2\n"
                            "plan.yaml:6:3: feed file orders.jsonl:2: not JSON: "),
                  testing::Not(HasSubstr("4:3"))));
}

TEST_F(PlanFileReader, ABuiltInPlanHasNoFolder) {
  EXPECT_FALSE(FindPlan("smoke")->folder.has_value());
  LoadedPlan loaded = LoadPlan("name: p\nfeeds: { users: users.csv }\nscenarios: {}\n", "p", {});
  ReadPlanFiles(std::nullopt, &loaded);
  EXPECT_THAT(loaded.FaultText(), HasSubstr("p:2:10: feed file users.csv: a built-in plan has no"));
}

}  // namespace
}  // namespace rampart::controller
