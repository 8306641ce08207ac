// RunInRealTime: a thread that the kernel runs as soon as it is woken.
#ifndef RAMPART_AGENT_ENGINE_REAL_TIME_H_
#define RAMPART_AGENT_ENGINE_REAL_TIME_H_

#include "absl/status/status.h"

namespace rampart::agent {

// Gives the calling thread SCHED_FIFO. A fair scheduler lets whoever runs now have the rest of its
// slice first, which is up to milliseconds in the latency of who was woken (docs/ACCURACY.md). The
// kernel still keeps a twentieth of a core for others. Fails without root or CAP_SYS_NICE.
absl::Status RunInRealTime();

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_ENGINE_REAL_TIME_H_
