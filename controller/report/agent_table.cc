#include "controller/report/agent_table.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "common/stats/series.h"
#include "controller/report/text/number.h"
#include "controller/report/text/printable.h"

namespace rampart::controller {
namespace {

constexpr size_t kMaxRows = 32;
constexpr int kMaxName = 24;

struct Column {
  std::string_view name;
  int width;       // with the gap before it
  int least_page;  // of a page that has it
  std::string (*cell)(const AgentResult& agent, bool unicode);
};

std::string Skew(double ms, bool unicode) {
  return (ms > 0 ? "+" : "") + Duration(ms, {.count = 2, .unicode = unicode});
}

constexpr Column kColumns[] = {
    {"users", 9, 0,
     [](const AgentResult& agent, bool) { return ShortPercent(agent.users_share, 1); }},
    {"iterations", 12, 0, [](const AgentResult& agent, bool) { return Grouped(agent.iterations); }},
    {"CPU", 7, 0,
     [](const AgentResult& agent, bool) { return ShortPercent(agent.mean_busiest_cpu); }},
    {"peak", 7, 0,
     [](const AgentResult& agent, bool) { return ShortPercent(agent.peak_busiest_cpu); }},
    {"lag p99", 10, 0,
     [](const AgentResult& agent, bool unicode) {
       return Duration(agent.loop_lag_p99_ms, {.unicode = unicode});
     }},
    {"late", 9, 72, [](const AgentResult& agent, bool) { return Grouped(agent.late_starts); }},
    {"memory", 9, 92,
     [](const AgentResult& agent, bool) {
       return Bytes(static_cast<double>(agent.resident_peak_bytes));
     }},
    {"skew", 10, 92,
     [](const AgentResult& agent, bool unicode) { return Skew(agent.clock_skew_ms, unicode); }},
};

bool Troubled(const AgentResult& agent) { return agent.lost || !agent.bottleneck.empty(); }

void AddWords(const AgentResult& agent, Page* page) {
  const std::string name = page->Show(agent.name);
  if (agent.lost || !agent.why.empty()) {
    const std::string why = agent.why.empty() ? "" : ": " + page->Show(agent.why);
    page->Item(BadMark(page->style()), name + (agent.lost ? " was lost" : "") + why, Ink::kBad);
  }
  for (const std::string& reason : agent.bottleneck) {
    page->Item(WarningMark(page->style()), name + " was a bottleneck: " + page->Show(reason),
               Ink::kWarning);
  }
  if (agent.other_samples > 0) {
    page->Item(WarningMark(page->style()),
               name + " kept " + Grouped(agent.other_samples) +
                   " samples under `other`: there were too many different tags",
               Ink::kWarning);
  }
}

}  // namespace

void AddAgents(const RunResult& result, Page* page) {
  if (result.agents.empty()) return;
  std::vector<const AgentResult*> agents;
  for (const AgentResult& agent : result.agents) agents.push_back(&agent);
  // When all are shown their own order reads best.
  if (agents.size() > kMaxRows) {
    std::stable_sort(agents.begin(), agents.end(),
                     [](const auto* a, const auto* b) { return Troubled(*a) > Troubled(*b); });
  }
  const size_t rows = std::min(agents.size(), kMaxRows);

  int name_width = static_cast<int>(std::string_view("agent").size());
  for (size_t i = 0; i < rows; ++i) {
    name_width = std::max(name_width, DisplayWidth(page->Show(agents[i]->name)));
  }
  name_width = std::min(name_width, page->width() >= 80 ? kMaxName : kMaxName / 2 - 1);

  const int mark_width = 2;
  page->Gap();
  std::string head(Page::kIndent, ' ');
  head = PadRight(head.append(page->Paint(Ink::kBold, "AGENTS")),
                  2 * Page::kIndent + mark_width + name_width);
  std::string columns;
  for (const Column& column : kColumns) {
    if (page->width() >= column.least_page) columns.append(PadLeft(column.name, column.width));
  }
  page->Line(head + page->Paint(Ink::kDim, columns));

  for (size_t i = 0; i < rows; ++i) {
    const AgentResult& agent = *agents[i];
    const bool unicode = page->style().unicode;
    const Ink ink = agent.lost ? Ink::kBad : Troubled(agent) ? Ink::kWarning : Ink::kGood;
    const std::string_view mark = agent.lost        ? BadMark(page->style())
                                  : Troubled(agent) ? WarningMark(page->style())
                                                    : GoodMark(page->style());
    std::string line(2 * Page::kIndent, ' ');
    line.append(page->Paint(ink, mark)).append(" ");
    line.append(
        PadRight(Elide(page->Show(agent.name), name_width, Keep::kEnds, unicode), name_width));
    for (const Column& column : kColumns) {
      if (page->width() < column.least_page) continue;
      line.append(PadLeft(column.cell(agent, unicode), column.width));
    }
    page->Line(line);
  }
  if (agents.size() > rows) {
    page->Line("      and " + Grouped(agents.size() - rows) + " more");
  }
  for (size_t i = 0; i < rows; ++i) AddWords(*agents[i], page);
}

}  // namespace rampart::controller
