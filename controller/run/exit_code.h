// What the controller's process says to whoever started it.
#ifndef RAMPART_CONTROLLER_RUN_EXIT_CODE_H_
#define RAMPART_CONTROLLER_RUN_EXIT_CODE_H_

namespace rampart::controller {

// Where k6 has a code for the same thing, it is k6's.
enum class ExitCode : int {
  kPass = 0,
  kInternal = 1,
  kThresholdsFailed = 99,
  kBadPlanOrFlags = 104,
  kInterrupted = 105,
  kUnreliable = 113,  // INVALID; under --strict also an unreliable result
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_EXIT_CODE_H_
