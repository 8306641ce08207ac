// What people see of a plan before they run it.
#include "controller/plans/plan_sheet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "common/plan/profile.h"
#include "controller/plans/built_in_plans.h"
#include "controller/report/text/printable.h"

namespace rampart::controller {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPlan = R"(
name: known
description: What every part of a sheet looks like.
params:
  API_URL: http://127.0.0.1:3000
  USERS: 8
  LIST: [ 1, two ]
scenarios:
  people:
    load:
      ramping_users:
        stages:
          - { duration: 2m, target: "${USERS}" }
          - { duration: 2m, target: "${USERS}" }
          - { duration: 2m, target: 0 }
    steps: [ { sleep: 1s } ]
  orders:
    start: 2m
    graceful_stop: 5s
    load: { constant_arrival_rate: { rate: 30/m, duration: 2m, users: 3 } }
    steps: [ { sleep: 1s } ]
thresholds:
  checks: rate>0.99
  http_req_duration: [ p(95)<500, { expression: p(99)<1000, abort_on_fail: true, delay_abort_eval: 10s } ]
)";

std::string Sheet(std::string_view text, const PlanOptions& options, int agents,
                  const TextStyle& style) {
  const LoadedPlan loaded = LoadPlan(text, "known.yaml", options);
  EXPECT_TRUE(loaded.ok()) << loaded.FaultText();
  std::string sheet = PlanSheet(loaded.plan, options, agents, style);
  // RAMPART_SHOW=1 prints what the tests judge.
  if (std::getenv("RAMPART_SHOW") != nullptr) std::fputs(sheet.c_str(), stdout);
  return sheet;
}

std::string WithLoad(const std::string& load) {
  return "name: p\nscenarios: { s: { steps: [ { sleep: 1s } ], load: " + load + " } }\n";
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST(PlanSheet, ShowsEveryPartOfAPlan) {
  EXPECT_EQ(Sheet(kPlan, {.params = {{"USERS", "10"}}}, 3, {.width = 80}), R"(  known
  What every part of a sheet looks like.
  2 scenarios, 6m, 13 users at most, 3 agents

  params
    API_URL...: http://127.0.0.1:3000  plan, line 5
    USERS.....: 10                     -e
    LIST......: [1, "two"]             plan, line 7

  people   concurrent users
    0 users, to 10 in 2m, hold 2m, to 0 in 2m; then up to 30s to finish

    10 ┤                  ▂▂██████████████████████▂▂
       │                ▃▃██████████████████████████▃▃
       │              ▅▅██████████████████████████████▅▅
       │            ▆▆██████████████████████████████████▆▆
     5 ┤        ▂▂██████████████████████████████████████████▂▂
       │      ▃▃██████████████████████████████████████████████▃▃
       │    ▅▅██████████████████████████████████████████████████▅▅
       │  ▆▆██████████████████████████████████████████████████████▆▆
     0 └─────────┴─────────┴─────────┴─────────┴─────────┴─────────┘
       0        1m        2m        3m        4m        5m        6m

    each of 3 agents: 3 to 4 users at the peak

  orders   iterations a minute
    after 2m: 30/m for 2m: 60 iterations, by 3 users; then up to 5s to finish

    30 ┤                    ████████████████████
       │                    ████████████████████
     0 └─────────┴─────────┴─────────┴─────────┴─────────┴─────────┘
       0        1m        2m        3m        4m        5m        6m

    each of 3 agents: 10/m, 20 iterations, 1 user at most

  thresholds
    checks..............: rate>0.99
    http_req_duration...: p(95)<500, p(99)<1000 or the run ends (from 10s on)
)");
}

TEST(PlanSheet, IsAsciiWhereNothingElseCanBeShown) {
  EXPECT_EQ(Sheet(kPlan, {}, 1, {.width = 60, .unicode = false}), R"(  known
  What every part of a sheet looks like.
  2 scenarios, 6m, 11 users at most, 1 agent

  params
    API_URL...: http://127.0.0.1:3000  plan, line 5
    USERS.....: 8                      plan, line 6
    LIST......: [1, "two"]             plan, line 7

  people   concurrent users
    0 users, to 8 in 2m, hold 2m, to 0 in 2m; then up to 30s
    to finish

     8 +               ###################
       |             #######################
       |           ###########################
       |         ###############################
     4 +       ###################################
       |     #######################################
       |   ###########################################
       | ##############################################
     0 +---------------+--------------+---------------+
       0              2m             4m              6m

    the one agent: 8 users at the peak

  orders   iterations a minute
    after 2m: 30/m for 2m: 60 iterations, by 3 users; then
    up to 5s to finish

    30 +               #################
       |               #################
     0 +---------------+--------------+---------------+
       0              2m             4m              6m

    the one agent: 30/m, 60 iterations, 3 users at most

  thresholds
    checks..............: rate>0.99
    http_req_duration...: p(95)<500, p(99)<1000 or the run
                          ends (from 10s on)
)");
}

// Ten seconds of a day are less than a thousandth of the plot's width.
TEST(PlanSheet, AShortSpikeIsSeen) {
  const std::string sheet =
      Sheet(WithLoad("{ ramping_users: { start_users: 10, stages: [ { duration: 5h, target: 10 }, "
                     "{ duration: 0s, target: 1000 }, { duration: 10s, target: 1000 }, "
                     "{ duration: 0s, target: 10 }, { duration: 19h, target: 10 } ] } }"),
            {}, 1, {.width = 80, .unicode = false});
  int columns = 0;
  for (const std::string& line : LinesOf(sheet)) {
    if (line.starts_with("    1,000 +")) {
      columns = static_cast<int>(std::count(line.begin(), line.end(), '#'));
    }
  }
  EXPECT_EQ(columns, 1) << sheet;
}

TEST(PlanSheet, ARampingRateIsDrawnInTheUnitThatPeopleSay) {
  const std::string sheet = Sheet(
      WithLoad("{ ramping_arrival_rate: { start_rate: 1/m, users: 5, stages: [ { duration: 10m, "
               "target: 20/m }, { duration: 10m, target: 20/m } ] } }"),
      {}, 2, {.width = 100});
  EXPECT_THAT(sheet, HasSubstr("iterations a minute"));
  EXPECT_THAT(sheet, HasSubstr("1/m, to 20/m in 10m, hold 10m: 305 iterations, by 5 users"));
  EXPECT_THAT(sheet, HasSubstr("    20 ┤"));
  EXPECT_THAT(sheet, HasSubstr("    10 ┤"));
  EXPECT_THAT(
      sheet,
      HasSubstr("each of 2 agents: 10/m at the peak, 152 to 153 iterations, 2 to 3 users at most"));
}

TEST(PlanSheet, AgentsWithoutAUserAreNamed) {
  const std::string sheet =
      Sheet(WithLoad("{ shared_iterations: { users: 3, iterations: 9, max_duration: 1m } }"), {}, 5,
            {.width = 100});
  EXPECT_THAT(sheet, HasSubstr("3 users share 9 iterations, 1m at the longest"));
  EXPECT_THAT(
      sheet,
      HasSubstr("each of 3 of 5 agents: 1 user, 3 iterations; no user is left for the others"));
}

TEST(PlanSheet, SaysWhatChangedThePlansOwnLoad) {
  EXPECT_THAT(
      Sheet(kPlan, {.params = {}, .time_scale = 0.5, .profile = "stress", .duration = "10m"}, 1,
            {}),
      HasSubstr("Its load is changed by --profile stress --duration 10m --time-scale 0.5"));
  EXPECT_THAT(Sheet(kPlan, {}, 1, {}), Not(HasSubstr("changed by")));
}

TEST(PlanSheet, WhatAPlanSaysCannotMoveTheCursor) {
  const std::string sheet = Sheet(
      "name: p\ndescription: \"a\\e[2Jb\"\nparams: { A: \"\\e[2J\" }\nscenarios: { "
      "\"s\\e[2J\": { steps: [ { sleep: 1s } ], load: { constant_users: { users: 1, "
      "duration: 1s } } } }\n",
      {}, 1, {});
  EXPECT_THAT(sheet, Not(HasSubstr("\x1b")));
}

TEST(PlanSheet, NoLineOfAnyPlanAndProfileIsOverItsWidth) {
  std::vector<std::string> profiles = {""};
  for (const Profile& profile : Profiles()) profiles.emplace_back(profile.name);
  for (const BuiltInPlan& plan : BuiltInPlans()) {
    for (const std::string& profile : profiles) {
      const PlanOptions options{.params = {}, .profile = profile};
      const LoadedPlan loaded = LoadPlan(plan.text, "a.yaml", options);
      ASSERT_TRUE(loaded.ok()) << loaded.FaultText();
      for (const int width : {60, 80, 200}) {
        for (const bool unicode : {false, true}) {
          const std::string sheet =
              PlanSheet(loaded.plan, options, 4, {.width = width, .unicode = unicode});
          for (const std::string& line : LinesOf(sheet)) {
            EXPECT_LE(DisplayWidth(line), width) << line;
            // Nothing of a plot or its axis is cut.
            if (width >= 80) {
              EXPECT_EQ(line.find("…"), std::string::npos) << plan.name << ": " << line;
            }
          }
          if (unicode) continue;
          EXPECT_EQ(Printable(sheet, false).find("\\u"), std::string::npos) << plan.name;
        }
      }
    }
  }
}

}  // namespace
}  // namespace rampart::controller
