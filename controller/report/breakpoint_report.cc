#include "controller/report/breakpoint_report.h"

#include <algorithm>
#include <string>
#include <vector>

#include "controller/report/text/number.h"
#include "controller/report/text/printable.h"

namespace rampart::controller {
namespace {

constexpr int kLabelWidth = 31;
constexpr int kNumberWidth = 10;
constexpr int kWordsIndent = 12;

// Of the ramp the last window that held before it broke, and the first that broke for good.
std::vector<const BreakpointProbe*> Shown(const BreakpointResult& breakpoint) {
  std::vector<const BreakpointProbe*> ramp;
  std::vector<const BreakpointProbe*> shown;
  for (const BreakpointProbe& probe : breakpoint.probes) {
    if (probe.ramp && probe.data) ramp.push_back(&probe);
  }
  for (size_t i = 0; i < ramp.size(); ++i) {
    const bool last = i + 1 == ramp.size();
    const bool turns = !last && ramp[i]->held != ramp[i + 1]->held;
    const bool turned = i > 0 && ramp[i - 1]->held != ramp[i]->held;
    if (turns || turned || (last && ramp[i]->held) || (i == 0 && !ramp[i]->held)) {
      shown.push_back(ramp[i]);
    }
  }
  constexpr size_t kMaxOfRamp = 8;  // one that wavers has more
  if (shown.size() > kMaxOfRamp) shown.resize(kMaxOfRamp);
  for (const BreakpointProbe& probe : breakpoint.probes) {
    if (!probe.ramp) shown.push_back(&probe);
  }
  return shown;
}

void AddFact(const std::string& label, const std::string& text, Ink ink, Page* page) {
  std::string begin = page->Leader(4, label, kLabelWidth);
  for (const std::string& line : Wrap(text, page->width() - kLabelWidth)) {
    page->Line(begin + page->Paint(ink, line));
    begin.assign(kLabelWidth, ' ');
  }
}

}  // namespace

void AddBreakpoint(const BreakpointResult& breakpoint, Page* page) {
  const size_t runs =
      static_cast<size_t>(std::count_if(breakpoint.probes.begin(), breakpoint.probes.end(),
                                        [](const BreakpointProbe& probe) { return !probe.ramp; }));
  const std::string by = "by the ramp and " + Grouped(runs) + (runs == 1 ? " run" : " runs");
  page->Title("BREAKPOINT", breakpoint.confirmed
                                ? page->Paint(Ink::kGood, "confirmed " + by)
                                : page->Paint(Ink::kWarning, "not confirmed, " + by));
  AddFact("highest rate that held", breakpoint.rate > 0 ? PerSecond(breakpoint.rate) : "none",
          breakpoint.rate > 0 ? Ink::kBold : Ink::kBad, page);
  AddFact("lowest rate that broke", breakpoint.broke_at ? PerSecond(*breakpoint.broke_at) : "none",
          Ink::kPlain, page);
  if (!breakpoint.broke_first.empty()) {
    AddFact("what broke first", page->Show(breakpoint.broke_first), Ink::kPlain, page);
  }
  for (const std::string& note : breakpoint.notes) {
    page->Item(WarningMark(page->style()), page->Show(note), Ink::kWarning);
  }
  if (breakpoint.probes.empty()) return;
  page->Gap();
  page->Line(page->Paint(Ink::kDim, "    " + PadRight("", 8) + PadLeft("due", kNumberWidth) +
                                        PadLeft("completed", kNumberWidth + 2) +
                                        PadLeft("dropped", kNumberWidth)));
  size_t number = 0;
  for (const BreakpointProbe* probe : Shown(breakpoint)) {
    std::string line = "    ";
    line += PadRight(probe->ramp ? "ramp" : "run " + Grouped(++number), 8);
    line += PadLeft(PerSecond(probe->rate), kNumberWidth);
    line += PadLeft(PerSecond(probe->completed), kNumberWidth + 2);
    line += PadLeft(Percent(probe->dropped, {.count = 2}), kNumberWidth) + "  ";
    const std::string mark(probe->held ? GoodMark(page->style()) : BadMark(page->style()));
    line += page->Paint(probe->held ? Ink::kGood : Ink::kBad,
                        mark + (probe->held ? " held" : " broke"));
    if (probe->generator) line += page->Paint(Ink::kWarning, ", generator busy");
    page->Line(line);
    if (probe->held) continue;
    const std::string words = Elide(page->Show(probe->broke_first), page->width() - kWordsIndent,
                                    Keep::kEnds, page->style().unicode);
    page->Line(std::string(kWordsIndent, ' ') + page->Paint(Ink::kDim, words));
  }
}

void AddBreakpoint(const BreakpointResult& breakpoint, JsonWriter* json) {
  json->Key("breakpoint");
  json->BeginObject();
  json->Member("rate", breakpoint.rate);
  json->Member("broke_at", breakpoint.broke_at);
  json->Member("broke_first", breakpoint.broke_first);
  json->Member("confirmed", breakpoint.confirmed);
  json->Member("notes", breakpoint.notes);
  json->Key("probes");
  json->BeginArray();
  for (const BreakpointProbe& probe : breakpoint.probes) {
    json->BeginObject();
    json->Member("kind", probe.ramp ? "ramp" : "run");
    json->Member("rate", probe.rate);
    json->Member("completed_per_s", probe.completed);
    json->Member("dropped", probe.dropped);
    json->Key("held");
    if (probe.data) {
      json->Bool(probe.held);
    } else {
      json->Null();
    }
    json->Member("broke_first", probe.broke_first);
    json->Member("generator_busy", probe.generator);
    json->EndObject();
  }
  json->EndArray();
  json->EndObject();
}

}  // namespace rampart::controller
