// The fuzzers' seeds, and what once broke something, through the same functions: so they are in
// every run of the tests, and corpora never rot.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "tests/fuzz/fuzz_target.h"

namespace rampart {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> Corpus(std::string_view target) {
  std::vector<std::string> inputs;
  for (const auto& entry : fs::directory_iterator(fs::path(CORPUS_DIR) / target)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    EXPECT_LE(bytes.str().size(), 16u * 1024) << entry.path() << ": seeds are small";
    inputs.push_back(bytes.str());
  }
  return inputs;
}

// A property that does not hold ends the process: its last words are the input.
const std::string* running = nullptr;

void RunTarget(const FuzzTarget& target, const std::string& input) {
  std::signal(SIGABRT, [](int) {
    std::fprintf(stderr, "the input, in hexadecimal: ");
    for (const char c : *running) std::fprintf(stderr, "%02x", static_cast<unsigned char>(c));
    std::fprintf(stderr, "\n");
  });
  running = &input;
  target.run(input);
}

class FuzzCorpus : public testing::TestWithParam<FuzzTarget> {};

TEST_P(FuzzCorpus, HoldsWhole) {
  const std::vector<std::string> inputs = Corpus(GetParam().name);
  EXPECT_FALSE(inputs.empty());
  for (const std::string& input : inputs) RunTarget(GetParam(), input);
  RunTarget(GetParam(), "");
}

// Not a fuzzer's work, but enough to see that a target does something with inputs near its seeds.
TEST_P(FuzzCorpus, HoldsWithBytesChanged) {
  // Always the same, but where somebody asks for another: what others find is the fuzzer's work.
  const char* seed = std::getenv("RAMPART_SEED");
  std::mt19937 random(seed == nullptr ? 1u
                                      : static_cast<unsigned>(std::strtoul(seed, nullptr, 10)));
  for (std::string input : Corpus(GetParam().name)) {
    for (int round = 0; round < 20 && !input.empty(); ++round) {
      std::string changed = input;
      for (unsigned times = 1 + random() % 4; times > 0; --times) {
        const size_t at = random() % changed.size();
        switch (random() % 3) {
          case 0:
            changed[at] = static_cast<char>(random());
            break;
          case 1:
            changed.resize(at + 1);
            break;
          default:
            changed.insert(at, changed.substr(random() % changed.size(), random() % 20));
        }
      }
      RunTarget(GetParam(), changed);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzCorpus, testing::ValuesIn(FuzzTargets()),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(FuzzCorpora, EveryOneHasItsTarget) {
  std::set<std::string> targets;
  for (const FuzzTarget& target : FuzzTargets()) targets.emplace(target.name);
  std::set<std::string> folders;
  for (const auto& entry : fs::directory_iterator(CORPUS_DIR)) {
    folders.insert(entry.path().filename());
  }
  EXPECT_EQ(folders, targets);
}

}  // namespace
}  // namespace rampart
