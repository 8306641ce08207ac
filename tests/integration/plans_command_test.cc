// `controller plans ...` as a person calls it, and that secrets are said nowhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <fstream>
#include <sstream>
#include <string>

#include "tests/integration/run_support.h"
#include "tests/support/chat_server.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(PlansCommand, CheckShowsWhatThePlanWouldDo) {
  Process check({kController, "plans", "check", "smoke", "--agents", "3", "-e", "USERS=9"});
  EXPECT_EQ(check.Wait(), 0);
  EXPECT_THAT(check.text(), HasSubstr("smoke.yaml: fine, 1 scenario"));
  EXPECT_THAT(check.text(), HasSubstr("3 agents"));
  EXPECT_THAT(check.text(), HasSubstr("9 users for 30s"));
  EXPECT_THAT(check.text(), HasSubstr("plan, line"));
  EXPECT_THAT(check.text(), Not(HasSubstr("\x1b")));
}

TEST(PlansCommand, SchemaIsJson) {
  Process schema({kController, "plans", "schema"});
  EXPECT_EQ(schema.Wait(), 0);
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  ASSERT_EQ(parser.parse(schema.text()).get(root), simdjson::SUCCESS);
  EXPECT_EQ(root["$defs"]["Plan"]["anyOf"].error(), simdjson::SUCCESS);
}

TEST(PlansCommand, AParamWithoutAValueIsNotRepeated) {
  Process start({kController, "start", "--plan", "smoke", "-e", "canary"});
  EXPECT_EQ(start.Wait(), 104);
  EXPECT_THAT(start.text(), HasSubstr("-e number 1 is no NAME=VALUE"));
  EXPECT_THAT(start.text(), Not(HasSubstr("canary")));
}

// A plan that puts its secret wherever a plan can put anything, some of it to be refused.
constexpr const char* kLoud = R"(
name: loud
description: "as ${TOKEN}"
params:
  API_URL: x
  TOKEN: { value: unset, secret: true }
http: { base_url: "${API_URL}", headers: { X-Token: "${TOKEN}" } }
metrics: { seen: counter }
setup:
  - http: { get: "/api/health?token=${TOKEN}" }
scenarios:
  "people of ${TOKEN}":
    load: { iterations_per_user: { users: 1, iterations: 1 } }
    tags: { who: "${TOKEN}" }
    steps:
      - http: { name: "with ${TOKEN}", get: "/${TOKEN}", checks: { "is ${TOKEN}": "status == 200" } }
      - http: { get: "http://${TOKEN}.invalid/" }
      - record: { values: { seen: 1 }, tags: { kind: "${TOKEN}" } }
      - fail: "gone with ${TOKEN}"
thresholds:
  "http_req_duration{name:with ${TOKEN}}": max<0
)";

TEST(Secrets, AreNeitherInOutputNorInFiles) {
  ChatServer chat(kChat);
  const TemporaryFile plan(".yaml", kLoud);
  const TemporaryFile out(".json", "");
  const std::string param = "TOKEN=canary4711";
  Process check({kController, "plans", "check", plan.path(), "-e", param});
  EXPECT_EQ(check.Wait(), 0) << check.text();
  EXPECT_THAT(check.text(), HasSubstr("***"));
  EXPECT_THAT(check.text(), Not(HasSubstr("canary")));
  Process run({kController, "start", "--plan", plan.path(), "-e", param, "-e",
               "API_URL=" + chat.http(), "--plain", "--out", out.path()});
  EXPECT_EQ(run.Wait(), 99) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("gone with ***"));
  EXPECT_THAT(run.text(), Not(HasSubstr("canary")));
  std::stringstream summary;
  summary << std::ifstream(out.path()).rdbuf();
  EXPECT_THAT(summary.str(), HasSubstr("***"));
  EXPECT_THAT(summary.str(), Not(HasSubstr("canary")));
}

TEST(Secrets, AFailedSetupDoesNotSayThem) {
  const TemporaryFile plan(".yaml", R"(
name: early
params: { TOKEN: { value: unset, secret: true } }
setup: [ { fail: "not with ${TOKEN}" } ]
scenarios:
  one:
    load: { iterations_per_user: { users: 1, iterations: 1 } }
    steps: [ { sleep: 1ms } ]
)");
  Process run({kController, "start", "--plan", plan.path(), "-e", "TOKEN=canary4711", "--plain"});
  EXPECT_EQ(run.Wait(), 113) << run.text();
  EXPECT_THAT(run.text(), HasSubstr("not with ***"));
  EXPECT_THAT(run.text(), Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace rampart
