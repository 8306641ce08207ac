// The examples of docs/PLANS.md run: each that calls itself one is started as a user would, and
// passes.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "rampart/v1/plan.pb.h"
#include "tests/integration/run_support.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

struct Example {
  std::string name;
  std::string text;

  friend void PrintTo(const Example& example, std::ostream* out) { *out << example.name; }
};

// The YAML blocks that are whole plans and whose name begins so.
std::vector<Example> Examples(const std::string& begin) {
  std::ifstream in(SOURCE_DIR "/docs/PLANS.md");
  std::vector<Example> examples;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (inside && line.starts_with("```")) {
      inside = false;
    } else if (inside) {
      examples.back().text += line + "\n";
    } else if (line == "```yaml" && std::getline(in, line)) {
      if (!line.starts_with("name: " + begin)) continue;
      inside = true;
      examples.push_back({line.substr(std::string("name: ").size()), line + "\n"});
    }
  }
  return examples;
}

class PlanExamples : public testing::TestWithParam<Example> {};

TEST_P(PlanExamples, Passes) {
  // As if the plan were in the folder of the guide, where its data is.
  char path[] = "/tmp/rampart_test_XXXXXX";
  const std::filesystem::path folder = mkdtemp(path);
  std::filesystem::create_directory_symlink(SOURCE_DIR "/docs/examples", folder / "examples");
  const std::string plan = folder / "plan.yaml";
  std::ofstream(plan) << GetParam().text;
  const TemporaryFile out(".json", "");
  Process run({kController, "start", "--plan", plan, "--demo", "--agents", "2", "--plain", "--out",
               out.path()});
  EXPECT_EQ(run.Wait(), 0) << run.text();
  std::filesystem::remove_all(folder);
  const Json summary(out.path());
  ASSERT_EQ(summary.error, simdjson::SUCCESS);
  simdjson::dom::array thresholds;
  ASSERT_EQ(summary.root["thresholds"].get(thresholds), simdjson::SUCCESS);
  EXPECT_GT(thresholds.size(), 0u) << "an example without a threshold shows nothing";
}

INSTANTIATE_TEST_SUITE_P(Docs, PlanExamples, testing::ValuesIn(Examples("example-")),
                         [](const auto& info) {
                           std::string name;
                           for (const char c : info.param.name) name += c == '-' ? '_' : c;
                           return name;
                         });

// Those that `--demo` does not serve are run by guide_test.cc and socketio_step_test.cc.
TEST(PlanExamplesOfEveryStep, AreThere) {
  std::string all;
  for (const Example& example : Examples("")) all += example.text;
  const google::protobuf::Descriptor& step = *v1::Step::descriptor();
  for (int i = 0; i < step.field_count(); ++i) {
    if (step.field(i)->real_containing_oneof() == nullptr) continue;
    const std::string& kind = step.field(i)->name();
    EXPECT_NE(all.find(kind + ":"), std::string::npos) << "no example of `" << kind << "`";
  }
}

}  // namespace
}  // namespace rampart
