// What `script` and `repeat` steps may say: faults where they stand, and names that others know.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/plan/load_plan.h"
#include "common/plan/variables.h"

namespace rampart {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Plan(const std::string& steps) {
  return "name: p\nscenarios:\n  main:\n    load: { constant_users: { users: 1, duration: 1s } }\n"
         "    steps:\n" +
         steps;
}
std::string Faults(const std::string& steps) {
  return LoadPlan(Plan(steps), "p.yaml", {}).FaultText();
}

TEST(ScriptPlan, WhatAScriptSetsIsKnownToThePlan) {
  const std::string steps = R"(
      - script: |
          local seen = {}
          for i = 1, 3 do seen[i] = i end
          total, last = #seen, seen[3]
          function twice(n) return 2 * n end
      - check: { fine: "total == 3 and twice(last) == 6" }
)";
  EXPECT_EQ(Faults(steps), "");
  EXPECT_THAT(VariableNames(LoadPlan(Plan(steps), "p.yaml", {}).plan),
              ElementsAre("last", "total", "twice"));
}

TEST(ScriptPlan, NamesThatAreNotKnownHaveTheirLine) {
  const std::string steps = R"(
      - sleep: 0s
      - script: |
          local count = 0
          if statsu == 200 then
            total = counnt + nmu
          end
      - check: { fine: "totl == 1 and seen" }
)";
  const std::string faults = Faults(steps);
  EXPECT_THAT(faults, HasSubstr("p.yaml:8:9: `statsu` in line 2 is not known (did you mean "
                                "`status`?)"));
  EXPECT_THAT(faults, HasSubstr("`counnt` in line 3 is not known"));
  EXPECT_THAT(faults, HasSubstr("`nmu` in line 3 is not known"));
  EXPECT_THAT(faults, HasSubstr("`totl` in `totl == 1 and seen` is not known (did you mean "
                                "`total`?)"));
  EXPECT_THAT(faults, HasSubstr("`seen` in"));  // a local of the script is none of the plan
}

TEST(ScriptPlan, WhatIsNoScriptIsSaidWithItsLine) {
  EXPECT_THAT(Faults("      - script: |\n          x = 1\n          y = = 2\n"),
              HasSubstr("p.yaml:6:9: line 2: unexpected symbol near '='"));
  EXPECT_THAT(Faults("      - script: |\n          x = 1\n          _ENV.y = 2\n"),
              HasSubstr("line 2: a script cannot use the name `_ENV`"));
  EXPECT_THAT(Faults("      - script: 'x = os.time()'\n"), HasSubstr("`os` in line 1"));
  EXPECT_THAT(Faults("      - script: 'json = 1'\n"),
              HasSubstr("line 1: `json` is a name of Rampart's: choose another"));
  EXPECT_THAT(Faults("      - script: 'string = nil'\n"), HasSubstr("`string` is a name of"));
  EXPECT_EQ(Faults("      - script: 'local json = 1 x = json'\n"), "");
  EXPECT_THAT(Faults("      - script: 'x = 1'\n        steps: [ { sleep: 0s } ]\n"),
              HasSubstr("`steps` belongs to"));
}

TEST(ScriptPlan, RepeatIsChecked) {
  EXPECT_EQ(Faults("      - repeat: { times: 3, every: 1s..2s, until: ok, as: i }\n"
                   "        steps: [ { sleep: 0s } ]\n"),
            "");
  EXPECT_THAT(Faults("      - repeat: { times: 3, every: 0s }\n        steps: [ { sleep: 0s } ]\n"),
              HasSubstr("p.yaml:6:9: `every` must be over 0"));
  EXPECT_THAT(
      Faults("      - repeat: { times: 3, until: okk }\n        steps: [ { sleep: 0s } ]\n"),
      HasSubstr("`okk` in `okk` is not known"));
  EXPECT_THAT(Faults("      - repeat: { until: ok }\n        steps: [ { sleep: 0s } ]\n"),
              HasSubstr("`times`"));
}

}  // namespace
}  // namespace rampart
