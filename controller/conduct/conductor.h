// Conduct: runs one plan on a fleet of agents, from the first Hello to the result.
#ifndef RAMPART_CONTROLLER_CONDUCT_CONDUCTOR_H_
#define RAMPART_CONTROLLER_CONDUCT_CONDUCTOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "controller/conduct/run_core.h"
#include "controller/fleet/fleet.h"
#include "controller/fleet/fleet_service.h"
#include "controller/journal/journal_file.h"
#include "controller/run/result.h"
#include "controller/run/run.h"
#include "controller/terminal/terminal.h"
#include "rampart/v1/journal.pb.h"
#include "rampart/v1/stats.pb.h"

namespace rampart::controller {

struct ConductOptions {
  FleetOptions fleet;
  FleetServiceOptions service;
  RunOptions run;
  // The agent program that is started here for every agent; empty: agents come from elsewhere.
  std::string agent_program;
  int agent_threads = 1;
  // What those show when the service has TLS.
  std::optional<TlsFiles> agent_tls = {};
  std::vector<std::string> agent_flags = {};  // of every agent that is started here
  // Of each agent that is started here; empty: as the kernel chooses.
  std::vector<std::vector<std::string>> agent_sources = {};
  // As in RunCoreOptions.
  std::function<void(int agent, const v1::Delta& delta)> on_delta = {};
  // Asked every second of the load with the run's clock: words end the run now, its teardown runs.
  std::function<std::optional<std::string>(int64_t now_ns)> ask_stop = {};

  // What happens is kept there; null: a controller that is killed loses its run. Outlives the call.
  JournalFile* journal = nullptr;
  // What the caller knows of it: see AddMeta.
  v1::JournalMeta meta = {};
  // Where people can ask things of the run, who may enter it: see ControlService. Empty: they
  // cannot.
  std::string control_folder = {};
  // A run that is in the journal: it goes on. Of the above only the service, the journal, the
  // folder and the hooks count then.
  std::unique_ptr<RunCore> resumed = nullptr;
};

// The controller's shell: one thread steps the run's core and performs what it asks for, once the
// journal has the reason for it. Ctrl-C drains, a second one aborts. Fails when the run cannot
// begin: an address that cannot be listened on, agents that cannot be started, a journal that
// cannot be begun. Everything that went wrong later is in the result.
absl::StatusOr<RunResult> Conduct(ConductOptions options, Terminal& terminal);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_CONDUCT_CONDUCTOR_H_
