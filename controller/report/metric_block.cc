#include "controller/report/metric_block.h"

#include <algorithm>
#include <iterator>

#include "controller/report/text/number.h"
#include "controller/report/text/printable.h"

namespace rampart::controller {
namespace {

constexpr std::string_view kTrendColumns[] = {"avg",   "min",   "med",  "max",
                                              "p(90)", "p(95)", "p(99)"};
constexpr int kTrendCells = static_cast<int>(std::size(kTrendColumns));
constexpr int kIndent = 2 * Page::kIndent;
constexpr int kNestedIndent = 3 * Page::kIndent;
constexpr int kReqsWidth = 12;
constexpr int kFailedWidth = 9;
constexpr int kCountsBehind = 28;  // `60,000 reqs  0.12 % failed`, where they have no columns
constexpr int kMinLabel = 24;
constexpr int kMaxLabel = 44;
constexpr int kValueLabel = 26;  // of rows that are no trends, where trends have no room for one

// Where the columns stand.
struct Grid {
  int label = 0;        // of trends, with indent and leader; under kMinLabel: on a line of its own
  int value_label = 0;  // of the others
  int cell = 0;
  bool counts_inline = false;  // `reqs` and `failed` have columns

  int Indent(const MetricRow& row) const { return row.nested ? kNestedIndent : kIndent; }
  bool Fits(const MetricRow& row) const {
    const int width = row.is_trend ? label : value_label;
    return Indent(row) + DisplayWidth(row.label) + 2 <= width;
  }
};

Grid GridOf(const std::vector<MetricBlock>& blocks, int width) {
  Grid grid;
  int longest = kMinLabel;
  bool counts = false;
  for (const MetricBlock& block : blocks) {
    counts = counts || block.counts;
    for (const MetricRow& row : block.rows) {
      longest = std::max(longest, grid.Indent(row) + DisplayWidth(row.label) + 3);
    }
  }
  grid.cell = width >= 100 ? 9 : 8;
  const int counts_width = counts ? kReqsWidth + kFailedWidth : 0;
  // The leader's last blank belongs to the first cell.
  int room = width - kTrendCells * grid.cell + 1;
  grid.counts_inline = room - counts_width >= kMinLabel;
  if (grid.counts_inline) room -= counts_width;
  grid.label = std::min({longest, kMaxLabel, room});
  grid.value_label = grid.label >= kMinLabel - 2 ? grid.label : kValueLabel;
  return grid;
}

std::string TrendCells(const MetricRow& row, const Grid& grid) {
  std::string line;
  for (const std::string& cell : row.cells) {
    line.append(PadLeft(cell, std::max(grid.cell, DisplayWidth(cell) + 1)));
  }
  return line;
}

void AddTitle(const MetricBlock& block, const Grid& grid, Page* page) {
  const bool trends = std::any_of(block.rows.begin(), block.rows.end(),
                                  [](const MetricRow& row) { return row.is_trend; });
  page->Gap();
  std::string line(Page::kIndent, ' ');
  line.append(page->Paint(Ink::kBold, block.title));
  if (!trends) return page->Line(line);
  std::string columns;
  for (const std::string_view column : kTrendColumns) columns.append(PadLeft(column, grid.cell));
  if (block.counts && grid.counts_inline) {
    columns.append(PadLeft("reqs", kReqsWidth)).append(PadLeft("failed", kFailedWidth));
  }
  const int begin = grid.label - 1;
  const int first_text = begin + grid.cell - static_cast<int>(kTrendColumns[0].size());
  if (DisplayWidth(line) + 1 > first_text) {
    page->Line(line);
    line.clear();
  }
  const int cut = std::max(0, DisplayWidth(line) - begin);
  page->Line(PadRight(line, begin) +
             page->Paint(Ink::kDim, std::string_view(columns).substr(static_cast<size_t>(cut))));
}

void AddTrend(const MetricBlock& block, const MetricRow& row, const Grid& grid, Page* page) {
  const int indent = grid.Indent(row);
  const Ink failed_ink = row.bad ? Ink::kBad : Ink::kPlain;
  const std::string cells = TrendCells(row, grid);
  const bool two_lines = !grid.Fits(row) || (block.counts && !grid.counts_inline && row.nested);
  std::string line;
  if (two_lines) {
    std::string label = page->Leader(indent, row.label, page->width() - kCountsBehind);
    if (block.counts && !grid.counts_inline && !row.reqs.empty()) {
      label.append(row.reqs + " reqs");
      if (!row.failed.empty()) {
        label.append("  ").append(page->Paint(failed_ink, row.failed + " failed"));
      }
    } else if (DisplayWidth(row.label) + indent < page->width()) {
      label = std::string(static_cast<size_t>(indent), ' ') + row.label;
    }
    page->Line(label);
    line.assign(static_cast<size_t>(grid.label), ' ');
  } else {
    line = page->Leader(indent, row.label, grid.label);
  }
  line.pop_back();
  line.append(cells);
  if (block.counts && grid.counts_inline) {
    line.append(PadLeft(row.reqs, kReqsWidth));
    line.append(page->Paint(failed_ink, PadLeft(row.failed, kFailedWidth)));
  }
  page->Line(line);
}

void AddValues(const MetricRow& row, const std::vector<int>& widths, const Grid& grid, Page* page) {
  const int indent = grid.Indent(row);
  const Ink ink = row.bad ? Ink::kBad : Ink::kPlain;
  std::string line;
  if (grid.Fits(row)) {
    line = page->Leader(indent, row.label, grid.value_label, ink);
  } else {
    // Out of line, but on one: values are short.
    constexpr int kRoomForValues = 24;
    const int own = indent + DisplayWidth(row.label) + 3;
    if (own + kRoomForValues <= page->width()) {
      line = page->Leader(indent, row.label, own, ink);
    } else {
      page->Line(std::string(static_cast<size_t>(indent), ' ') + page->Paint(ink, row.label));
      line = page->Leader(indent, "", grid.value_label);
    }
  }
  for (size_t i = 0; i < row.cells.size(); ++i) {
    std::string cell = row.cells[i];
    if (i + 1 < row.cells.size()) {
      // A narrow page has no room for columns.
      cell = PadRight(cell, 2 + (page->width() < 80 ? DisplayWidth(cell) : widths[i]));
    }
    line.append(i == 0 ? page->Paint(ink, cell) : cell);
  }
  page->Line(line);
}

}  // namespace

MetricRow RowOf(const MetricInfo& metric, const SeriesValue& value, double seconds,
                const Page& page) {
  const bool unicode = page.style().unicode;
  const std::string unit = page.Show(metric.unit);
  MetricRow row;
  row.label = page.Show(metric.name);
  switch (value.kind) {
    case v1::COUNTER: {
      const double count = value.counter.Value();
      row.cells.push_back(Quantity(count, unit, {.unicode = unicode}));
      if (seconds > 0) row.cells.push_back(PerSecond(count / seconds, unit));
      break;
    }
    case v1::RATE:
      row.cells.push_back(
          Percent(static_cast<double>(value.trues) / static_cast<double>(value.total)));
      row.cells.push_back(Grouped(value.trues) + " of " + Grouped(value.total));
      break;
    case v1::GAUGE: {
      const Digits digits{.unicode = unicode};
      row.cells.push_back(Quantity(value.gauge.value, unit, digits));
      row.cells.push_back("min=" + Quantity(value.gauge.min, unit, digits));
      row.cells.push_back("max=" + Quantity(value.gauge.max, unit, digits));
      break;
    }
    default: {
      row.is_trend = true;
      // A unit that is no part of the numbers is part of the name.
      const bool scales = Quantity(1500, metric.unit) != Number(1500) + " " + metric.unit;
      if (!unit.empty() && !scales) row.label.append(" (").append(unit).append(")");
      const Histogram& trend = value.trend;
      for (const double cell : {trend.Mean(), trend.Min(), trend.Percentile(50), trend.Max(),
                                trend.Percentile(90), trend.Percentile(95), trend.Percentile(99)}) {
        row.cells.push_back(unit.empty() || !scales ? CompactNumber(cell)
                                                    : Quantity(cell, unit, {.unicode = unicode}));
      }
      break;
    }
  }
  return row;
}

void AddBlocks(const std::vector<MetricBlock>& blocks, Page* page) {
  const Grid grid = GridOf(blocks, page->width());
  for (const MetricBlock& block : blocks) {
    if (block.rows.empty()) continue;
    AddTitle(block, grid, page);
    std::vector<int> widths;  // of the cells of rows that are no trends
    for (const MetricRow& row : block.rows) {
      if (row.is_trend) continue;
      for (size_t i = 0; i < row.cells.size(); ++i) {
        if (widths.size() <= i) widths.push_back(0);
        widths[i] = std::max(widths[i], DisplayWidth(row.cells[i]));
      }
    }
    for (const MetricRow& row : block.rows) {
      if (row.is_trend) {
        AddTrend(block, row, grid, page);
      } else {
        AddValues(row, widths, grid, page);
      }
    }
  }
}

}  // namespace rampart::controller
