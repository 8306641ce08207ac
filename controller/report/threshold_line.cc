#include "controller/report/threshold_line.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "controller/report/text/number.h"
#include "controller/report/text/printable.h"

namespace rampart::controller {
namespace {

constexpr int kIndent = 2 * Page::kIndent + 2;  // with the mark
constexpr int kObservedWidth = 22;              // `no data, failed`, with room for `aborted`
constexpr int kMostLabel = 78;

// What is behind the comparison; NaN when it is no number.
double LimitOf(const std::string& expression) {
  const size_t at = expression.find_last_of("<>=!");
  if (at == std::string::npos) return NAN;
  char* end = nullptr;
  const double limit = std::strtod(expression.c_str() + at + 1, &end);
  return end == expression.c_str() + at + 1 ? NAN : limit;
}

}  // namespace

std::string ObservedText(const ThresholdOutcome& threshold, bool unicode) {
  if (threshold.outcome == Outcome::kNoData) return "no data";
  // The rate of a counter has a unit, a share has none.
  const bool share = threshold.unit.empty() && threshold.expression.starts_with("rate");
  return Distinct(threshold.observed, LimitOf(threshold.expression),
                  Printable(threshold.unit, unicode), share ? Measure::kShare : Measure::kQuantity,
                  unicode);
}

int ThresholdLabelWidth(const std::vector<ThresholdOutcome>& thresholds, const Page& page) {
  int longest = 0;
  for (const ThresholdOutcome& threshold : thresholds) {
    longest = std::max(longest, DisplayWidth(page.Show(threshold.metric)) +
                                    DisplayWidth(page.Show(threshold.expression)));
  }
  // Two blanks between the parts, two dots at least, the colon and its blank.
  return std::min({longest + kIndent + 6, kMostLabel, page.width() - kObservedWidth});
}

std::string ThresholdLine(const ThresholdOutcome& threshold, bool over, int label_width,
                          const Page& page) {
  const TextStyle& style = page.style();
  const bool pass = threshold.outcome == Outcome::kPass;
  const bool no_data = threshold.outcome == Outcome::kNoData;
  std::string observed = ObservedText(threshold, style.unicode);
  Ink ink = pass ? Ink::kGood : Ink::kBad;
  std::string_view mark = pass ? GoodMark(style) : BadMark(style);
  if (threshold.outcome == Outcome::kUnknown) observed.append(", but it is not known");
  if (no_data) observed.append(over ? ", failed" : " yet");
  if (no_data && !over) {
    ink = Ink::kWarning;
    mark = "?";
  }
  const int room = label_width - kIndent - 2;
  const std::string expression =
      Elide(page.Show(threshold.expression), room - 12, Keep::kBegin, style.unicode);
  std::string label = Elide(page.Show(threshold.metric), room - DisplayWidth(expression) - 2,
                            Keep::kEnds, style.unicode);
  label.append("  ").append(expression);
  std::string line(2 * Page::kIndent, ' ');
  line.append(page.Paint(ink, mark)).append(" ");
  line.append(page.Leader(0, label, label_width - kIndent));
  line.append(page.Paint(pass ? Ink::kPlain : ink, observed));
  return line;
}

}  // namespace rampart::controller
