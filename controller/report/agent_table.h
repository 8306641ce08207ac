// The agents of a run: what each had to do and how it fared, as a table.
#ifndef RAMPART_CONTROLLER_REPORT_AGENT_TABLE_H_
#define RAMPART_CONTROLLER_REPORT_AGENT_TABLE_H_

#include <vector>

#include "controller/report/text/page.h"
#include "controller/run/result.h"

namespace rampart::controller {

// Adds the block AGENTS. Lost agents and bottlenecks come first and are said in words below. A
// narrow page has fewer columns: memory and skew go first, then late starts.
void AddAgents(const RunResult& result, Page* page);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_REPORT_AGENT_TABLE_H_
