// `controller resume`.
#ifndef RAMPART_CONTROLLER_COMMANDS_RESUME_H_
#define RAMPART_CONTROLLER_COMMANDS_RESUME_H_

#include <string>
#include <vector>

namespace rampart::controller {

struct ResumeFlags {
  std::string run_dir;
  std::vector<std::string> params;  // NAME=VALUE: the secret ones that `start` was given
  bool plain = false;
};

// Goes on with the run whose journal is in `run_dir`, and reports as Start would have. Returns the
// exit code.
int Resume(const ResumeFlags& flags);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_COMMANDS_RESUME_H_
