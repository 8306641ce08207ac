#include "controller/plans/plan_sheet.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "common/load/grace.h"
#include "common/load/nanoseconds.h"
#include "common/load/scenario_times.h"
#include "common/load/share.h"
#include "common/plan/secret_uses.h"
#include "common/plan/secrets.h"
#include "controller/plans/load_plot.h"
#include "controller/plans/load_words.h"
#include "controller/report/text/number.h"
#include "controller/report/text/page.h"
#include "controller/report/text/printable.h"

namespace rampart::controller {
namespace {

constexpr int kIndent = 2 * Page::kIndent;
constexpr int kMaxValueWidth = 40;
constexpr int kPlotColumns = 60;
constexpr int kPlotRows = 8;
constexpr int kFlatRows = 2;  // of a load that never changes
constexpr int kTimeRoom = 5;  // behind the plot, for half of the last label

// `text` on as many lines as it takes.
void Paragraph(std::string_view text, int indent, Ink ink, Page* page) {
  for (const std::string& line : Wrap(text, page->width() - indent)) {
    page->Line(std::string(static_cast<size_t>(indent), ' ') + page->Paint(ink, line));
  }
}

std::string ValueWords(const v1::Value& value, bool inside) {
  switch (value.kind_case()) {
    case v1::Value::kBoolean:
      return value.boolean() ? "true" : "false";
    case v1::Value::kInteger:
      return std::to_string(value.integer());
    case v1::Value::kNumber:
      return Number(value.number(), {.count = 15});
    case v1::Value::kString:
      return inside ? "\"" + value.string() + "\"" : value.string();
    case v1::Value::kList: {
      std::string words;
      for (const v1::Value& item : value.list().items()) {
        words.append(words.empty() ? "" : ", ").append(ValueWords(item, true));
      }
      return "[" + words + "]";
    }
    case v1::Value::kObject: {
      std::string words;
      for (const auto& member : value.object().members()) {
        words.append(words.empty() ? "" : ", ").append(member.key()).append(": ");
        words.append(ValueWords(member.value(), true));
      }
      return "{" + words + "}";
    }
    default:
      return "null";
  }
}

// Of the longest of `names`, for Page::Leader.
template <typename Items, typename NameOf>
int LeaderWidth(const Page& page, const Items& items, NameOf name_of) {
  int width = 0;
  for (const auto& item : items) width = std::max(width, DisplayWidth(page.Show(name_of(item))));
  return kIndent + std::min(width, page.width() / 2) + 5;
}

void AddParams(const v1::Plan& plan, const PlanOptions& options, Page* page) {
  if (plan.params().empty()) return;
  page->Title("params");
  const int names =
      LeaderWidth(*page, plan.params(), [](const auto& param) { return param.name(); });
  std::vector<std::string> values;
  int widest = 0;
  for (const v1::Param& param : plan.params()) {
    values.push_back(page->Show(ValueWords(param.value(), false)));
    widest = std::max(widest, DisplayWidth(values.back()));
  }
  constexpr int kOriginRoom = 16;  // `  plan, line 9999`
  widest = std::min({widest, kMaxValueWidth, page->width() - names - kOriginRoom});
  for (int i = 0; i < plan.params_size(); ++i) {
    const v1::Param& param = plan.params(i);
    const bool flag = std::any_of(options.params.begin(), options.params.end(),
                                  [&](const auto& given) { return given.first == param.name(); });
    std::string line = page->Leader(kIndent, page->Show(param.name()), names);
    line += PadRight(
        Elide(values[static_cast<size_t>(i)], widest, Keep::kEnds, page->style().unicode), widest);
    line +=
        "  " + (flag ? page->Paint(Ink::kBold, "-e")
                     : page->Paint(Ink::kDim, "plan, line " + std::to_string(param.at().line())));
    page->Line(line);
  }
}

// What it needs to run.
void AddSecrets(const v1::Plan& plan, Page* page) {
  const std::vector<SecretUse> uses = SecretUses(plan);
  if (uses.empty()) return;
  page->Title("secrets");
  const int names = LeaderWidth(*page, uses, [](const SecretUse& use) { return use.name; });
  for (const SecretUse& use : uses) {
    const std::string words = "--secret " + use.name + "=env:VAR or file:PATH (plan, line " +
                              std::to_string(use.at.line()) + ")";
    std::string begin = page->Leader(kIndent, page->Show(use.name), names);
    for (const std::string& line : Wrap(words, page->width() - names)) {
      page->Line(begin + line);
      begin.assign(static_cast<size_t>(names), ' ');
    }
  }
}

// What of the load is not the plan's own.
std::string Changes(const PlanOptions& options) {
  std::string words;
  if (!options.profile.empty()) words += "--profile " + options.profile;
  if (!options.duration.empty()) words += " --duration " + options.duration;
  if (options.time_scale != 1) {
    words += (words.empty() ? "" : " ") + ("--time-scale " + Number(options.time_scale));
  }
  return words;
}

struct Drawn {
  const v1::Scenario* scenario;
  LoadCurve curve;
  RateUnit unit;
};

void AddScenario(const Drawn& drawn, PlotSize size, int agents, Page* page) {
  const v1::Scenario& scenario = *drawn.scenario;
  const LoadCurve& curve = drawn.curve;
  page->Title(page->Show(scenario.name()),
              page->Paint(Ink::kDim, !curve.arrivals
                                         ? "concurrent users"
                                         : "iterations a " + std::string(drawn.unit.long_name)));
  std::string words = LoadWords(scenario.load());
  if (!scenario.start_after().empty()) {
    const int64_t wait_ns = Ns(scenario.start());
    words = (wait_ns > 0 ? PlanDuration(wait_ns) + " " : std::string()) + "after the end of `" +
            page->Show(scenario.start_after()) + "`, drawn as planned: " + words;
  } else if (curve.start_ns > 0) {
    words = "after " + PlanDuration(curve.start_ns) + ": " + words;
  }
  const int64_t grace_ns = GracefulStopNs(scenario);
  words += grace_ns == 0 ? "; then stopped at once"
                         : "; then up to " + PlanDuration(grace_ns) + " to finish";
  Paragraph(words, kIndent, Ink::kPlain, page);
  page->Gap();
  if (size.run_ns > 0) {
    size.rows = curve.flat ? kFlatRows : kPlotRows;
    for (const std::string& line : PlotLines(curve, size, drawn.unit.scale)) {
      page->Line(std::string(kIndent, ' ') + line);
    }
    page->Gap();
  }
  Paragraph(ShareWords(scenario.load(), curve, agents), kIndent, Ink::kPlain, page);
}

void AddThresholds(const v1::Plan& plan, Page* page) {
  if (plan.thresholds().empty()) return;
  page->Title("thresholds");
  const int names = LeaderWidth(*page, plan.thresholds(),
                                [](const auto& threshold) { return threshold.metric(); });
  for (const v1::Threshold& threshold : plan.thresholds()) {
    std::string conditions;
    for (const auto& condition : threshold.conditions()) {
      conditions.append(conditions.empty() ? "" : ", ").append(condition.expression());
      if (!condition.abort_on_fail()) continue;
      conditions += " or the run ends";
      if (condition.has_delay_abort_eval()) {
        conditions += " (from " + PlanDuration(Ns(condition.delay_abort_eval())) + " on)";
      }
    }
    std::string begin = page->Leader(kIndent, page->Show(threshold.metric()), names);
    for (const std::string& line : Wrap(page->Show(conditions), page->width() - names)) {
      page->Line(begin + line);
      begin.assign(static_cast<size_t>(names), ' ');
    }
  }
}

}  // namespace

std::string PlanSheet(const v1::Plan& run, const PlanOptions& options, int agents,
                      const TextStyle& style) {
  v1::Plan plan = run;
  Secrets(run).Conceal(&plan);
  Page page(style);
  std::vector<Drawn> all;
  PlotSize size;
  size.unicode = style.unicode;
  int64_t users = 0;
  const std::vector<ScenarioTimes> times = TimesOf(plan);
  for (int i = 0; i < plan.scenarios_size(); ++i) {
    const v1::Scenario& scenario = plan.scenarios(i);
    absl::StatusOr<LoadCurve> curve = CurveOf(scenario);
    if (!curve.ok()) continue;  // a plan without faults has none of these
    curve->start_ns = times[static_cast<size_t>(i)].start_ns;
    const RateUnit unit = curve->arrivals ? RateUnitOf(curve->peak) : RateUnit{};
    for (const std::string& label : PlotLabels(*curve, unit.scale)) {
      size.label_width = std::max(size.label_width, DisplayWidth(label));
    }
    size.run_ns = std::max(size.run_ns, curve->start_ns + curve->length_ns);
    users += MostUsers(scenario.load());
    all.push_back({&scenario, *std::move(curve), unit});
  }
  size.columns = std::min(kPlotColumns, page.width() - kIndent - size.label_width - 2 - kTimeRoom);

  page.Line(std::string(Page::kIndent, ' ') + page.Paint(Ink::kBold, page.Show(plan.name())));
  if (!plan.description().empty()) {
    Paragraph(page.Show(plan.description()), Page::kIndent, Ink::kPlain, &page);
  }
  Paragraph(Count(plan.scenarios_size(), "scenario") + ", " + PlanDuration(size.run_ns) + ", " +
                Count(users, "user") + " at most, " + Count(std::max(agents, 1), "agent"),
            Page::kIndent, Ink::kDim, &page);
  if (const std::string changes = Changes(options); !changes.empty()) {
    Paragraph("Its load is changed by " + page.Show(changes), Page::kIndent, Ink::kWarning, &page);
  }
  AddParams(plan, options, &page);
  AddSecrets(plan, &page);
  for (const Drawn& drawn : all) AddScenario(drawn, size, agents, &page);
  AddThresholds(plan, &page);
  return page.Text();
}

}  // namespace rampart::controller
