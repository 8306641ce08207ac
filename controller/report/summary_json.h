// SummaryJson: the result of a run for programs; docs/SUMMARY.md is its description.
#ifndef RAMPART_CONTROLLER_REPORT_SUMMARY_JSON_H_
#define RAMPART_CONTROLLER_REPORT_SUMMARY_JSON_H_

#include <string>

#include "controller/run/result.h"

namespace rampart::controller {

// Grows when a field changes its meaning or goes; new fields alone do not change it.
constexpr int kSummarySchema = 1;

// Always valid JSON in UTF-8, whatever the names and numbers in the result are. Ends with a line
// feed.
std::string SummaryJson(const RunResult& result);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_REPORT_SUMMARY_JSON_H_
