// RunBreakpoint: the runs of `--profile breakpoint`, and what they come to.
#ifndef RAMPART_CONTROLLER_COMMANDS_BREAKPOINT_H_
#define RAMPART_CONTROLLER_COMMANDS_BREAKPOINT_H_

#include <string>

#include "absl/status/statusor.h"
#include "controller/commands/flags.h"
#include "controller/run/result.h"
#include "controller/terminal/terminal.h"

namespace rampart::controller {

inline constexpr const char* kBreakpointProfile = "breakpoint";

// A ramp, ended early once it has clearly broken, then runs at the constant rates that
// BreakpointSearch asks for, each as long as a tenth of the ramp and at least 5 s: whole
// runs, with setup and teardown and agents of their own. A person who interrupts one gets what is
// known. Fails as RunPlan does, and for agents that are not started here: they would have to come
// anew for each run.
absl::StatusOr<RunResult> RunBreakpoint(const RunFlags& flags, const std::string& wanted,
                                        Terminal& terminal);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_COMMANDS_BREAKPOINT_H_
