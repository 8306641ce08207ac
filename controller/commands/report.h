// Report: what a command leaves of a run.
#ifndef RAMPART_CONTROLLER_COMMANDS_REPORT_H_
#define RAMPART_CONTROLLER_COMMANDS_REPORT_H_

#include <string>
#include <vector>

#include "controller/run/result.h"
#include "controller/terminal/terminal.h"

namespace rampart::controller {

// The summary on standard output and in every FILE.json of `out`. False, with words on standard
// error, when one of them could not be written.
bool Report(const RunResult& result, const std::vector<std::string>& out, const Terminal& terminal);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_COMMANDS_REPORT_H_
