// AskRun: asks something of a run that goes on.
#ifndef RAMPART_CONTROLLER_CONTROL_CONTROL_CLIENT_H_
#define RAMPART_CONTROLLER_CONTROL_CONTROL_CLIENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "rampart/v1/control.pb.h"

namespace rampart::controller {

// What was done, in words. NotFound where no controller answers in `folder`; InvalidArgument is the
// run's, with why it was not done. Waits for the answer for kControlTimeoutS.
inline constexpr int kControlTimeoutS = 20;
absl::StatusOr<std::string> AskRun(const std::string& folder, const v1::ControlRequest& request);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_CONTROL_CONTROL_CLIENT_H_
