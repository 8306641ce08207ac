// The tree keeps to its rules: who may include what.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace rampart {
namespace {

namespace fs = std::filesystem;

struct Source {
  std::string path;  // from the root
  std::vector<std::string> includes;
};

// Every source outside of tests/.
const std::vector<Source>& Sources() {
  static const auto& sources = *new std::vector<Source>([] {
    std::vector<Source> found;
    const fs::path root = SOURCE_DIR;
    for (const char* folder : {"common", "controller", "agent"}) {
      for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
        const std::string ending = entry.path().extension();
        if (ending != ".h" && ending != ".cc") continue;
        Source source{fs::relative(entry.path(), root), {}};
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);) {
          if (!line.starts_with("#include ")) continue;
          const size_t begin = line.find_first_of("<\"") + 1;
          source.includes.push_back(line.substr(begin, line.find_last_of(">\"") - begin));
        }
        found.push_back(std::move(source));
      }
    }
    return found;
  }());
  return sources;
}

// Includes of `what` outside of the paths that begin with one of `allowed`.
void ExpectOnlyIn(const std::vector<std::string>& what, const std::vector<std::string>& allowed) {
  for (const Source& source : Sources()) {
    bool may = false;
    for (const std::string& place : allowed) may = may || source.path.starts_with(place);
    if (may) continue;
    for (const std::string& include : source.includes) {
      for (const std::string& prefix : what) {
        EXPECT_FALSE(include.starts_with(prefix)) << source.path << " includes " << include;
      }
    }
  }
}

TEST(Layout, CommonKnowsNeitherProgramAndTheProgramsNotEachOther) {
  ExpectOnlyIn({"controller/"}, {"controller/"});
  ExpectOnlyIn({"agent/"}, {"agent/"});
  ExpectOnlyIn({"tests/"}, {});
}

TEST(Layout, GrpcIsOnlyAtTheEndsOfTheStreamAndOfTheControlSocket) {
  ExpectOnlyIn({"grpc"}, {"controller/fleet/fleet_service.", "agent/link/fleet_stream.",
                          "controller/control/control_"});
  ExpectOnlyIn({"rampart/v1/fleet.grpc"},
               {"controller/fleet/fleet_service.", "agent/link/fleet_stream."});
}

TEST(Layout, BoostIsOnlyWhereBytesArePulledApart) {
  ExpectOnlyIn({"boost/"}, {"agent/engine/", "agent/protocol/", "controller/demo/"});
}

// g++ 12 can lay out the frame of such a coroutine wrong: it jumps into nowhere when it is resumed.
TEST(Layout, NoConditionAwaits) {
  for (const Source& source : Sources()) {
    std::ifstream file(fs::path(SOURCE_DIR) / source.path);
    for (std::string line; std::getline(file, line);) {
      for (const char* condition : {"if (co_await", "while (co_await"}) {
        EXPECT_EQ(line.find(condition), std::string::npos) << source.path << ": " << line;
      }
    }
  }
}

TEST(Layout, LuaAndYamlHaveOneHomeEach) {
  ExpectOnlyIn({"lua"}, {"common/script/", "agent/script/"});
  ExpectOnlyIn({"yaml-cpp"}, {"common/plan/yaml_tree."});
}

TEST(Layout, AgentsConnectInOnePlaceWhichAsksThePolicyFirst) {
  int calls = 0;
  for (const Source& source : Sources()) {
    if (!source.path.starts_with("agent/")) continue;
    std::ifstream file(fs::path(SOURCE_DIR) / source.path);
    bool asked = false;
    for (std::string line; std::getline(file, line);) {
      asked = asked || line.find("targets_.Refusal(") != line.npos;
      if (line.find(" connect(") == line.npos && line.find("::connect(") == line.npos) continue;
      ++calls;
      EXPECT_EQ(source.path, "agent/engine/transport.cc");
      EXPECT_TRUE(asked);
    }
  }
  EXPECT_EQ(calls, 1);
}

TEST(Layout, EveryBuiltInPlanIsReadInOneGo) {
  constexpr int kMaxLines = 120;
  for (const auto& entry : fs::directory_iterator(fs::path(SOURCE_DIR) / "controller/plans")) {
    if (entry.path().extension() != ".yaml") continue;
    std::ifstream file(entry.path());
    int lines = 0;
    for (std::string line; std::getline(file, line);) ++lines;
    EXPECT_LT(lines, kMaxLines) << entry.path();
  }
}

TEST(Layout, NoFileIsOverFiveHundredLines) {
  for (const Source& source : Sources()) {
    std::ifstream file(fs::path(SOURCE_DIR) / source.path);
    size_t lines = 0;
    for (std::string line; std::getline(file, line);) ++lines;
    EXPECT_LE(lines, 500u) << source.path;
  }
}

}  // namespace
}  // namespace rampart
