// AgentProcesses: the agents of a run as processes of this machine.
#ifndef RAMPART_CONTROLLER_CONDUCT_AGENT_LAUNCH_H_
#define RAMPART_CONTROLLER_CONDUCT_AGENT_LAUNCH_H_

#include <string>
#include <vector>

#include "controller/conduct/conductor.h"
#include "controller/fleet/launcher.h"

namespace rampart::controller {

// What the launcher has to start, to dial the controller at `address` (HOST:PORT).
std::vector<LaunchedProcess> AgentProcesses(const ConductOptions& options,
                                            const std::string& address);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_CONDUCT_AGENT_LAUNCH_H_
