// The profile `breakpoint` with real processes: it answers with a number.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>

#include "tests/integration/run_support.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

using testing::HasSubstr;

std::string Quick(const char* threshold) {
  return std::string(R"(
name: quick
scenarios:
  one:
    load: { constant_arrival_rate: { rate: 1/s, duration: 1s, users: 1 } }
    graceful_stop: 1s
    steps: [ { sleep: 1ms } ]
limits: { dropped_iterations: 0.5 }
thresholds: { iterations: ")") +
         threshold + "\" }\n";
}

// A whole search takes minutes: what it is made of has tests of its own.
TEST(Breakpoint, CtrlCGivesWhatIsKnown) {
  const TemporaryFile plan(".yaml", Quick("count<0"));
  const TemporaryFile out(".json", "");
  Process run({kController, "start", "--plan", plan.path(), "--profile", "breakpoint",
               "--time-scale", "0.005", "--plain", "--out", out.path()});
  ASSERT_TRUE(run.WaitFor("breakpoint: run 2,"));
  run.Signal(SIGINT);
  EXPECT_EQ(run.Wait(), 105) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("BREAKPOINT"));
  EXPECT_THAT(run.text(), HasSubstr("not confirmed"));
  EXPECT_THAT(run.text(), HasSubstr("the search ended early: interrupted by Ctrl-C"));
  const Json summary(out.path());
  ASSERT_EQ(summary.error, simdjson::SUCCESS);
  EXPECT_EQ(summary.Number("/breakpoint/rate"), 0);
  simdjson::dom::array probes;
  ASSERT_EQ(summary.root["breakpoint"]["probes"].get(probes), simdjson::SUCCESS);
  size_t runs = 0;
  for (const simdjson::dom::element probe : probes) {
    EXPECT_FALSE(bool{probe["held"]});
    runs += std::string_view(probe["kind"]) == "run" ? 1 : 0;
  }
  EXPECT_EQ(runs, 1u);
  EXPECT_GT(probes.size(), 1u);
  EXPECT_GT(summary.Number("/breakpoint/broke_at"), 0);
}

TEST(Breakpoint, NeedsAgentsOfItsOwnAndAThreshold) {
  Process external(
      {kController, "start", "--plan", "smoke", "--profile", "breakpoint", "--external-agents"});
  EXPECT_EQ(external.Wait(), 104);
  EXPECT_THAT(external.text(), HasSubstr("--external-agents"));
}

}  // namespace
}  // namespace rampart
