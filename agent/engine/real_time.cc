#include "agent/engine/real_time.h"

#include <pthread.h>
#include <sched.h>

#include <cstring>
#include <string>

namespace rampart::agent {

absl::Status RunInRealTime() {
  const sched_param lowest{.sched_priority = 1};
  const int error = pthread_setschedparam(pthread_self(), SCHED_FIFO, &lowest);
  if (error == 0) return absl::OkStatus();
  return absl::PermissionDeniedError(
      std::string("cannot run the engine threads in real time (") + std::strerror(error) +
      "): run the agent as root, or give it CAP_SYS_NICE (setcap cap_sys_nice+ep agent)");
}

}  // namespace rampart::agent
