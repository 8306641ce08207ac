// The plans in the guides are plans: every YAML block of them loads without a fault.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/plan/load_plan.h"
#include "controller/plans/plan_file_reader.h"

namespace rampart {
namespace {

struct Block {
  int line;
  std::string text;
};

std::vector<Block> YamlBlocks(const std::string& file) {
  std::ifstream in(std::string(SOURCE_DIR) + "/docs/" + file);
  EXPECT_TRUE(in) << file;
  std::vector<Block> blocks;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with("```")) {
      inside = line == "```yaml";
      if (inside) blocks.push_back({number, ""});
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}

std::string Indented(const std::string& text) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);) out += "      " + line + "\n";
  return out;
}

// What stands around a part of a plan in a guide.
std::string WholePlan(const std::string& block) {
  if (block.starts_with("name:")) return block;
  const std::string head =
      "name: example\n"
      "params: { API_URL: \"http://127.0.0.1:3000\", WS_URL: \"ws://127.0.0.1:3000\", token: t }\n"
      "metrics: { latency: trend }\n";
  const std::string scenario =
      "scenarios:\n  one:\n    load: { constant_users: { users: 1, duration: 1s } }\n    steps:\n";
  if (block.starts_with("steps:")) {
    return head + scenario + Indented(block.substr(block.find('\n') + 1));
  }
  if (block.starts_with("- ")) return head + scenario + Indented(block);
  const bool complete = block.find("scenarios:") != std::string::npos;
  return head + block + (complete ? "" : scenario + "      - sleep: 1s\n");
}

TEST(Docs, EveryPlanInTheGuidesLoads) {
  int blocks = 0;
  for (const char* file : {"PLANS.md", "FROM-K6.md"}) {
    for (const Block& block : YamlBlocks(file)) {
      LoadedPlan loaded = LoadPlan(WholePlan(block.text), file, {});
      // The files that they name are beside the guides.
      controller::ReadPlanFiles(std::string(SOURCE_DIR) + "/docs/", &loaded);
      EXPECT_TRUE(loaded.ok()) << "the block at docs/" << file << ":" << block.line << "\n"
                               << loaded.FaultText();
      ++blocks;
    }
  }
  EXPECT_GE(blocks, 6);
}

}  // namespace
}  // namespace rampart
