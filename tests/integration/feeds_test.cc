// Feeds in a real cluster: the target's own log says which rows were used.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "tests/integration/run_support.h"
#include "tests/support/http_server.h"
#include "tests/support/process.h"

namespace rampart {
namespace {

using testing::HasSubstr;

// Answers everything, and knows how often which path was asked for.
class Target {
 public:
  Target()
      : server_([](const HttpServerRequest&) {
          HttpServerResponse response{boost::beast::http::status::ok, 11};
          response.prepare_payload();
          return response;
        }) {}

  std::string url() const { return server_.url(); }
  std::map<std::string, int> Log() const {
    std::map<std::string, int> log;
    for (const HttpServerRequest& request : server_.requests()) {
      ++log[std::string(request.target().data(), request.target().size())];
    }
    return log;
  }

 private:
  HttpServer server_;
};

// A folder with a plan and its data file, which go with the test.
class PlanFolder {
 public:
  PlanFolder(const std::string& plan, int rows) : head_("/tmp/rampart_test_XXXXXX") {
    folder_ = mkdtemp(head_.data());
    std::ofstream(folder_ + "/plan.yaml") << plan;
    std::ofstream csv(folder_ + "/users.csv");
    csv << "name,password\n";
    for (int i = 1; i <= rows; ++i) csv << "user-" << i << ",\"p,\"\"" << i << "\"\n";
  }
  ~PlanFolder() { std::filesystem::remove_all(folder_); }
  std::string plan() const { return folder_ + "/plan.yaml"; }

 private:
  std::string head_;
  std::string folder_;
};

constexpr const char* kPlan = R"(
name: logins
params: { API_URL: "http://h" }
feeds:
  users: { file: users.csv, order: unique }
scenarios:
  login:
    load: LOAD
    steps:
      - take: users
      - http: { name: login, get: "${API_URL}/${row.name}", headers: { X-Password: "${row.password}" } }
thresholds: { http_req_failed: rate==0 }
)";

std::string Plan(const std::string& load) {
  std::string plan = kPlan;
  return plan.replace(plan.find("LOAD"), 4, load);
}

TEST(Feeds, AUniqueFeedIsUsedUpOverAllAgentsEachRowOnce) {
  const Target target;
  // 50 users of 3 agents with 2 threads each, a login a user.
  const PlanFolder folder(Plan("{ iterations_per_user: { users: 50, iterations: 4 } }"), 200);
  Process run({kController, "start", "--plan", folder.plan(), "--agents", "3", "--threads", "2",
               "-e", "API_URL=" + target.url(), "--plain"});
  EXPECT_EQ(run.Wait(), 0) << run.text();
  const std::map<std::string, int> log = target.Log();
  EXPECT_EQ(log.size(), 200u);
  for (const auto& [path, times] : log) EXPECT_EQ(times, 1) << path;
}

TEST(Feeds, WhenTheRowsAreUsedUpUsersEndAndTheReportSaysWhy) {
  const Target target;
  const PlanFolder folder(Plan("{ iterations_per_user: { users: 10, iterations: 100000 } }"), 60);
  const TemporaryFile out(".json", "");
  Process run({kController, "start", "--plan", folder.plan(), "--agents", "2", "-e",
               "API_URL=" + target.url(), "--plain", "--out", out.path()});
  EXPECT_EQ(run.Wait(), 0) << run.text();
  const std::map<std::string, int> log = target.Log();
  EXPECT_EQ(log.size(), 60u);
  for (const auto& [path, times] : log) EXPECT_EQ(times, 1) << path;
  EXPECT_THAT(run.text(), HasSubstr("no row of feed users is left here: users.csv has 60"));
  EXPECT_EQ(Json(out.path()).Number("/metrics/iterations/values/count"), 60);
}

TEST(Feeds, AMistakeInTheDataIsSaidBeforeAnythingStarts) {
  const PlanFolder folder(Plan("{ constant_users: { users: 1, duration: 1s } }"), 0);
  for (const auto& command : {std::vector<std::string>{"start", "--plan", folder.plan()},
                              std::vector<std::string>{"plans", "check", folder.plan()}}) {
    std::vector<std::string> words = {kController};
    words.insert(words.end(), command.begin(), command.end());
    Process run(words);
    EXPECT_EQ(run.Wait(), 104) << run.text();
    EXPECT_THAT(
        run.text(),
        HasSubstr("plan.yaml:5:3: feed file users.csv:1: a head line, but no row below it"));
  }
}

}  // namespace
}  // namespace rampart
