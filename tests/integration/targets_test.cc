// What agents connect to, as a person allows it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/run_support.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kAgent = PROGRAM_DIR "/agent";

std::string PlanOf(const std::string& url) {
  return "name: one\nscenarios:\n  one:\n"
         "    load: { iterations_per_user: { users: 1, iterations: 1 } }\n"
         "    steps: [ { http: { get: \"" +
         url + "\" } } ]\nthresholds: { http_req_failed: rate<=0 }\n";
}

// What it said, in one line.
std::string Said(std::vector<std::string> words, int code) {
  Process process(std::move(words));
  EXPECT_EQ(process.Wait(), code) << process.text();
  std::string text;
  for (const char c : process.text()) {
    const bool space = c == ' ' || c == '\n';
    if (!space || !text.ends_with(' ')) text += space ? ' ' : c;
  }
  return text;
}

TEST(Targets, ARefusedOneIsInTheSummaryWithTheFlagThatWouldAllowIt) {
  const TemporaryFile plan(".yaml", PlanOf("http://203.0.113.7/"));
  EXPECT_THAT(Said({kController, "start", "--plan", plan.path(), "--plain"}, 99),
              AllOf(HasSubstr("target_refused"), HasSubstr("203.0.113.7 is a public address"),
                    HasSubstr("--allow-target 203.0.113.7 or --allow-public-targets")));
}

TEST(Targets, TheControllersFlagsReachItsAgents) {
  // From loopback the kernel sends nothing there.
  const TemporaryFile plan(".yaml", PlanOf("http://203.0.113.7/"));
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
           {"--allow-public-targets"},
           {"--allow-target", "198.51.100.0/24", "--allow-target", "203.0.113.0/24"}}) {
    std::vector<std::string> words = {kController, "start",     "--plan",   plan.path(),
                                      "--plain",   "--sources", "127.0.0.1"};
    words.insert(words.end(), flags.begin(), flags.end());
    EXPECT_THAT(Said(words, 99),
                AllOf(Not(HasSubstr("target_refused")), HasSubstr("connect to 203.0.113.7:80")));
  }
}

TEST(Targets, FlagsThatCannotBeAreSaidBeforeAnythingStarts) {
  const auto said = [](const std::vector<std::string>& flags) {
    std::vector<std::string> words = {kController, "start", "--plan", "smoke"};
    words.insert(words.end(), flags.begin(), flags.end());
    return Said(words, 104);
  };
  EXPECT_THAT(said({"--allow-target", "example.test"}), HasSubstr("`example.test` is no IP"));
  EXPECT_THAT(said({"--allow-target", "169.254.0.0/16"}), HasSubstr("never a target"));
  EXPECT_THAT(said({"--allow-public-targets", "--external-agents"}),
              HasSubstr("by the same flag of the agent"));
  EXPECT_THAT(
      Said({kAgent, "--controller", "127.0.0.1:1", "--name", "a", "--allow-target", "1/2"}, 104),
      HasSubstr("--allow-target: `1/2` is no IP address"));
}

// In a network of its own, where a public address is this machine's.
TEST(Targets, APublicAddressThatIsAllowedIsLoaded) {
  const std::string make =
      "ip link set lo up && ip address add 203.0.113.7/32 dev lo && exec \"$@\"";
  const auto there = [&make](const std::vector<std::string>& words) {
    std::vector<std::string> all = {"/usr/bin/env", "unshare", "-rn", "sh", "-c", make, "sh"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  };
  if (Process may(there({"true"})); may.Wait() != 0) {
    GTEST_SKIP() << "no network namespaces here: " << may.text();
  }
  const TemporaryFile plan(".yaml", PlanOf("http://203.0.113.7:3999/api/health"));
  const TemporaryFile log(".log", "");
  const std::string both = kChat + " --address 203.0.113.7 --port 3999 >" + log.path() +
                           " & chat=$!; until grep -q " + "listening " + log.path() +
                           "; do :; done; " + kController + " start --plain --plan " + plan.path() +
                           " --allow-target 203.0.113.0/24; code=$?; kill $chat; exit $code";
  Process run(there({"sh", "-c", both}));
  EXPECT_EQ(run.Wait(), 0) << run.text();
}

}  // namespace
}  // namespace rampart
