#include "common/plan/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/plan/load_plan.h"

namespace rampart {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kPlan = R"(
name: known
description: "signs in with ${PASSWORD}"
params:
  PASSWORD: { value: hunter22, secret: true }
  LONG: { value: hunter22hunter, secret: true }
  PIN: { value: 90210, secret: true }
  KEYS: { value: [ key-one, { deep: key-two } ], secret: true }
  SHORT: { value: abc, secret: true }
  OPEN: { value: in-the-open }
scenarios:
  one:
    load: { constant_users: { users: "${COUNT}", duration: 1s } }
    steps: [ { sleep: 1s } ]
)";

v1::Plan Known() {
  std::string text = kPlan;
  text.replace(text.find("${COUNT}"), 8, "1");
  const LoadedPlan loaded = LoadPlan(text, "known.yaml", {});
  EXPECT_TRUE(loaded.ok()) << loaded.FaultText();
  return loaded.plan;
}

TEST(Secrets, AreConcealedWhereverTheyStandInAText) {
  const Secrets secrets(Known());
  EXPECT_EQ(secrets.Conceal("a hunter22, a hunter22hunter."), "a ***, a ***.");
  EXPECT_EQ(secrets.Conceal("90210 key-one/key-two"), "*** ***/***");
  EXPECT_EQ(secrets.Conceal("abc in-the-open"), "abc in-the-open");
}

TEST(Secrets, APlanForPrintingHasNone) {
  v1::Plan plan = Known();
  Secrets(plan).Conceal(&plan);
  for (const char* secret : {"hunter22", "90210", "key-one", "key-two", "\"abc\""}) {
    EXPECT_THAT(plan.DebugString(), Not(HasSubstr(secret)));
  }
  EXPECT_EQ(plan.description(), "signs in with ***");
  EXPECT_THAT(plan.DebugString(), HasSubstr("in-the-open"));
}

TEST(Secrets, FaultsDoNotRepeatThem) {
  std::string text = kPlan;
  text.replace(text.find("${COUNT}"), 8, "${PASSWORD}");
  PlanOptions options;
  options.params = {{"PASSWORD", "canary-of-a-flag"}};
  const LoadedPlan loaded = LoadPlan(text, "known.yaml", options);
  EXPECT_THAT(loaded.FaultText(), HasSubstr("known.yaml:13:38: `users` needs a whole number"));
  EXPECT_THAT(loaded.FaultText(), Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace rampart
