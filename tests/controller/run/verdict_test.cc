#include "controller/run/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rampart::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ThresholdOutcome Threshold(Outcome outcome) {
  ThresholdOutcome threshold;
  threshold.metric = "http_req_duration";
  threshold.expression = "p(95)<200";
  threshold.outcome = outcome;
  threshold.observed = 312.44;
  threshold.unit = "ms";
  return threshold;
}

// A run with nothing to complain about.
Findings Good() {
  Findings findings;
  findings.thresholds = {Threshold(Outcome::kPass)};
  findings.samples = 1;
  findings.iterations = 99;
  findings.plan_file = "p.yaml";
  return findings;
}

void ExpectVerdict(const Findings& findings, Verdict verdict, ExitCode exit_code) {
  const Decision decision = Decide(findings);
  EXPECT_EQ(decision.verdict, verdict);
  EXPECT_EQ(decision.exit_code, exit_code);
}

TEST(Verdict, PassesWhenEverythingHolds) {
  ExpectVerdict(Good(), Verdict::kPass, ExitCode::kPass);
  EXPECT_THAT(Decide(Good()).reasons, IsEmpty());
  EXPECT_FALSE(Decide(Good()).unreliable);
  Findings strict = Good();
  strict.strict = true;
  ExpectVerdict(strict, Verdict::kPass, ExitCode::kPass);
}

TEST(Verdict, AThresholdThatFailsOrHasNoDataFails) {
  Findings findings = Good();
  findings.thresholds.push_back(Threshold(Outcome::kFail));
  ExpectVerdict(findings, Verdict::kFail, ExitCode::kThresholdsFailed);
  EXPECT_THAT(Decide(findings).reasons,
              ElementsAre("http_req_duration: p(95)<200 failed with 312.4 ms"));
  findings.thresholds.back() = Threshold(Outcome::kNoData);
  ExpectVerdict(findings, Verdict::kFail, ExitCode::kThresholdsFailed);
  EXPECT_THAT(Decide(findings).reasons, ElementsAre(HasSubstr("no data is not a pass")));
}

TEST(Verdict, AnAbortingThresholdFailsWithItsReasonOnce) {
  Findings findings = Good();
  findings.aborted = "it was bad";
  findings.thresholds = {Threshold(Outcome::kFail)};
  findings.thresholds[0].aborted_run = true;
  ExpectVerdict(findings, Verdict::kFail, ExitCode::kThresholdsFailed);
  EXPECT_THAT(Decide(findings).reasons, ElementsAre("it was bad"));
}

TEST(Verdict, AnIncompleteMeasurementIsInvalidWhateverItsThresholds) {
  Findings findings = Good();
  findings.invalid = {"agent a was lost: gone"};
  ExpectVerdict(findings, Verdict::kInvalid, ExitCode::kUnreliable);
  findings.thresholds = {Threshold(Outcome::kFail)};
  ExpectVerdict(findings, Verdict::kInvalid, ExitCode::kUnreliable);
  EXPECT_THAT(Decide(findings).reasons,
              ElementsAre("agent a was lost: gone", HasSubstr("p(95)<200 failed")));
}

TEST(Verdict, AnInterruptByAPersonIsAbortedWhateverElse) {
  Findings findings = Good();
  findings.interrupted = "interrupted";
  ExpectVerdict(findings, Verdict::kAborted, ExitCode::kInterrupted);
  findings.thresholds = {Threshold(Outcome::kFail)};
  findings.invalid = {"agent a was lost: gone"};
  findings.dropped = 1'000;
  findings.strict = true;
  ExpectVerdict(findings, Verdict::kAborted, ExitCode::kInterrupted);
  EXPECT_EQ(Decide(findings).reasons[0], "interrupted");
}

TEST(Verdict, NothingMeasuredIsInvalid) {
  Findings findings = Good();
  findings.thresholds.clear();
  findings.samples = 0;
  ExpectVerdict(findings, Verdict::kPass, ExitCode::kPass);
  findings.iterations = 0;
  ExpectVerdict(findings, Verdict::kInvalid, ExitCode::kUnreliable);
  EXPECT_THAT(Decide(findings).reasons, ElementsAre("no agent measured anything"));
}

TEST(Verdict, AFailedTeardownIsSaidAndChangesNothing) {
  Findings findings = Good();
  findings.teardown = {"teardown failed: 500"};
  ExpectVerdict(findings, Verdict::kPass, ExitCode::kPass);
  EXPECT_THAT(Decide(findings).reasons, ElementsAre("teardown failed: 500"));
}

// Each doubt alone: passes, but says so, and exits with 113 under strict.
void ExpectDoubt(Findings findings, const std::string& words) {
  ExpectVerdict(findings, Verdict::kPass, ExitCode::kPass);
  EXPECT_TRUE(Decide(findings).unreliable);
  EXPECT_THAT(Decide(findings).unreliable_reasons, ElementsAre(HasSubstr(words)));
  findings.strict = true;
  ExpectVerdict(findings, Verdict::kPass, ExitCode::kUnreliable);
}

TEST(Verdict, DroppedIterationsOverTheLimitAreUnreliable) {
  Findings findings = Good();
  findings.dropped = 1;  // of 100 due
  EXPECT_FALSE(Decide(findings).unreliable);
  findings.dropped = 2;
  ExpectDoubt(findings, "2 of 101 due iterations were dropped (1.98 %, the limit is 1 %)");
  ExpectDoubt(findings, "of all that was due no percentile over p(98.02) is known");
  findings.dropped_limit = 0.02;
  EXPECT_FALSE(Decide(findings).unreliable);
  findings.dropped_limit = 0;
  findings.dropped = 0;
  EXPECT_FALSE(Decide(findings).unreliable);
  findings.dropped = 1;
  EXPECT_TRUE(Decide(findings).unreliable);
}

TEST(Verdict, ABottleneckIsUnreliable) {
  Findings findings = Good();
  findings.agents.resize(2);
  EXPECT_FALSE(Decide(findings).unreliable);
  findings.agents[1].name = "b";
  findings.agents[1].bottleneck = {"too slow"};
  ExpectDoubt(findings, "agent b was the bottleneck: too slow");
}

TEST(Verdict, ExpressionErrorsAreUnreliable) {
  Findings findings = Good();
  findings.script_errors.count = 1;
  ExpectDoubt(findings, "expressions in steps failed 1 time: ");
  findings.script_errors.count = 1'234;
  findings.script_errors.at.set_line(12);
  findings.script_errors.at.set_column(7);
  ExpectDoubt(findings, "failed 1,234 times, the first at p.yaml:12:7");
}

TEST(Verdict, FoldedSamplesAreUnreliable) {
  Findings findings = Good();
  findings.folded_samples = 1;
  ExpectDoubt(findings, "1 samples are in `other` series");
}

TEST(Verdict, StrictMakesAFailureThatIsUnreliableExitWith113) {
  Findings findings = Good();
  findings.thresholds = {Threshold(Outcome::kFail)};
  findings.folded_samples = 1;
  ExpectVerdict(findings, Verdict::kFail, ExitCode::kThresholdsFailed);
  findings.strict = true;
  ExpectVerdict(findings, Verdict::kFail, ExitCode::kUnreliable);
}

}  // namespace
}  // namespace rampart::controller
