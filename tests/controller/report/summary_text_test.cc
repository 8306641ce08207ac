#include "controller/report/summary_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "controller/report/text/printable.h"
#include "tests/controller/report/sample_run.h"

namespace rampart::controller {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string SummaryAt(const RunResult& result, int width) {
  std::string text = SummaryText(result, {.width = width});
  // RAMPART_SHOW=1 prints what the tests judge.
  if (std::getenv("RAMPART_SHOW") != nullptr) std::fputs(text.c_str(), stdout);
  return text;
}

// A summary with everything that can be long or odd in it.
SampleRun HostileRun(const std::string& hostile) {
  SampleRun run = MakeSampleRun();
  RunResult& result = run.result;
  result.plan.set_name(hostile);
  result.plan.set_file(hostile);
  result.reasons = {hostile};
  result.unreliable_reasons = {hostile};
  for (ThresholdOutcome& threshold : result.thresholds) {
    threshold.metric = threshold.expression = threshold.unit = hostile;
  }
  result.thresholds[0].observed = NAN;
  result.thresholds[1].observed = -INFINITY;
  for (CheckResult& check : result.checks) check.name = check.group = hostile;
  run.AddMetric(hostile, v1::TREND, hostile);
  run.Trend(hostile, -1e300, 1e300, 10);
  run.AddMetric(hostile + "c", v1::COUNTER, hostile);
  run.Count(hostile + "c", 1e15);
  run.Trend("http_req_duration", 1, 2, 5, {{"name", hostile}});
  run.Trend("group_duration", 1, 2, 5, {{"group", hostile}});
  for (AgentResult& agent : result.agents) {
    agent.name = agent.why = hostile;
    agent.bottleneck = {hostile};
    agent.lost = true;
    agent.mean_busiest_cpu = NAN;
    agent.iterations = UINT64_MAX;
  }
  for (ErrorEntry& error : result.errors) error.kind = error.detail = error.step = hostile;
  for (TargetCount& count : result.target_counts) {
    count.what = hostile;
    count.ours = UINT64_MAX;
  }
  return run;
}

TEST(SummaryText, SaysTheVerdictFirstAndLoudly) {
  const std::vector<std::string> lines = LinesOf(SummaryAt(MakeSampleRun().result, 120));
  EXPECT_EQ(lines[1], "  FAIL  scalability");
  EXPECT_EQ(lines[2],
            "  ran 1m 54s on 4 agents, setup 1.23 s, teardown 45.0 ms, starts within 420 µs, "
            "2023-11-14 22:13:20 UTC, exit code 99");
  EXPECT_EQ(lines[3], "    - 2 of 5 thresholds failed");
  EXPECT_EQ(lines[5], "  UNRELIABLE  do not trust these numbers:");
  EXPECT_THAT(lines[6], HasSubstr("agent-2 was a bottleneck"));
}

TEST(SummaryText, SaysEachVerdict) {
  RunResult result;
  const auto headline = [&result](Verdict verdict) {
    result.verdict = verdict;
    return LinesOf(SummaryText(result, {}))[1];
  };
  result.plan.set_name("p");
  EXPECT_EQ(headline(Verdict::kPass), "  PASS  p");
  EXPECT_EQ(headline(Verdict::kInvalid), "  INVALID  p");
  EXPECT_EQ(headline(Verdict::kAborted), "  ABORTED  p");
}

TEST(SummaryText, HasK6sBlocksInK6sOrder) {
  const std::string text = SummaryText(MakeSampleRun().result, {.width = 120});
  size_t last = 0;
  for (const char* title : {"THRESHOLDS", "CHECKS", "CUSTOM", "HTTP", "WEBSOCKET", "EXECUTION",
                            "NETWORK", "AGENTS", "ERRORS", "TARGET COUNTS"}) {
    const size_t at = text.find(std::string("\n\n  ") + title);
    ASSERT_NE(at, std::string::npos) << title;
    EXPECT_GT(at, last) << title;
    last = at;
  }
}

TEST(SummaryText, ThresholdsShowWhatWasObserved) {
  const std::string text = SummaryText(MakeSampleRun().result, {.width = 100});
  EXPECT_THAT(text, HasSubstr("  THRESHOLDS   3 of 5 hold, 2 failed (1 without data)\n"));
  EXPECT_THAT(text, HasSubstr("✗ http_req_duration  p(95)<200......................: 200.04 ms\n"));
  EXPECT_THAT(text, HasSubstr("✓ http_req_duration{name:send_message}  p(99)<1500..: 845 ms\n"));
  EXPECT_THAT(text, HasSubstr("✓ delivery_rate  rate>0.99..........................: 99.98 %\n"));
  EXPECT_THAT(text,
              HasSubstr("✗ ws_ping  p(95)<100................................: no data, failed"));
  EXPECT_THAT(text, HasSubstr("✓ http_reqs  rate>500...............................: 790.3/s\n"));
}

TEST(SummaryText, AThresholdThatEndedTheRunIsNamed) {
  RunResult result = std::move(MakeSampleRun().result);
  result.thresholds[0].aborted_run = true;
  EXPECT_THAT(SummaryText(result, {.width = 100}), HasSubstr(": 200.04 ms  aborted the run\n"));
  EXPECT_THAT(SummaryText(result, {.width = 80}),
              HasSubstr(": 200.04 ms\n      aborted the run\n"));
}

TEST(SummaryText, FailedChecksComeFirstInTheirGroup) {
  const std::string text = SummaryText(MakeSampleRun().result, {.width = 100});
  EXPECT_THAT(text,
              HasSubstr("  CHECKS   99.996 %   111,978 passed, 5 failed\n"
                        "    ✓ status is 200 or 201.......: 100 %     89,988 passed\n"
                        "    checkout\n"
                        "      ✗ message persisted........: 99.75 %   1,995 passed  5 failed\n"
                        "      ✓ response has message id..: 100 %     19,995 passed\n"));
}

TEST(SummaryText, MetricsAreMergedOverTheirTags) {
  const std::string text = SummaryText(MakeSampleRun().result, {.width = 120});
  EXPECT_THAT(text, HasSubstr("    http_reqs......................: 90,099  790.3/s\n"));
  EXPECT_THAT(text, HasSubstr("    http_req_failed................: 0.01 %  12 of 90,099\n"));
  EXPECT_THAT(text, HasSubstr("    message_latency................:   615 ms   845 µs   616 ms   "
                              "1.23 s   1.11 s   1.17 s   1.22 s\n"));
  EXPECT_THAT(text, HasSubstr("    delivery_rate..................: 99.98 %  9,998 of 10,000\n"));
  EXPECT_THAT(text, HasSubstr("    queue_depth (items)............:    10.0k        1    9,992"));
  EXPECT_THAT(text, HasSubstr("    vus............................: min=0    max=10,000\n"));
  EXPECT_THAT(text, HasSubstr("    dropped_iterations.............: 1,234    10.82/s     "
                              "0.5 % of due\n"));
  EXPECT_THAT(text, HasSubstr("    data_received..................: 4.6 GB  40.1 MB/s\n"));
}

TEST(SummaryText, HowLateArrivalsWereIsAlwaysThere) {
  SampleRun run;
  run.Trend("iteration_lateness", 0.01, 0.1, 10'000);
  const std::vector<std::string> lines = LinesOf(SummaryAt(run.result, 100));
  // Its median, its maximum and its p(99), in microseconds.
  EXPECT_THAT(lines, Contains(testing::ContainsRegex("iteration_lateness.* 55.* 100.* 99")));
}

TEST(SummaryText, LeavesOutWhatWasNeverMeasured) {
  const std::string text = SummaryText(MakeSampleRun().result, {.width = 120});
  EXPECT_THAT(text, Not(HasSubstr("never_sampled")));
  EXPECT_THAT(text, Not(HasSubstr("ws_errors")));
  EXPECT_THAT(text, Not(HasSubstr("tls_handshaking"))) << "all of them took no time";
}

TEST(SummaryText, RequestsHaveALineEach) {
  const RunResult result = std::move(MakeSampleRun().result);
  EXPECT_THAT(SummaryText(result, {.width = 120}),
              HasSubstr("      signin.......................:  50.3 ms   500 µs  50.2 ms   100 ms  "
                        "90.1 ms  95.1 ms  99.1 ms      10,000   0.12 %\n"));
  EXPECT_THAT(SummaryText(result, {.width = 80}),
              HasSubstr("      signin......................................: 10,000 reqs  0.12 % "
                        "failed\n"
                        "                         50.3 ms  500 µs 50.2 ms  100 ms 90.1 ms 95.1 ms "
                        "99.1 ms\n"));
}

TEST(SummaryText, ManyRequestsAreFoldedTheFrequentStay) {
  SampleRun run = MakeSampleRun();
  for (int i = 0; i < 100; ++i) {
    run.Trend("http_req_duration", 1, 2, 100 + i, {{"name", "request_" + std::to_string(i)}});
  }
  const std::string text = SummaryText(run.result, {.width = 120});
  EXPECT_THAT(text, HasSubstr("      and 84 more, less frequent"));
  EXPECT_THAT(text, HasSubstr("      request_99."));
  EXPECT_THAT(text, Not(HasSubstr("request_10.")));
}

TEST(SummaryText, OneRequestNameHasNoLineOfItsOwn) {
  SampleRun run;
  run.Trend("http_req_duration", 1, 2, 100, {{"name", "only"}});
  EXPECT_THAT(SummaryText(run.result, {}), Not(HasSubstr("only")));
}

TEST(SummaryText, AgentsShowTheBottleneck) {
  const std::string text = SummaryText(MakeSampleRun().result, {.width = 100});
  EXPECT_THAT(text,
              HasSubstr("    ! agent-2   25.0 %      61,023   88 %   99 %   31.2 ms    1,204   "
                        "142 MB    +21 µs\n"));
  EXPECT_THAT(text, HasSubstr("    ! agent-2 was a bottleneck: its busiest thread"));
}

TEST(SummaryText, ALostAgentIsSaid) {
  RunResult result = std::move(MakeSampleRun().result);
  result.agents[2].lost = true;
  result.agents[2].why = "no heartbeat for 11 s";
  const std::string text = SummaryText(result, {.width = 100});
  EXPECT_THAT(text, HasSubstr("    ✗ agent-3 "));
  EXPECT_THAT(text, HasSubstr("    ✗ agent-3 was lost: no heartbeat for 11 s\n"));
}

TEST(SummaryText, ErrorsNameTheirPlaceInThePlan) {
  const std::string text = SummaryText(MakeSampleRun().result, {.width = 80});
  EXPECT_THAT(text,
              HasSubstr("  ERRORS   1,234\n"
                        "    1,200  connection_refused  signin  plans/scalability.yaml:12:5\n"
                        "           connect to 127.0.0.1:3000: Connection refused  1:01 to 1:05\n"
                        "       34  timeout  browse_channel_messages  "
                        "plans/scalability.yaml:31:9\n"
                        "           no answer within 60 s  at 1:10\n"));
}

TEST(SummaryText, OnlyTheTenMostFrequentErrorsAreShown) {
  RunResult result = std::move(MakeSampleRun().result);
  result.errors.resize(30, result.errors.back());
  EXPECT_THAT(SummaryText(result, {}), HasSubstr("\n    and 20 more kinds\n"));
}

TEST(SummaryText, TargetCountsAreCompared) {
  const std::string text = SummaryText(MakeSampleRun().result, {.width = 80});
  EXPECT_THAT(text, HasSubstr("    HTTP requests.........:   90,099  90,099  equal\n"));
  EXPECT_THAT(text, HasSubstr("    messages stored.......:   20,000  19,997  differs by 3\n"));
}

TEST(SummaryText, EveryLineFits) {
  const std::string hostile =
      "\x1b[2J\x1b]0;title\x07 name\nwith 日本 everything\xff \xe2\x80\xae" + std::string(300, 'x');
  for (const int width : {60, 61, 79, 80, 99, 100, 106, 120, 200}) {
    for (const bool color : {false, true}) {
      for (const bool unicode : {false, true}) {
        const TextStyle style{.color = color, .width = width, .unicode = unicode};
        for (const SampleRun& run : {MakeSampleRun(), HostileRun(hostile)}) {
          for (const std::string& line : LinesOf(SummaryText(run.result, style))) {
            EXPECT_LE(DisplayWidth(line), width) << line;
          }
        }
      }
    }
  }
}

TEST(SummaryText, NothingHostileReachesTheTerminal) {
  const SampleRun run = HostileRun(
      "a\x1b[2J\r\n\x07\xc2\x9b"
      "2J\xff");
  for (const std::string& line : LinesOf(SummaryText(run.result, {.width = 200}))) {
    EXPECT_EQ(line, Printable(line));
    EXPECT_THAT(line, Not(HasSubstr("nan")));
  }
  // In colours only our own codes remain.
  const std::string colored = SummaryText(run.result, {.color = true, .width = 200});
  EXPECT_THAT(colored, Not(HasSubstr("\x1b[2J")));
  EXPECT_THAT(colored, HasSubstr("a\\x1b[2J\\r\\n\\x07\\u{9b}2J\\xff"));
}

TEST(SummaryText, WithoutUnicodeItIsAscii) {
  for (const char c : SummaryText(MakeSampleRun().result, {.unicode = false})) {
    EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f)) << static_cast<int>(c);
  }
}

TEST(SummaryText, ColorsOnlyWhenAsked) {
  const RunResult result = std::move(MakeSampleRun().result);
  EXPECT_THAT(SummaryText(result, {.color = false}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(SummaryText(result, {.color = true}), HasSubstr("\x1b[1;37;41m FAIL \x1b[0m"));
}

TEST(SummaryText, ARunThatMeasuredNothingSaysSo) {
  RunResult result;
  result.verdict = Verdict::kInvalid;
  result.exit_code = ExitCode::kUnreliable;
  result.reasons = {"setup failed: connection refused"};
  result.plan.set_name("smoke");
  result.thresholds = {MakeThreshold("http_req_duration", "p(95)<200", Outcome::kNoData, 0, "ms")};
  const std::string text = SummaryAt(result, 80);
  EXPECT_EQ(text,
            "\n"
            "  INVALID  smoke\n"
            "  did not run, 0 agents, exit code 113\n"
            "    - setup failed: connection refused\n"
            "\n"
            "  THRESHOLDS   0 of 1 hold, 1 failed (1 without data)\n"
            "    ✗ http_req_duration  p(95)<200..: no data, failed\n"
            "\n"
            "  METRICS   nothing was measured\n"
            "\n");
}

}  // namespace
}  // namespace rampart::controller
