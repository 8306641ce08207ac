#include "controller/report/suite_report.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "controller/report/json_writer.h"
#include "controller/report/summary_text.h"
#include "controller/report/text/number.h"
#include "controller/report/text/page.h"
#include "controller/report/text/printable.h"
#include "controller/run/threshold_table.h"

namespace rampart::controller {
namespace {

constexpr int kSuiteSchema = 1;
constexpr int kColumn = 11;
constexpr size_t kMaxWords = 10;  // of failed thresholds and reasons of one run

std::string_view VerdictOf(const SuiteRun& run) {
  return run.verdict ? VerdictText(*run.verdict) : "ERROR";
}

Ink InkOf(const SuiteRun& run) {
  if (run.verdict == Verdict::kPass) return run.unreliable ? Ink::kWarning : Ink::kGood;
  return run.verdict == Verdict::kAborted ? Ink::kWarning : Ink::kBad;
}

bool Has(const SuiteResult& suite, ExitCode code) {
  return std::any_of(suite.runs.begin(), suite.runs.end(),
                     [&](const SuiteRun& run) { return run.exit_code == code; });
}

std::string Started(const SuiteResult& suite) {
  return absl::FormatTime(absl::RFC3339_sec, absl::FromUnixNanos(suite.started_unix_ns),
                          absl::UTCTimeZone());
}

}  // namespace

SuiteRun SuiteRunOf(const RunResult& result) {
  SuiteRun run;
  run.verdict = result.verdict;
  run.exit_code = result.exit_code;
  run.unreliable = result.unreliable;
  run.seconds = result.run_seconds;
  if (const auto value = result.series.Aggregate("iterations")) {
    run.iterations = value->counter.Value();
  }
  const auto http = result.series.Aggregate("http_req_duration");
  if (http && !http->empty()) run.http_p95_ms = http->trend.Percentile(95);
  for (const ErrorEntry& error : result.errors) run.errors += static_cast<double>(error.count);
  if (result.breakpoint) run.breakpoint = result.breakpoint->rate;
  for (const ThresholdOutcome& threshold : result.thresholds) {
    if (threshold.outcome != Outcome::kPass) run.failed.push_back(ThresholdWords(threshold));
  }
  run.reasons = result.reasons;
  return run;
}

ExitCode SuiteExitCode(const SuiteResult& suite) {
  for (const ExitCode code :
       {ExitCode::kInterrupted, ExitCode::kThresholdsFailed, ExitCode::kUnreliable,
        ExitCode::kBadPlanOrFlags, ExitCode::kInternal}) {
    if (Has(suite, code)) return code;
  }
  return suite.not_run.empty() ? ExitCode::kPass : ExitCode::kInterrupted;
}

std::string SuiteText(const SuiteResult& suite, const TextStyle& style) {
  Page page(style);
  const auto passed = std::count_if(suite.runs.begin(), suite.runs.end(), [](const SuiteRun& run) {
    return run.exit_code == ExitCode::kPass;
  });
  const size_t all = suite.runs.size() + suite.not_run.size();
  const bool good = static_cast<size_t>(passed) == all;
  page.Title("SUITE", page.Paint(good ? Ink::kGood : Ink::kBad,
                                 Grouped(static_cast<uint64_t>(passed)) + " of " + Grouped(all) +
                                     (all == 1 ? " plan passed" : " plans passed")));
  page.Line("  " +
            page.Paint(Ink::kDim, Started(suite) + ", exit code " +
                                      std::to_string(static_cast<int>(SuiteExitCode(suite)))));
  int names = 4;
  for (const SuiteRun& run : suite.runs) {
    names = std::max(names, DisplayWidth(page.Show(run.plan)));
  }
  for (const std::string& plan : suite.not_run) {
    names = std::max(names, DisplayWidth(page.Show(plan)));
  }
  names = std::min(names, page.width() - 4 - 9 - 4 * kColumn) + 2;
  page.Gap();
  page.Line(page.Paint(Ink::kDim, "    " + PadRight("plan", names) + PadRight("verdict", 9) +
                                      PadLeft("duration", kColumn) +
                                      PadLeft("iterations", kColumn) +
                                      PadLeft("http p95", kColumn) + PadLeft("errors", kColumn)));
  const Digits digits{.unicode = style.unicode};
  for (const SuiteRun& run : suite.runs) {
    const std::string name = Elide(page.Show(run.plan), names - 2, Keep::kBegin, style.unicode);
    std::string line = "    " + PadRight(name, names);
    line += page.Paint(InkOf(run), PadRight(std::string(VerdictOf(run)), 9));
    line += PadLeft(Duration(run.seconds * 1e3, digits), kColumn);
    line += PadLeft(Grouped(static_cast<uint64_t>(run.iterations)), kColumn);
    line += PadLeft(run.http_p95_ms ? Duration(*run.http_p95_ms, digits) : "-", kColumn);
    line += PadLeft(Grouped(static_cast<uint64_t>(run.errors)), kColumn);
    page.Line(line);
    if (run.breakpoint) page.Line("      breakpoint " + PerSecond(*run.breakpoint));
    if (run.unreliable) {
      page.Line("      " + page.Paint(Ink::kWarning, "unreliable: see its summary"));
    }
    // A failed run's reasons are its thresholds.
    const auto& words =
        run.verdict == Verdict::kFail && !run.failed.empty() ? run.failed : run.reasons;
    for (size_t i = 0; i < std::min(words.size(), kMaxWords); ++i) {
      std::string begin = "      " + std::string(BadMark(style)) + " ";
      for (const std::string& part : Wrap(page.Show(words[i]), page.width() - 8)) {
        page.Line(begin + page.Paint(Ink::kBad, part));
        begin.assign(8, ' ');
      }
    }
    if (words.size() > kMaxWords) {
      page.Line("      and " + Grouped(words.size() - kMaxWords) + " more");
    }
  }
  for (const std::string& plan : suite.not_run) {
    page.Line("    " + PadRight(page.Show(plan), names) + page.Paint(Ink::kWarning, "not run"));
  }
  page.Gap();
  page.Line("  " + page.Paint(Ink::kDim, "everything of it: " + page.Show(suite.folder)));
  return page.Text();
}

std::string SuiteJson(const SuiteResult& suite) {
  JsonWriter json;
  json.BeginObject();
  json.Member("schema", kSuiteSchema);
  json.Member("rampart_version", suite.rampart_version);
  json.Member("started", Started(suite));
  json.Member("folder", suite.folder);
  json.Member("exit_code", static_cast<int>(SuiteExitCode(suite)));
  json.Key("runs");
  json.BeginArray();
  for (const SuiteRun& run : suite.runs) {
    json.BeginObject();
    json.Member("plan", run.plan);
    json.Member("folder", run.folder);
    json.Member("verdict", absl::AsciiStrToLower(std::string(VerdictOf(run))));
    json.Member("exit_code", static_cast<int>(run.exit_code));
    json.Member("unreliable", run.unreliable);
    json.Member("run_seconds", run.seconds);
    json.Member("iterations", run.iterations);
    json.Member("http_req_duration_p95_ms", run.http_p95_ms);
    json.Member("errors", run.errors);
    json.Member("breakpoint_rate", run.breakpoint);
    json.Member("failed_thresholds", run.failed);
    json.Member("reasons", run.reasons);
    json.EndObject();
  }
  json.EndArray();
  json.Member("not_run", suite.not_run);
  json.EndObject();
  return json.Take();
}

}  // namespace rampart::controller
