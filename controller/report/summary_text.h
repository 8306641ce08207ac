// SummaryText: the end-of-run summary for a terminal.
#ifndef RAMPART_CONTROLLER_REPORT_SUMMARY_TEXT_H_
#define RAMPART_CONTROLLER_REPORT_SUMMARY_TEXT_H_

#include <string>

#include "controller/report/text/text_style.h"
#include "controller/run/result.h"

namespace rampart::controller {

// Verdict first, then k6's blocks in k6's order, then the agents, the errors and the target's own
// counts. Every line fits style.width (60 at least); nothing that a plan or a server wrote reaches
// the terminal unescaped. Ends with a line feed.
std::string SummaryText(const RunResult& result, const TextStyle& style);

// PASS, FAIL, INVALID, ABORTED.
std::string_view VerdictText(Verdict verdict);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_REPORT_SUMMARY_TEXT_H_
