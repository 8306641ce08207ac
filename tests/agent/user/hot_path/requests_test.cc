// In steady state a request allocates nothing: what N requests more cost is what N more histogram
// pages may take, and nothing for each.
#include "tests/agent/user/hot_path/allocations.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/chat_server.h"
#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

constexpr int kUsers = 10;
// Of a page for each eighth of an octave that a latency falls into for the first time, and of what
// else grows with the logarithm: far fewer than one for ten requests.
constexpr double kMostPerRequest = 0.02;

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
    EXPECT_TRUE(runner.engine().Arm("").ok());
    const uint64_t before = Allocations();
    runner.Begin();
    runner.Drained();
    const uint64_t cost = Allocations() - before;
    runner.Collect();
    EXPECT_EQ(runner.Count("http_reqs"), kUsers * iterations);
    EXPECT_TRUE(runner.errors().empty());
    EXPECT_EQ(runner.Value("checks").trues, runner.Value("checks").total);
    return cost;
  }

  void ExpectNone(const std::string& steps) {
    if (!CountsAllocations()) GTEST_SKIP() << "a sanitizer has malloc's place";
    constexpr int kFew = 200;
    constexpr int kMany = 1200;
    const auto few = static_cast<double>(Cost(steps, kFew));
    const auto many = static_cast<double>(Cost(steps, kMany));
    EXPECT_LE((many - few) / (kUsers * (kMany - kFew)), kMostPerRequest) << few << ", " << many;
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
