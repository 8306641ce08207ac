// `controller pause`, `resume`, `scale`, `stop`: what people ask of a run while it runs.
#ifndef RAMPART_CONTROLLER_COMMANDS_CONTROL_H_
#define RAMPART_CONTROLLER_COMMANDS_CONTROL_H_

#include <optional>
#include <string>

#include "controller/commands/resume.h"

namespace rampart::controller {

struct ScaleFlags {
  std::string scenario;
  std::optional<int64_t> users;
  std::string rate;  // `500/s`
  std::string over = "10s";
};

// `run` is the run's folder: a path, the name of a folder among the runs that have theirs at the
// default place, or, when nothing was given, the only one of those that goes on. Each says on
// stdout what was done and returns the exit code.
int PauseRun(const std::string& run);
// One that is paused goes on; one whose controller is gone does so from its journal: Resume.
int ResumeRun(const ResumeFlags& flags);
int ScaleRun(const std::string& run, const ScaleFlags& flags);
// `now`: without graceful stops.
int StopRun(const std::string& run, bool now);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_COMMANDS_CONTROL_H_
