#include "controller/terminal/live_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "controller/report/text/printable.h"

namespace rampart::controller {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

ThresholdOutcome MakeThreshold(const std::string& metric, const std::string& expression,
                               Outcome outcome, double observed, const std::string& unit) {
  ThresholdOutcome threshold;
  threshold.metric = metric;
  threshold.expression = expression;
  threshold.outcome = outcome;
  threshold.observed = observed;
  threshold.unit = unit;
  return threshold;
}

AgentLine MakeAgent(int i, double cpu) {
  AgentLine agent;
  agent.name = "agent-" + std::to_string(i + 1);
  agent.state = "running";
  agent.users = 600;
  agent.busiest_cpu = cpu;
  agent.loop_lag_p99_ms = 0.31;
  return agent;
}

RunProgress MakeProgress() {
  RunProgress progress;
  progress.plan = "scalability";
  progress.phase = "running";
  progress.elapsed_s = 38.4;
  progress.total_s = 114;
  progress.stage = "ramp: stage 2 of 7, 1,000 -> 3,000 users";
  progress.users_planned = 2'400;
  progress.users_active = 2'398;
  progress.iterations = 12'345;
  progress.iterations_per_s = 102.94;
  progress.http_reqs_per_s = 1'234.5;
  progress.errors_per_s = 0.4;
  progress.errors = 17;
  progress.dropped_iterations = 0;
  progress.http_p50_ms = 0.845;
  progress.http_p95_ms = 12.34;
  progress.http_p99_ms = 1'234;
  progress.ws_active = 1'204;
  progress.ws_msgs_per_s = 2'345.6;
  for (int i = 0; i < 4; ++i) progress.agents.push_back(MakeAgent(i, 0.41));
  progress.agents[1].busy = true;
  progress.agents[1].busiest_cpu = 0.97;
  progress.thresholds = {
      MakeThreshold("http_req_duration", "p(95)<200", Outcome::kPass, 12.34, "ms"),
      MakeThreshold("http_req_duration{name:send_message}", "p(99)<500", Outcome::kFail, 1'234,
                    "ms"),
      MakeThreshold("http_req_failed", "rate<0.01", Outcome::kPass, 0.0012, ""),
      MakeThreshold("ws_ping", "p(95)<100", Outcome::kNoData, 0, "ms")};
  return progress;
}

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

// RAMPART_SHOW=1 prints what the tests judge.
void Show(const std::string& text) {
  if (std::getenv("RAMPART_SHOW") != nullptr) std::fputs(text.c_str(), stdout);
}

TEST(LiveFrame, ShowsHowTheRunStands) {
  const std::string frame = LiveFrame(MakeProgress(), {.width = 80});
  Show(frame);
  EXPECT_THAT(LinesOf(frame),
              Contains(" scalability  running  ramp: stage 2 of 7, 1,000 -> 3,000 users"));
  EXPECT_THAT(frame, HasSubstr(" 33 %  0:38 of 1:54\n"));
  EXPECT_THAT(frame, HasSubstr(" users       2,398 of 2,400 planned"));
  EXPECT_THAT(frame, HasSubstr("iterations  12,345    103/s\n"));
  EXPECT_THAT(frame, HasSubstr(" websockets  1,204 open  2,346 msgs/s"));
  EXPECT_THAT(frame, HasSubstr("errors      17        0.4/s\n"));
  EXPECT_THAT(frame, HasSubstr("p50 845 µs    p95 12.3 ms   p99 1.23 s\n"));
  EXPECT_THAT(frame, HasSubstr(" agent-2             600   97 %    310 µs  running  busy\n"));
  EXPECT_THAT(frame, HasSubstr(" thresholds  2 hold, 1 do not, 1 without data yet\n"));
  EXPECT_THAT(frame, HasSubstr("✗ http_req_duration{name:send_message}  p(99)<500..: 1.23 s\n"));
  EXPECT_THAT(frame, HasSubstr("? ws_ping  p(95)<100"));
  EXPECT_THAT(frame, HasSubstr(": no data yet\n"));
}

TEST(LiveFrame, FitsEveryTerminal) {
  RunProgress progress = MakeProgress();
  for (int i = 4; i < 40; ++i) progress.agents.push_back(MakeAgent(i, 0.2));
  for (int i = 0; i < 40; ++i) {
    progress.thresholds.push_back(MakeThreshold(std::string(200, 'm'), std::string(50, 'e'),
                                                Outcome::kPass, 1e300, "furlongs per fortnight"));
  }
  for (const int width : {60, 80, 120}) {
    for (const int height : {5, 10, 16, 24, 50}) {
      for (const bool color : {false, true}) {
        const std::string frame =
            LiveFrame(progress, {.color = color, .width = width, .height = height});
        const std::vector<std::string> lines = LinesOf(frame);
        EXPECT_LE(static_cast<int>(lines.size()), std::max(8, std::min(height - 1, 24)));
        for (const std::string& line : lines) EXPECT_LE(DisplayWidth(line), width) << line;
        EXPECT_EQ(frame.find('\x1b') != std::string::npos, color);
      }
    }
  }
  Show(LiveFrame(progress, {.width = 100}));
}

TEST(LiveFrame, FoldsManyAgentsAndKeepsTheWorst) {
  RunProgress progress = MakeProgress();
  progress.thresholds.clear();
  for (int i = 4; i < 30; ++i) progress.agents.push_back(MakeAgent(i, 0.2));
  progress.agents[20].state = "lost";
  const std::vector<std::string> lines = LinesOf(LiveFrame(progress, {}));
  size_t first = 0;
  while (!lines[first].starts_with(" agents")) ++first;
  EXPECT_THAT(lines[first + 1], StartsWith(" agent-21 "));
  EXPECT_THAT(lines[first + 1], HasSubstr("  lost"));
  EXPECT_THAT(lines[first + 2], StartsWith(" agent-2 "));
  EXPECT_THAT(lines.back(), " and 23 more, less busy, with 13,800 users");
}

TEST(LiveFrame, KeepsFailingThresholdsWhenThereIsLittleRoom) {
  RunProgress progress = MakeProgress();
  for (int i = 0; i < 30; ++i) {
    progress.thresholds.push_back(MakeThreshold("m", "avg<1", Outcome::kPass, 0.5, ""));
  }
  progress.thresholds.push_back(MakeThreshold("last", "avg<1", Outcome::kFail, 2, ""));
  const std::string frame = LiveFrame(progress, {.height = 24});
  EXPECT_THAT(frame, HasSubstr("✗ last  avg<1"));
  EXPECT_THAT(frame, HasSubstr("✗ http_req_duration{name:send_message}"));
  EXPECT_THAT(LinesOf(frame).back(), HasSubstr(" more"));
}

TEST(LiveFrame, SaysNothingFalseBeforeAnythingWasMeasured) {
  RunProgress progress;
  progress.phase = "setup";
  const std::string frame = LiveFrame(progress, {});
  Show(frame);
  EXPECT_THAT(frame, HasSubstr(" setup\n"));
  EXPECT_THAT(frame, HasSubstr("p50 -"));
  EXPECT_THAT(frame, Not(HasSubstr("nan")));
  EXPECT_THAT(frame, Not(HasSubstr("%")));
}

TEST(LiveFrame, KeepsHostileTextFromTheTerminal) {
  RunProgress progress = MakeProgress();
  const std::string hostile =
      "a\x1b[2J\r\nb\x07\xc2\x9b"
      "31m\xff";
  progress.plan = progress.phase = progress.stage = hostile;
  progress.agents[0].name = progress.agents[0].state = hostile;
  progress.thresholds[0].metric = progress.thresholds[0].expression = hostile;
  progress.thresholds[0].unit = hostile;
  progress.http_p50_ms = NAN;
  progress.users_active = INFINITY;
  progress.agents[1].busiest_cpu = -INFINITY;
  progress.agents[2].busiest_cpu = progress.agents[2].users = NAN;
  for (const std::string& text :
       {LiveFrame(progress, {.width = 120}), PlainLine(progress) + "\n"}) {
    EXPECT_THAT(text, HasSubstr("\\x1b[2J\\r\\nb\\x07\\u{9b}31m\\xff"));
    for (const std::string& line : LinesOf(text)) {
      EXPECT_EQ(line, Printable(line));
      EXPECT_THAT(line, Not(HasSubstr("nan")));
    }
  }
}

TEST(PlainLine, IsOneLineOfAscii) {
  const std::string line = PlainLine(MakeProgress());
  Show(line + "\n");
  EXPECT_EQ(line,
            "0:38/1:54 33 %  running  users 2,398/2,400  iterations 12,345 (103/s)  "
            "http 1,235/s p50=845 us p95=12.3 ms p99=1.23 s  ws 1,204 open 2,346 msgs/s  "
            "errors 17  dropped 0  agents 4 1 BUSY  thresholds 2 hold 1 FAIL 1 no data");
}

}  // namespace
}  // namespace rampart::controller
