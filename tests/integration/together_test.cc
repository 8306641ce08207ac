// What needs all agents at once, with real processes; the chat server's counts say who was there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "tests/integration/run_support.h"
#include "tests/support/chat_server.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

// What is not there is counted by its status. Of every round each user asks for it once before the
// first rendezvous and once after the second; between them nobody does.
constexpr const char* kPlan = R"(
name: together
params: { API_URL: "", USERS: 60, ROUNDS: 3 }
metrics: { released_at: { kind: trend, unit: ms } }
http: { base_url: "${API_URL}" }
scenarios:
  last:
    start_after: rounds
    start: 200ms
    load: { iterations_per_user: { users: 5, iterations: 1 } }
    steps:
      - http:
          get: /api/stats
          checks: { the rounds were over: 'json.http_responses_by_status["404"] == USERS * 2 * ROUNDS' }
  rounds:
    load: { iterations_per_user: { users: "${USERS}", iterations: "${ROUNDS}" } }
    steps:
      - sleep: 1ms..300ms
      - http: { get: /api/nothing, expect_status: [ 404 ] }
      - rendezvous: asked
      - record: { values: { released_at: now_ms() % 100000000 }, tags: { round: "${iteration}" } }
      - http:
          get: /api/stats
          checks:
            everybody asked before: 'json.http_responses_by_status["404"] == USERS * (2 * iteration + 1)'
      - rendezvous: { name: checked, users: "${USERS}", timeout: 50s }
      - sleep: 1ms..300ms
      - http: { get: /api/nothing, expect_status: [ 404 ] }
thresholds:
  checks: rate==1
  "checks{check:everybody asked before}": rate==1
  "checks{check:the rounds were over}": rate==1
  http_req_failed: rate==0
  rendezvous_timeouts: count==0
  "rendezvous_wait{name:asked}": count==180
  "rendezvous_wait{name:checked}": count==180
  "iterations{scenario:rounds}": count==180
  "iterations{scenario:last}": count==5
)";

TEST(Together, UsersOfThreeAgentsWaitForEachOtherAndAScenarioForTheOther) {
  ChatServer chat(kChat);
  const TemporaryFile plan(".yaml", kPlan);
  const TemporaryFile out(".json", "");
  Process run({kController, "start", "--plan", plan.path(), "--agents", "3", "-e",
               "API_URL=" + chat.http(), "--plain", "--out", out.path()});
  EXPECT_EQ(run.Wait(), 0) << run.text();
  // How far from each other users went on, on the wall clock that all agents here share.
  const Json summary(out.path());
  ASSERT_EQ(summary.error, simdjson::SUCCESS);
  simdjson::dom::array rounds;
  ASSERT_EQ(summary.root.at_pointer("/metrics/released_at/series").get(rounds), simdjson::SUCCESS);
  EXPECT_EQ(rounds.size(), 3u);
  double most_ms = 0;
  for (const simdjson::dom::element round : rounds) {
    const double first = double(round["values"]["min"]);
    const double last = double(round["values"]["max"]);
    most_ms = std::max(most_ms, last - first);
  }
  RecordProperty("spread_ms", std::to_string(most_ms));
  std::printf("spread of a release over 3 agents: %.0f ms\n", most_ms);
  EXPECT_LT(most_ms, 2'000);  // a busy machine
}

TEST(Together, AnInterruptEndsUsersThatWaitAndScenariosThatHaveNotStarted) {
  ChatServer chat(kChat);
  const TemporaryFile plan(".yaml", R"(
name: stuck
params: { API_URL: "" }
scenarios:
  one:
    load: { constant_users: { users: 4, duration: 1h } }
    graceful_stop: 100ms
    steps:
      - http: { get: "${API_URL}/api/nothing", expect_status: [ 404 ] }
      - when: user.id ~= 1
        steps: [ { rendezvous: { name: all, timeout: 1h } } ]
      - sleep: 1h
  two:
    start_after: one
    load: { constant_users: { users: 4, duration: 1h } }
    steps: [ { sleep: 1h } ]
)");
  Process run({kController, "start", "--plan", plan.path(), "--agents", "2", "-e",
               "API_URL=" + chat.http(), "--plain"});
  ASSERT_TRUE(chat.WaitForCount("http_requests", 4));
  run.Signal(SIGINT);
  EXPECT_EQ(run.Wait(), 105) << run.text();
  EXPECT_THAT(run.text(), testing::Not(testing::HasSubstr("INVALID")));
}

}  // namespace
}  // namespace rampart
