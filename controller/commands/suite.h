// `controller suite`.
#ifndef RAMPART_CONTROLLER_COMMANDS_SUITE_H_
#define RAMPART_CONTROLLER_COMMANDS_SUITE_H_

#include <string>
#include <vector>

#include "controller/commands/flags.h"

namespace rampart::controller {

struct SuiteFlags {
  RunFlags run;
  std::vector<std::string> plans;  // empty: the built-in workloads
  std::string out_dir = "./rampart-results";
};

// One plan after another, whatever each comes to, after a health check of the target. A folder by
// the time of the start holds a folder a plan (the plan as run, its log, summary.json, summary.txt)
// and suite.json. Each `-e` goes to the plans that have the param. Ctrl-C ends the run and the
// suite. Returns the exit code.
int RunSuite(const SuiteFlags& given);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_COMMANDS_SUITE_H_
