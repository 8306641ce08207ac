// A threshold's condition and how it stands, as one line.
#ifndef RAMPART_CONTROLLER_REPORT_THRESHOLD_LINE_H_
#define RAMPART_CONTROLLER_REPORT_THRESHOLD_LINE_H_

#include <string>
#include <vector>

#include "controller/report/text/page.h"
#include "controller/run/result.h"

namespace rampart::controller {

// What was observed, in the unit of the metric: `123 ms`, `99.52 %`, `no data`. Never rounded onto
// the limit.
std::string ObservedText(const ThresholdOutcome& threshold, bool unicode);

// The columns in which the labels of all of them fit, with indent and leader, as far as the page
// allows.
int ThresholdLabelWidth(const std::vector<ThresholdOutcome>& thresholds, const Page& page);

// `✓ http_req_duration{name:send} p(95)<200....: 123 ms`. A long selector is cut, never the
// condition.
// No data is a failure once the run is over.
std::string ThresholdLine(const ThresholdOutcome& threshold, bool over, int label_width,
                          const Page& page);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_REPORT_THRESHOLD_LINE_H_
