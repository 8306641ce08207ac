// Every step that connects, and every redirect, stays within the agent's policy of targets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/agent/user/http_plan.h"
#include "tests/support/engine_runner.h"
#include "tests/support/http_server.h"

namespace rampart::agent {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Property;

constexpr char kMetadata[] = "169.254.169.254";

// Each step's failure is a target that was refused, and the iteration goes on to the next.
void ExpectRefused(const EngineRunner& runner, uint64_t steps) {
  EXPECT_EQ(runner.ErrorsOf("target_refused"), steps);
  EXPECT_THAT(runner.errors(), Each(Property("detail", &v1::ErrorCount::detail,
                                             AllOf(HasSubstr("169.254.169.254 is link-local"),
                                                   HasSubstr("never a target")))));
  EXPECT_EQ(runner.Count("seen"), 1);
}

TEST(TargetPolicyOfSteps, NoStepConnectsToMetadataWhateverTheFlags) {
  std::string steps;
  for (const std::string& host : {std::string(kMetadata), std::string("2852039166")}) {
    steps += "      - http: { get: \"http://" + host + "/latest/meta-data\" }\n";
    steps += "      - http: { get: \"https://" + host + "/\" }\n";
    steps += "      - graphql: { url: \"http://" + host + "/graphql\", query: \"{ a }\" }\n";
    steps += "      - websocket: { url: \"ws://" + host + "/\", hold: 1s }\n";
    steps += "      - websocket: { url: \"wss://" + host + "/\", hold: 1s }\n";
    steps += "      - socketio: { url: \"http://" + host + "/\", hold: 1s }\n";
    steps += "      - socketio: { url: \"wss://" + host + "/\", hold: 1s }\n";
    steps += "      - subscribe: { url: \"ws://" + host + "/graphql\", query: \"{ a }\" }\n";
    steps += "      - sse: { url: \"http://" + host + "/events\", hold: 1s }\n";
    steps += "      - sse: { url: \"https://" + host + "/events\", hold: 1s }\n";
  }
  steps += "      - record: { seen: 1 }\n";
  EngineRunner runner(Plan("http://127.0.0.1:1", "base_url: \"${API}\"", steps),
                      {.targets = *TargetPolicy::Make(true, {"0.0.0.0/0", "::/0"})});
  runner.Run();
  ExpectRefused(runner, 20);
  EXPECT_EQ(runner.Count("http_reqs", {{"error", "target_refused"}}), 6);
}

TEST(TargetPolicyOfSteps, ARedirectToOneIsNotFollowed) {
  HttpServer server([](const HttpServerRequest& request) -> std::optional<HttpServerResponse> {
    return Redirect(302, request.target() == "/name" ? "http://2852039166/latest"
                                                     : "http://169.254.169.254/latest");
  });
  EngineRunner runner(Plan(server, R"(
      - http: { get: /address }
      - http: { get: /name }
      - record: { seen: 1 }
)"));
  runner.Run();
  ExpectRefused(runner, 2);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST(TargetPolicyOfSteps, PublicAddressesNeedAFlagAndPrivateOnesNone) {
  const std::string steps = R"(
      - http: { get: "http://203.0.113.7/" }
      - http: { get: / }
      - record: { seen: 1 }
)";
  HttpServer server(Fine);
  EngineRunner runner(Plan(server, steps));
  runner.Run();
  ASSERT_EQ(runner.errors().size(), 1u);
  EXPECT_EQ(runner.errors()[0].kind(), "target_refused");
  EXPECT_THAT(runner.errors()[0].detail(), HasSubstr("--allow-target 203.0.113.7"));
  EXPECT_EQ(server.requests().size(), 1u);
}

// What fails at once must not keep the others, or the end, from having their turn.
TEST(TargetPolicyOfSteps, AUserThatIsRefusedAgainAndAgainStillStops) {
  EngineRunner runner(R"(
name: test
scenarios:
  one:
    load: { constant_users: { users: 3, duration: 50ms } }
    steps: [ { http: { get: "http://169.254.169.254/" } } ]
)");
  runner.Run();
  EXPECT_GE(runner.ErrorsOf("target_refused"), 3u);
}

}  // namespace
}  // namespace rampart::agent
