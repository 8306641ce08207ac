// In steady state a request allocates nothing: what N requests more cost is what N more histogram
// pages may take, and nothing for each.
#include <gtest/gtest.h>

#include <string>

#include "tests/agent/user/hot_path/steady_state.h"
#include "tests/support/chat_server.h"
#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

constexpr int kUsers = 10;

class HotPathTest : public testing::Test {
 protected:
  // Allocations of one run with so many iterations a user.
  uint64_t Cost(const std::string& steps, int iterations) {
    EngineRunner runner("name: test\nparams: { API: \"" + server_.http() +
                        "\" }\nhttp: { base_url: \"${API}\" }\n"
                        "metrics: { latency: { kind: trend, unit: ms } }\n"
                        "scenarios:\n  one:\n    load: { iterations_per_user: { users: " +
                        std::to_string(kUsers) + ", iterations: " + std::to_string(iterations) +
                        " } }\n    steps:\n" + steps);
    const uint64_t cost = AllocationsOfLoad(runner);
    EXPECT_EQ(runner.Count("http_reqs"), kUsers * iterations);
    EXPECT_TRUE(runner.errors().empty());
    EXPECT_EQ(runner.Value("checks").trues, runner.Value("checks").total);
    return cost;
  }

  void ExpectNone(const std::string& steps) {
    ExpectNoneEach(kUsers * 200, kUsers * 5200,
                   [&](int requests) { return Cost(steps, requests / kUsers); });
  }

  ChatServer server_{std::string(PROGRAM_DIR) + "/chat", {"--allow-user-header"}};
};

TEST_F(HotPathTest, AGetWithACheckAllocatesNothing) {
  ExpectNone("      - http: { get: /api/health, checks: { status is 200: status == 200 } }\n");
}

TEST_F(HotPathTest, ARenderedRequestAllocatesNothing) {
  ExpectNone(R"(      - http:
          name: users
          get: "/api/users/me?n=${user.id}"
          headers: { X-User-Id: "user_${user.id}" }
          checks: { status is 200: status == 200 }
          record: { latency: duration_ms }
)");
}

TEST_F(HotPathTest, AJsonBodyWithTextsInItAllocatesNothing) {
  ExpectNone(R"(      - http:
          post: /api/auth/refresh
          headers: { X-User-Id: "user_${user.id}" }
          json: { number: "${user.id}", text: "the text of user ${user.id} that is no short one", list: [1, true] }
          expect_status: [200, 401]
          checks: { answered: status == 200 or status == 401 }
)");
}

}  // namespace
}  // namespace rampart::agent
