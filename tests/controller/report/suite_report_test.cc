#include "controller/report/suite_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rampart::controller {
namespace {

using testing::HasSubstr;

SuiteRun RunOf(const std::string& plan, Verdict verdict, ExitCode code) {
  SuiteRun run;
  run.plan = plan;
  run.verdict = verdict;
  run.exit_code = code;
  run.seconds = 12;
  run.iterations = 1'234;
  run.http_p95_ms = 45.6;
  return run;
}

SuiteResult SuiteOf(std::vector<SuiteRun> runs) {
  SuiteResult suite;
  suite.folder = "results/now";
  suite.runs = std::move(runs);
  return suite;
}

TEST(SuiteReport, TheExitCodeIsThatOfTheWorstRun) {
  const SuiteRun pass = RunOf("a", Verdict::kPass, ExitCode::kPass);
  const SuiteRun fail = RunOf("b", Verdict::kFail, ExitCode::kThresholdsFailed);
  const SuiteRun invalid = RunOf("c", Verdict::kInvalid, ExitCode::kUnreliable);
  const SuiteRun stopped = RunOf("d", Verdict::kAborted, ExitCode::kInterrupted);
  EXPECT_EQ(SuiteExitCode(SuiteOf({pass, pass})), ExitCode::kPass);
  EXPECT_EQ(SuiteExitCode(SuiteOf({pass, invalid})), ExitCode::kUnreliable);
  EXPECT_EQ(SuiteExitCode(SuiteOf({invalid, fail, pass})), ExitCode::kThresholdsFailed);
  EXPECT_EQ(SuiteExitCode(SuiteOf({fail, stopped})), ExitCode::kInterrupted);
  EXPECT_EQ(SuiteExitCode(SuiteOf({pass, SuiteRun()})), ExitCode::kInternal);
}

TEST(SuiteReport, IsATableWithWhatFailedBelow) {
  SuiteRun fail = RunOf("message-throughput", Verdict::kFail, ExitCode::kThresholdsFailed);
  fail.failed = {"checks: rate>0.99 failed with 0.5"};
  SuiteResult suite = SuiteOf({RunOf("smoke", Verdict::kPass, ExitCode::kPass), fail});
  suite.not_run = {"scalability"};
  EXPECT_EQ("\n" + SuiteText(suite, {.width = 80}), R"(
  SUITE   1 of 3 plans passed
  1970-01-01T00:00:00+00:00, exit code 99

    plan                verdict     duration iterations   http p95     errors
    smoke               PASS          12.0 s      1,234    45.6 ms          0
    message-throughput  FAIL          12.0 s      1,234    45.6 ms          0
      ✗ checks: rate>0.99 failed with 0.5
    scalability         not run

  everything of it: results/now
)");
  const std::string json = SuiteJson(suite);
  EXPECT_THAT(json, HasSubstr("\"exit_code\": 99"));
  EXPECT_THAT(json, HasSubstr("\"verdict\": \"fail\""));
  EXPECT_THAT(json, HasSubstr("checks: rate>0.99 failed with 0.5"));
  EXPECT_THAT(json, HasSubstr("scalability"));
}

}  // namespace
}  // namespace rampart::controller
