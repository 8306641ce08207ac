#include "common/plan/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/plan/load_plan.h"

namespace rampart {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

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

// Concealed in what `write` makes of a secret, alone and with something around it.
void ExpectConcealed(const std::string& written) {
  v1::Plan plan;
  google::protobuf::RepeatedPtrField<v1::Secret> given;
  given.Add()->set_value("p\"w d/+&=\xc3\xa9 and more");
  const Secrets secrets(plan, given);
  EXPECT_THAT(secrets.Conceal("at " + written + "!"), AllOf(StartsWith("at "), EndsWith("!")));
  EXPECT_THAT(secrets.Conceal(written), Not(HasSubstr(written.substr(4, 12)))) << written;
}

TEST(Secrets, AreConcealedInTheFormsThatTargetsAndTheirUrlsWrite) {
  ExpectConcealed("p\"w d/+&=\xc3\xa9 and more");
  ExpectConcealed("p%22w%20d%2F%2B%26%3D%C3%A9%20and%20more");
  ExpectConcealed("p%22w%20d%2f%2b%26%3d%c3%a9%20and%20more");
  ExpectConcealed("p%22w+d%2F%2B%26%3D%C3%A9+and+more");
  ExpectConcealed("p\\\"w d/+&=\xc3\xa9 and more");
  // Behind 0, 1 and 2 bytes: base64 -w0
  ExpectConcealed("cCJ3IGQvKyY9w6kgYW5kIG1vcmU=");
  ExpectConcealed("eHAidyBkLysmPcOpIGFuZCBtb3Jl");
  ExpectConcealed("eHlwIncgZC8rJj3DqSBhbmQgbW9yZQ==");
}

TEST(Secrets, ATextThatWasCutShowsNoMoreOfThem) {
  v1::Plan plan;
  google::protobuf::RepeatedPtrField<v1::Secret> given;
  given.Add()->set_value("begins-alike-and-ends-so");
  given.Add()->set_value("begins-alike-or-otherwise");
  const Secrets secrets(plan, given);
  EXPECT_EQ(secrets.Conceal("`begins-alike-a`: cut"), "`***`: cut");
  EXPECT_EQ(secrets.Conceal("begins-alike-or-otherwise"), "***");
  EXPECT_EQ(secrets.Conceal("begins-al"), "begins-al");  // what begins so may be anything
}

TEST(Secrets, OverlappingOnesLeaveNothingBetween) {
  v1::Plan plan;
  google::protobuf::RepeatedPtrField<v1::Secret> given;
  given.Add()->set_value("abcdef");
  given.Add()->set_value("efghij");
  given.Add()->set_value("aaaa");
  const Secrets secrets(plan, given);
  EXPECT_EQ(secrets.Conceal("<abcdefghij>"), "<***>");
  EXPECT_EQ(secrets.Conceal("<aaaaaa>"), "<***>");
  EXPECT_EQ(secrets.Conceal("<abcdefabcdef>"), "<******>");
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
