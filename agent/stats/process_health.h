// ProcessHealth: what this process uses of the machine.
#ifndef RAMPART_AGENT_STATS_PROCESS_HEALTH_H_
#define RAMPART_AGENT_STATS_PROCESS_HEALTH_H_

#include "rampart/v1/stats.pb.h"

namespace rampart::agent {

// Of one thread.
class ProcessHealth {
 public:
  // CPU seconds since the last call (or since the process began); memory and descriptors as they
  // stand. What the system does not tell stays 0.
  v1::AgentHealth Take();

 private:
  double cpu_seconds_ = 0;  // that were told
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_STATS_PROCESS_HEALTH_H_
