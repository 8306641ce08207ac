// `controller start`.
#ifndef RAMPART_CONTROLLER_COMMANDS_START_H_
#define RAMPART_CONTROLLER_COMMANDS_START_H_

#include <string>
#include <vector>

#include "controller/commands/flags.h"
#include "controller/commands/run_journal.h"

namespace rampart::controller {

// Runs a plan, prints its summary and writes it to every FILE.json of `out`. Returns the exit code.
int Start(const RunFlags& given, const JournalFlags& journal, const std::string& plan,
          const std::vector<std::string>& out);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_COMMANDS_START_H_
