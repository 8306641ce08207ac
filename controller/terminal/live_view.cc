#include "controller/terminal/live_view.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>
#include <vector>

#include "controller/report/text/number.h"
#include "controller/report/text/page.h"
#include "controller/report/text/printable.h"
#include "controller/report/threshold_line.h"

namespace rampart::controller {
namespace {

constexpr size_t kMaxAgentLines = 8;
constexpr size_t kLeastAgentLines = 3;
constexpr int kMaxBar = 60;

struct Standing {
  uint64_t pass = 0;
  uint64_t fail = 0;
  uint64_t no_data = 0;
};

Standing StandingOf(const std::vector<ThresholdOutcome>& thresholds) {
  Standing standing;
  for (const ThresholdOutcome& threshold : thresholds) {
    switch (threshold.outcome) {
      case Outcome::kPass:
        ++standing.pass;
        break;
      case Outcome::kFail:
        ++standing.fail;
        break;
      case Outcome::kUnknown:  // only said at the end
      case Outcome::kNoData:
        ++standing.no_data;
        break;
    }
  }
  return standing;
}

double DoneShare(const RunProgress& progress) {
  if (!(progress.total_s > 0) || !std::isfinite(progress.elapsed_s)) return 0;
  return std::clamp(progress.elapsed_s / progress.total_s, 0.0, 1.0);
}

std::string Whole(double value) { return Number(std::round(value)); }

// Rates move: a fixed number of decimals for each size keeps them from jumping about.
std::string Rate(double value) {
  return (value < 100 ? Number(std::round(value * 10) / 10) : Whole(value)) + "/s";
}

std::string Bar(double share, int width, const Page& page) {
  const bool unicode = page.style().unicode;
  const int full = static_cast<int>(std::floor(share * width));
  std::string done;
  std::string rest;
  for (int i = 0; i < width; ++i) {
    if (i < full) {
      done.append(unicode ? "━" : "#");
    } else {
      rest.append(unicode ? "─" : "-");
    }
  }
  return page.Paint(Ink::kGood, done) + page.Paint(Ink::kDim, rest);
}

void AddHead(const RunProgress& progress, Page* page) {
  std::string line = " ";
  if (!progress.plan.empty()) {
    line.append(page->Paint(
        Ink::kBold, Elide(page->Show(progress.plan), 30, Keep::kEnds, page->style().unicode)));
    line.append("  ");
  }
  line.append(page->Show(progress.phase));
  if (!progress.stage.empty()) {
    line.append("  ").append(page->Paint(Ink::kDim, page->Show(progress.stage)));
  }
  page->Line(line);

  std::string clock = ClockTime(progress.elapsed_s);
  if (progress.total_s > 0) {
    clock.append(" of ").append(ClockTime(progress.total_s));
    const double share = DoneShare(progress);
    const std::string percent = ShortPercent(std::floor(share * 100) / 100);
    const int room = page->width() - 2 - DisplayWidth(clock) - 10;
    page->Line(" " + Bar(share, std::min(kMaxBar, room), *page) + "  " + PadLeft(percent, 5) +
               "  " + clock);
  } else {
    page->Line(" " + clock);
  }
  page->Line("");
}

// Two facts a line: `label  value`, in columns.
void AddFacts(const RunProgress& progress, Page* page) {
  const bool unicode = page->style().unicode;
  const auto ms = [&](double value) {
    return value > 0 ? Duration(value, {.unicode = unicode}) : std::string("-");
  };
  const int left = page->width() >= 80 ? 42 : 36;
  const auto line = [&](std::string_view name, const std::string& value, std::string_view name2,
                        const std::string& value2, Ink ink2 = Ink::kPlain) {
    std::string text = " " + page->Paint(Ink::kDim, PadRight(std::string(name), 12));
    text = PadRight(text.append(value), left);
    text.append(" ").append(page->Paint(Ink::kDim, PadRight(std::string(name2), 12)));
    page->Line(text + page->Paint(ink2, value2));
  };
  const std::string users =
      Whole(progress.users_active) + " of " + Whole(progress.users_planned) + " planned";
  line("users", users, "iterations",
       PadRight(Whole(progress.iterations), 9) + " " + Rate(progress.iterations_per_s));
  line("http", Rate(progress.http_reqs_per_s), "dropped", Whole(progress.dropped_iterations),
       progress.dropped_iterations > 0 ? Ink::kBad : Ink::kPlain);
  line("websockets",
       Whole(progress.ws_active) + " open  " + Whole(progress.ws_msgs_per_s) + " msgs/s", "errors",
       PadRight(Grouped(progress.errors), 9) + " " + Rate(progress.errors_per_s),
       progress.errors > 0 ? Ink::kBad : Ink::kPlain);
  page->Line(" " + page->Paint(Ink::kDim, PadRight("latency", 12)) + "p50 " +
             PadRight(ms(progress.http_p50_ms), 9) + " p95 " +
             PadRight(ms(progress.http_p95_ms), 9) + " p99 " + ms(progress.http_p99_ms));
}

bool IsLost(const AgentLine& agent) { return agent.state == "lost"; }

void AddAgents(const RunProgress& progress, size_t lines, Page* page) {
  if (progress.agents.empty()) return;
  const bool unicode = page->style().unicode;
  std::vector<const AgentLine*> agents;
  for (const AgentLine& agent : progress.agents) agents.push_back(&agent);
  size_t shown = agents.size();
  if (shown > lines) {
    shown = lines - 1;
    std::stable_sort(agents.begin(), agents.end(), [](const auto* a, const auto* b) {
      const auto badness = [](const AgentLine& agent) {
        return std::tuple(IsLost(agent), agent.busy, agent.busiest_cpu, agent.loop_lag_p99_ms);
      };
      return badness(*a) > badness(*b);
    });
  }
  int name_width = 12;
  for (size_t i = 0; i < shown; ++i) {
    name_width = std::max(name_width, DisplayWidth(page->Show(agents[i]->name)));
  }
  name_width = std::min(name_width, 24);
  page->Line("");
  page->Line(page->Paint(Ink::kDim, " " + PadRight("agents", name_width) + PadLeft("users", 11) +
                                        PadLeft("CPU", 7) + PadLeft("lag p99", 10) + "  state"));
  for (size_t i = 0; i < shown; ++i) {
    const AgentLine& agent = *agents[i];
    std::string line = " ";
    line.append(
        PadRight(Elide(page->Show(agent.name), name_width, Keep::kEnds, unicode), name_width));
    line.append(PadLeft(Whole(agent.users), 11));
    line.append(
        page->Paint(agent.busy ? Ink::kWarning : Ink::kPlain,
                    PadLeft(ShortPercent(agent.busiest_cpu), 7) +
                        PadLeft(Duration(agent.loop_lag_p99_ms, {.unicode = unicode}), 10)));
    line.append("  ").append(
        page->Paint(IsLost(agent) ? Ink::kBad : Ink::kPlain, page->Show(agent.state)));
    if (agent.busy) line.append(page->Paint(Ink::kWarning, "  busy"));
    page->Line(line);
  }
  if (shown < agents.size()) {
    double users = 0;
    for (size_t i = shown; i < agents.size(); ++i) users += agents[i]->users;
    page->Line(page->Paint(Ink::kDim, " and " + Grouped(agents.size() - shown) +
                                          " more, less busy, with " + Whole(users) + " users"));
  }
}

void AddThresholds(const RunProgress& progress, size_t lines, Page* page) {
  if (progress.thresholds.empty()) return;
  const Standing standing = StandingOf(progress.thresholds);
  std::string head =
      " " + page->Paint(Ink::kDim, "thresholds  ") + Grouped(standing.pass) + " hold";
  if (standing.fail > 0) {
    head.append(", ").append(page->Paint(Ink::kBad, Grouped(standing.fail) + " do not"));
  }
  if (standing.no_data > 0) {
    head.append(", ").append(
        page->Paint(Ink::kWarning, Grouped(standing.no_data) + " without data yet"));
  }
  page->Line("");
  page->Line(head);
  std::vector<const ThresholdOutcome*> order;
  for (const ThresholdOutcome& threshold : progress.thresholds) order.push_back(&threshold);
  size_t shown = order.size();
  if (shown > lines) {
    shown = lines == 0 ? 0 : lines - 1;
    const auto rank = [](const ThresholdOutcome& threshold) {
      return threshold.outcome == Outcome::kFail     ? 0
             : threshold.outcome == Outcome::kNoData ? 1
                                                     : 2;
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](const auto* a, const auto* b) { return rank(*a) < rank(*b); });
  }
  const int label = ThresholdLabelWidth(progress.thresholds, *page);
  for (size_t i = 0; i < shown; ++i) page->Line(ThresholdLine(*order[i], false, label, *page));
  if (shown < order.size() && lines > 0) {
    page->Line(page->Paint(Ink::kDim, "    and " + Grouped(order.size() - shown) + " more"));
  }
}

}  // namespace

std::string LiveFrame(const RunProgress& progress, const TextStyle& style) {
  Page page(style);
  AddHead(progress, &page);
  AddFacts(progress, &page);

  // What is left goes to the agents and the thresholds. Thresholds that do not hold come before
  // agents, but for the few worst of those; thresholds that hold get half at most.
  const size_t height = static_cast<size_t>(std::clamp(style.height - 1, 8, kMaxFrameLines));
  const size_t room = height - page.lines().size();
  const size_t titles = (progress.agents.empty() ? 0 : 2) + (progress.thresholds.empty() ? 0 : 2);
  size_t left = room > titles ? room - titles : 0;
  size_t agents = std::min(progress.agents.size(), kMaxAgentLines);
  const Standing standing = StandingOf(progress.thresholds);
  const size_t wanted = std::min<size_t>(
      progress.thresholds.size(), std::max<size_t>(standing.fail + standing.no_data + 1, left / 2));
  if (agents + wanted > left) {
    const size_t least = std::min(agents, kLeastAgentLines);
    agents = std::max(least, left > wanted ? left - wanted : 0);
  }
  if (agents <= left && agents > 0) {
    AddAgents(progress, agents, &page);
    left -= agents;
  }
  if (room >= 2) AddThresholds(progress, left, &page);
  std::string text;
  const size_t lines = std::min(page.lines().size(), height);
  for (size_t i = 0; i < lines; ++i) text.append(page.lines()[i]).append("\n");
  return text;
}

std::string PlainLine(const RunProgress& progress) {
  const auto ascii = [](std::string_view text) { return Printable(text, false); };
  const auto ms = [](double value) {
    return value > 0 ? Duration(value, {.unicode = false}) : std::string("-");
  };
  std::string line = ClockTime(progress.elapsed_s);
  if (progress.total_s > 0) {
    line.append("/").append(ClockTime(progress.total_s));
    line.append(" ").append(ShortPercent(std::floor(DoneShare(progress) * 100) / 100));
  }
  line.append("  ").append(ascii(progress.phase));
  line.append("  users ").append(Whole(progress.users_active));
  line.append("/").append(Whole(progress.users_planned));
  line.append("  iterations ").append(Whole(progress.iterations));
  line.append(" (").append(Rate(progress.iterations_per_s)).append(")");
  line.append("  http ").append(Rate(progress.http_reqs_per_s));
  line.append(" p50=").append(ms(progress.http_p50_ms));
  line.append(" p95=").append(ms(progress.http_p95_ms));
  line.append(" p99=").append(ms(progress.http_p99_ms));
  line.append("  ws ").append(Whole(progress.ws_active)).append(" open ");
  line.append(Whole(progress.ws_msgs_per_s)).append(" msgs/s");
  line.append("  errors ").append(Grouped(progress.errors));
  line.append("  dropped ").append(Whole(progress.dropped_iterations));
  size_t busy = 0;
  size_t lost = 0;
  for (const AgentLine& agent : progress.agents) {
    if (agent.busy) ++busy;
    if (IsLost(agent)) ++lost;
  }
  line.append("  agents ").append(Grouped(progress.agents.size()));
  if (busy > 0) line.append(" ").append(Grouped(busy)).append(" BUSY");
  if (lost > 0) line.append(" ").append(Grouped(lost)).append(" LOST");
  const Standing standing = StandingOf(progress.thresholds);
  if (!progress.thresholds.empty()) {
    line.append("  thresholds ").append(Grouped(standing.pass)).append(" hold");
    if (standing.fail > 0) line.append(" ").append(Grouped(standing.fail)).append(" FAIL");
    if (standing.no_data > 0) line.append(" ").append(Grouped(standing.no_data)).append(" no data");
  }
  return line;
}

}  // namespace rampart::controller
