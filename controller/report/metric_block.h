// MetricBlock: metrics under a title, as rows of cells; and how blocks are put on a page.
#ifndef RAMPART_CONTROLLER_REPORT_METRIC_BLOCK_H_
#define RAMPART_CONTROLLER_REPORT_METRIC_BLOCK_H_

#include <string>
#include <vector>

#include "common/stats/metric.h"
#include "common/stats/series.h"
#include "controller/report/text/page.h"

namespace rampart::controller {

// Text in it is printable.
struct MetricRow {
  std::string label;
  bool nested = false;    // part of the metric above
  bool is_trend = false;  // then `cells` are those of kTrendColumns, otherwise any
  std::vector<std::string> cells;
  // Behind a trend of a block that counts: `reqs` and `failed`.
  std::string reqs;
  std::string failed;
  bool bad = false;  // to be seen
};

struct MetricBlock {
  std::string title;
  std::vector<MetricRow> rows;
  bool counts = false;  // has rows with `reqs` and `failed`
};

// The rows of one metric: what k6 shows of its kind. `value` is not empty; rates are per second of
// `seconds`.
MetricRow RowOf(const MetricInfo& metric, const SeriesValue& value, double seconds,
                const Page& page);

// All blocks with the same columns. Blocks without rows are left out.
void AddBlocks(const std::vector<MetricBlock>& blocks, Page* page);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_REPORT_METRIC_BLOCK_H_
