#include "controller/report/summary_text.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "controller/report/agent_table.h"
#include "controller/report/breakpoint_report.h"
#include "controller/report/metric_block.h"
#include "controller/report/metric_summary.h"
#include "controller/report/text/number.h"
#include "controller/report/text/page.h"
#include "controller/report/text/printable.h"
#include "controller/report/threshold_line.h"
#include "controller/run/number_text.h"

namespace rampart::controller {
namespace {

constexpr size_t kMaxChecks = 100;
constexpr size_t kMaxErrors = 10;
constexpr int kMaxDetailLines = 4;  // of an error, about
constexpr size_t kMaxReasons = 20;
constexpr size_t kMaxRestarts = 10;
constexpr size_t kMaxChanges = 20;

Ink BadgeOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return Ink::kGoodBadge;
    case Verdict::kAborted:
      return Ink::kWarningBadge;
    default:
      return Ink::kBadBadge;
  }
}

// `1 agent`, `2 agents`
std::string Count(uint64_t n, std::string_view what) {
  return Grouped(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

void AddReasons(const std::vector<std::string>& reasons, Ink ink, Page* page) {
  for (size_t i = 0; i < std::min(reasons.size(), kMaxReasons); ++i) {
    page->Item("-", page->Show(reasons[i]), ink);
  }
  if (reasons.size() > kMaxReasons) {
    page->Item("-", "and " + Grouped(reasons.size() - kMaxReasons) + " more reasons", ink);
  }
}

// Comma by comma, on as many lines as it takes.
void AddFacts(const std::vector<std::string>& facts, Page* page) {
  std::string line;
  for (size_t i = 0; i < facts.size(); ++i) {
    const std::string fact = facts[i] + (i + 1 < facts.size() ? "," : "");
    if (!line.empty() && DisplayWidth(line) + DisplayWidth(fact) + 3 > page->width()) {
      page->Line("  " + page->Paint(Ink::kDim, line));
      line.clear();
    }
    line.append(line.empty() ? "" : " ").append(fact);
  }
  page->Line("  " + page->Paint(Ink::kDim, line));
}

void AddRestarts(const RunResult& result, Page* page) {
  if (result.restarts_unix_ns.empty()) return;
  std::vector<std::string> facts = {"the controller was restarted " +
                                    Count(result.restarts_unix_ns.size(), "time") + ":"};
  for (const int64_t at : result.restarts_unix_ns) {
    if (facts.size() > kMaxRestarts) break;
    facts.push_back(absl::FormatTime("%H:%M:%S UTC", absl::FromUnixNanos(at), absl::UTCTimeZone()));
  }
  facts[0] += " " + facts[1];
  facts.erase(facts.begin() + 1);
  AddFacts(facts, page);
}

void AddChanges(const RunResult& result, Page* page) {
  if (result.changes.empty()) return;
  std::vector<std::string> facts;
  for (const LoadChangeNote& change : result.changes) {
    if (facts.size() >= kMaxChanges) break;
    facts.push_back(page->Show(change.what) + " at " + NumberText(change.at_s) + " s");
  }
  facts[0] = "not as the plan says: " + facts[0];
  const size_t more = result.changes.size() - facts.size();
  if (more > 0) facts.push_back(Count(more, "more change"));
  AddFacts(facts, page);
}

void AddHeadline(const RunResult& result, Page* page) {
  page->Line("");
  std::string badge = " ";
  badge.append(VerdictText(result.verdict)).append(" ");
  std::string line(1, ' ');
  line.append(page->Paint(BadgeOf(result.verdict), badge)).append(" ");
  line.append(page->Paint(Ink::kBold, page->Show(result.plan.name())));
  page->Line(line);

  const Digits digits{.unicode = page->style().unicode};
  std::vector<std::string> facts;
  facts.push_back((result.run_seconds > 0
                       ? "ran " + Duration(result.run_seconds * 1e3, digits) + " on "
                       : "did not run, ") +
                  Count(result.agents.size(), "agent"));
  if (result.setup_seconds > 0) {
    facts.push_back("setup " + Duration(result.setup_seconds * 1e3, digits));
  }
  if (result.teardown_seconds > 0) {
    facts.push_back("teardown " + Duration(result.teardown_seconds * 1e3, digits));
  }
  if (result.agents.size() > 1) {
    facts.push_back("starts within " + Duration(result.start_skew_ms, digits));
  }
  if (result.started_unix_ns != 0) {
    facts.push_back(absl::FormatTime(
        "%Y-%m-%d %H:%M:%S UTC", absl::FromUnixNanos(result.started_unix_ns), absl::UTCTimeZone()));
  }
  facts.push_back("exit code " + std::to_string(static_cast<int>(result.exit_code)));
  AddFacts(facts, page);
  AddRestarts(result, page);
  AddChanges(result, page);
  AddReasons(result.reasons, result.verdict == Verdict::kPass ? Ink::kPlain : Ink::kBad, page);
  if (result.unreliable) {
    page->Gap();
    page->Line(" " + page->Paint(Ink::kWarningBadge, " UNRELIABLE ") + " " +
               page->Paint(Ink::kWarning, "do not trust these numbers:"));
    AddReasons(result.unreliable_reasons, Ink::kWarning, page);
  }
}

void AddThresholds(const RunResult& result, Page* page) {
  if (result.thresholds.empty()) return;
  uint64_t held = 0;
  uint64_t no_data = 0;
  for (const ThresholdOutcome& threshold : result.thresholds) {
    if (threshold.outcome == Outcome::kPass) ++held;
    if (threshold.outcome == Outcome::kNoData) ++no_data;
  }
  const uint64_t all = result.thresholds.size();
  std::string note = Grouped(held) + " of " + Grouped(all) + " hold";
  if (all > held) {
    note.append(", ").append(Grouped(all - held)).append(" failed");
    if (no_data > 0) note.append(" (" + Grouped(no_data) + " without data)");
  }
  page->Title("THRESHOLDS", page->Paint(held == all ? Ink::kGood : Ink::kBad, note));
  const int label_width = ThresholdLabelWidth(result.thresholds, *page);
  for (const ThresholdOutcome& threshold : result.thresholds) {
    std::string line = ThresholdLine(threshold, true, label_width, *page);
    if (!threshold.aborted_run) {
      page->Line(line);
      continue;
    }
    constexpr std::string_view kAborted = "aborted the run";
    if (DisplayWidth(line) + 2 + static_cast<int>(kAborted.size()) > page->width()) {
      page->Line(line);
      line.assign(4, ' ');
    }
    page->Line(line.append("  ").append(page->Paint(Ink::kBad, kAborted)));
  }
}

void AddChecks(const RunResult& result, Page* page) {
  if (result.checks.empty()) return;
  uint64_t passes = 0;
  uint64_t fails = 0;
  // Groups in the order in which they first appear, but checks outside of groups first.
  std::vector<std::string_view> groups = {""};
  std::map<std::string_view, std::vector<const CheckResult*>> by_group;
  int longest = 0;
  for (const CheckResult& check : result.checks) {
    passes += check.passes;
    fails += check.fails;
    if (std::find(groups.begin(), groups.end(), check.group) == groups.end()) {
      groups.push_back(check.group);
    }
    by_group[check.group].push_back(&check);
    const int indent = check.group.empty() ? 6 : 8;
    longest = std::max(longest, indent + DisplayWidth(page->Show(check.name)) + 4);
  }
  const std::string note = Percent(Share(passes, passes + fails)) + "   " + Grouped(passes) +
                           " passed, " + Grouped(fails) + " failed";
  page->Title("CHECKS", page->Paint(fails == 0 ? Ink::kGood : Ink::kBad, note));
  // `99.58 %   1,195 passed  5 failed`, in marks where there is little room.
  const bool narrow = page->width() < 80;
  const int label = std::min({longest, 60, page->width() - (narrow ? 26 : 36)});
  size_t shown = 0;
  for (const std::string_view group : groups) {
    std::vector<const CheckResult*>& checks = by_group[group];
    std::stable_sort(checks.begin(), checks.end(),
                     [](const auto* a, const auto* b) { return (a->fails > 0) > (b->fails > 0); });
    if (!group.empty() && shown < kMaxChecks) page->Line("    " + page->Show(group));
    const int indent = group.empty() ? 4 : 6;
    for (const CheckResult* check : checks) {
      if (++shown > kMaxChecks) continue;
      const bool good = check->fails == 0;
      std::string line(static_cast<size_t>(indent), ' ');
      line.append(page->Paint(good ? Ink::kGood : Ink::kBad,
                              good ? GoodMark(page->style()) : BadMark(page->style())));
      line.append(" ").append(page->Leader(0, page->Show(check->name), label - indent - 2));
      line.append(PadRight(Percent(Share(check->passes, check->passes + check->fails)), 9));
      const std::string passed = Grouped(check->passes);
      const std::string failed = Grouped(check->fails);
      if (narrow) {
        line.append(GoodMark(page->style())).append(" ").append(passed);
        if (!good) line.append("  ").append(BadMark(page->style())).append(" ").append(failed);
      } else {
        line.append(" ").append(passed).append(" passed");
        if (!good) line.append(page->Paint(Ink::kBad, "  " + failed + " failed"));
      }
      page->Line(line);
    }
  }
  if (shown > kMaxChecks) page->Line("    and " + Grouped(shown - kMaxChecks) + " more");
}

std::string PositionText(const RunResult& result, const v1::Position& at) {
  if (at.line() == 0) return "";
  return (result.plan.file().empty() ? "plan" : result.plan.file()) + ":" +
         std::to_string(at.line()) + ":" + std::to_string(at.column());
}

void AddErrors(const RunResult& result, Page* page) {
  if (result.errors.empty()) return;
  uint64_t all = 0;
  int count_width = 1;
  for (const ErrorEntry& error : result.errors) {
    all += error.count;
    count_width = std::max(count_width, DisplayWidth(Grouped(error.count)));
  }
  page->Title("ERRORS", page->Paint(Ink::kBad, Grouped(all)));
  const std::string below(static_cast<size_t>(2 * Page::kIndent + count_width + 2), ' ');
  const int room = page->width() - static_cast<int>(below.size());
  const bool unicode = page->style().unicode;
  for (size_t i = 0; i < std::min(result.errors.size(), kMaxErrors); ++i) {
    const ErrorEntry& error = result.errors[i];
    std::string line(2 * Page::kIndent, ' ');
    line.append(PadLeft(Grouped(error.count), count_width)).append("  ");
    std::string where = page->Show(error.step);
    const std::string position = page->Show(PositionText(result, error.at));
    const std::string kind = Elide(page->Show(error.kind), room / 2, Keep::kBegin, unicode);
    int rest = room - DisplayWidth(kind) - 2;
    const std::string at = Elide(position, rest, Keep::kEnd, unicode);
    rest -= DisplayWidth(at) + 2;
    // A place that is cut says less than none.
    where = rest >= 6 ? Elide(where, rest, Keep::kEnds, unicode) : "";
    line.append(page->Paint(Ink::kBad, kind)).append("  ");
    if (!where.empty()) line.append(where).append("  ");
    line.append(page->Paint(Ink::kDim, at));
    page->Line(line);

    const std::string first = ClockTime(static_cast<double>(error.first_ns) / 1e9);
    const std::string last = ClockTime(static_cast<double>(error.last_ns) / 1e9);
    const std::string when = first == last ? "at " + first : first + " to " + last;
    // Whole: at its end may stand what to do.
    std::vector<std::string> lines =
        Wrap(Elide(page->Show(error.detail), kMaxDetailLines * room, Keep::kEnds, unicode), room);
    std::string end = std::move(lines.back());
    lines.pop_back();
    if (DisplayWidth(end) + 2 + DisplayWidth(when) > room) lines.push_back(std::exchange(end, ""));
    for (const std::string& words : lines) page->Line(below + words);
    page->Line(below + end + (end.empty() ? "" : "  ") + page->Paint(Ink::kDim, when));
  }
  if (result.errors.size() > kMaxErrors) {
    page->Line("    and " + Grouped(result.errors.size() - kMaxErrors) + " more kinds");
  }
}

void AddTargetCounts(const RunResult& result, Page* page) {
  if (result.target_counts.empty()) return;
  int name = static_cast<int>(std::string_view("TARGET COUNTS").size()) + Page::kIndent + 1;
  int number = static_cast<int>(std::string_view("theirs").size());
  int judgement = static_cast<int>(std::string_view("equal").size());
  const auto differs = [](const TargetCount& count) {
    const bool more = count.ours > count.theirs;
    return "differs by " + Grouped(more ? count.ours - count.theirs : count.theirs - count.ours);
  };
  for (const TargetCount& count : result.target_counts) {
    name = std::max(name, 4 + DisplayWidth(page->Show(count.what)) + 3);
    number =
        std::max({number, DisplayWidth(Grouped(count.ours)), DisplayWidth(Grouped(count.theirs))});
    if (count.ours != count.theirs) judgement = std::max(judgement, DisplayWidth(differs(count)));
  }
  number += 2;
  name = std::min(name, page->width() - 2 * number - 2 - judgement);
  page->Gap();
  std::string head(Page::kIndent, ' ');
  head = PadRight(head.append(page->Paint(Ink::kBold, "TARGET COUNTS")), name);
  page->Line(head + page->Paint(Ink::kDim, PadLeft("ours", number) + PadLeft("theirs", number)));
  for (const TargetCount& count : result.target_counts) {
    std::string line = page->Leader(4, page->Show(count.what), name);
    line.append(PadLeft(Grouped(count.ours), number))
        .append(PadLeft(Grouped(count.theirs), number));
    const bool equal = count.ours == count.theirs;
    line.append("  ").append(
        page->Paint(equal ? Ink::kGood : Ink::kBad, equal ? "equal" : differs(count)));
    page->Line(line);
  }
}

}  // namespace

std::string_view VerdictText(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "PASS";
    case Verdict::kFail:
      return "FAIL";
    case Verdict::kInvalid:
      return "INVALID";
    case Verdict::kAborted:
      return "ABORTED";
  }
  return "INVALID";
}

std::string SummaryText(const RunResult& result, const TextStyle& style) {
  Page page(style);
  AddHeadline(result, &page);
  AddThresholds(result, &page);
  AddChecks(result, &page);
  const std::vector<MetricBlock> blocks = MetricBlocks(result, page);
  AddBlocks(blocks, &page);
  const bool measured = std::any_of(blocks.begin(), blocks.end(),
                                    [](const MetricBlock& block) { return !block.rows.empty(); });
  if (!measured) page.Title("METRICS", page.Paint(Ink::kWarning, "nothing was measured"));
  AddAgents(result, &page);
  AddErrors(result, &page);
  AddTargetCounts(result, &page);
  if (result.breakpoint) AddBreakpoint(*result.breakpoint, &page);
  page.Gap();
  return page.Text();
}

}  // namespace rampart::controller
