// Which metrics the end-of-run summary shows, in k6's blocks.
#ifndef RAMPART_CONTROLLER_REPORT_METRIC_SUMMARY_H_
#define RAMPART_CONTROLLER_REPORT_METRIC_SUMMARY_H_

#include <vector>

#include "controller/report/metric_block.h"
#include "controller/run/result.h"

namespace rampart::controller {

// CUSTOM, HTTP, WEBSOCKET, EXECUTION, NETWORK; metrics without a sample are left out.
std::vector<MetricBlock> MetricBlocks(const RunResult& result, const Page& page);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_REPORT_METRIC_SUMMARY_H_
