#include "common/plan/secret_uses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/plan/load_plan.h"

namespace rampart {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// One with these steps, from line 6 on.
std::string Plan(const std::string& steps, const std::string& more = "") {
  return "name: asks\nscenarios:\n  one:\n    load: { constant_users: { users: 1, duration: 1s } "
         "}\n"
         "    steps:\n" +
         steps + more;
}

std::string FaultsOf(const std::string& text,
                     std::optional<std::vector<std::string>> given = std::nullopt) {
  PlanOptions options;
  options.secrets = std::move(given);
  return LoadPlan(text, "plan.yaml", options).FaultText();
}

std::vector<std::string> NamesOf(const std::string& text) {
  const LoadedPlan loaded = LoadPlan(text, "plan.yaml", {});
  EXPECT_TRUE(loaded.ok()) << loaded.FaultText();
  std::vector<std::string> names;
  for (const SecretUse& use : SecretUses(loaded.plan)) {
    names.push_back(use.name + ":" + std::to_string(use.at.line()));
  }
  return names;
}

TEST(SecretUses, AreFoundWhereverTextsRunEachNameOnce) {
  const std::string steps = R"yaml(
      - http:
          get: "http://127.0.0.1/?t=${url_encode(secret.URL)}"
          headers:
            A: "Bearer ${secret.HEADER}"
            B: "${secret.URL}"
          json: { list: [ { deep: 'x${secret["JSON"]}' } ] }
          checks: { same: "json.secret == secret.CHECK and ({ secret = 1 }).secret" }
          save: { kept: secret.SAVED }
      - script: |
          local function f() return secret.SCRIPT end
          both = f() .. secret.HEADER
      - set: { literal: "'secret.NOT ' .. tostring(1)" }
      - script: |
          local secret = { OWN = 1 }
          own = secret.OWN
)yaml";
  EXPECT_THAT(
      NamesOf(Plan(steps, "http: { headers: { C: \"${secret.ALL}\" } }\n")),
      ElementsAre("ALL:22", "URL:8", "HEADER:10", "JSON:8", "CHECK:13", "SAVED:14", "SCRIPT:15"));
}

TEST(SecretUses, OneThatIsNotGivenIsAFaultWithItsPlace) {
  const std::string plan = Plan(R"(
      - http: { get: "http://127.0.0.1/", headers: { A: "${secret.X}", B: "${secret.Y} ${secret.X}" } }
)");
  EXPECT_EQ(FaultsOf(plan), "");
  EXPECT_EQ(FaultsOf(plan, {{"X", "Y"}}), "");
  EXPECT_EQ(FaultsOf(plan, {{"Y"}}),
            "plan.yaml:7:54: secret X is not given: --secret X=env:VAR or file:PATH\n");
  EXPECT_THAT(FaultsOf(plan, {std::vector<std::string>()}),
              AllOf(HasSubstr("secret X is not given"), HasSubstr("secret Y is not given")));
  EXPECT_THAT(FaultsOf(plan, {{"X", "Y", "Z"}}),
              HasSubstr("--secret Z: the plan does not use secret.Z; it uses X, Y"));
}

TEST(SecretUses, TheTableCannotBeHiddenNorUsedAsAWhole) {
  EXPECT_THAT(
      FaultsOf(Plan("      - set: { all: json_encode(secret) }\n")),
      HasSubstr("plan.yaml:6:16: `secret` is a table of values that are asked for by name"));
  EXPECT_THAT(FaultsOf(Plan("      - set: { one: 'secret[user.id]' }\n")),
              HasSubstr("asked for by name: secret.NAME"));
  EXPECT_THAT(FaultsOf(Plan("      - set: { secret: 1 }\n")), HasSubstr("another name"));
  EXPECT_THAT(FaultsOf(Plan("      - script: secret = 1\n")), HasSubstr("`secret` is a name of"));
  EXPECT_THAT(FaultsOf(Plan("      - sleep: 1s\n", "params: { secret: 1 }\n")),
              HasSubstr("plan.yaml:7:11: `secret` is the table of what --secret gives"));
}

TEST(SecretUses, WhatIsReadWhenThePlanLoadsCannotHaveOne) {
  for (const char* steps : {"      - http: { name: \"${secret.X}\", get: /a }\n",
                            "      - group: \"with ${secret.X}\"\n"}) {
    EXPECT_THAT(
        FaultsOf(Plan(steps), {{"X"}}),
        AllOf(HasSubstr("plan.yaml:6:"), HasSubstr("a secret is known only while the plan runs")));
  }
}

TEST(SecretUses, NamesAreThoseOfLua) {
  for (const char* name : {"X", "_x1", "API_TOKEN"}) EXPECT_TRUE(IsSecretName(name)) << name;
  for (const char* name : {"", "1x", "a-b", "a b", "a.b", "end", "a\n"}) {
    EXPECT_FALSE(IsSecretName(name)) << name;
  }
}

}  // namespace
}  // namespace rampart
