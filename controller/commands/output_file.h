// WriteFile: what a command leaves behind.
#ifndef RAMPART_CONTROLLER_COMMANDS_OUTPUT_FILE_H_
#define RAMPART_CONTROLLER_COMMANDS_OUTPUT_FILE_H_

#include <string>

#include "absl/status/status.h"

namespace rampart::controller {

// In the place of what was there. An internal error that names the file.
absl::Status WriteFile(const std::string& path, const std::string& text);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_COMMANDS_OUTPUT_FILE_H_
