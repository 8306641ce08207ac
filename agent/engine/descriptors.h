// How many descriptors this process may have.
#ifndef RAMPART_AGENT_ENGINE_DESCRIPTORS_H_
#define RAMPART_AGENT_ENGINE_DESCRIPTORS_H_

#include <cstdint>

namespace rampart::agent {

// Raises the limit to its hard one, which it returns; 0 when there is no telling. Call it while the
// process has one thread: it also makes the kernel's table of descriptors large. The table doubles
// when it is full, and with several threads whoever opens that descriptor waits for all CPUs to
// have left the old one: 6 to 15 ms in which an engine thread stands still.
uint64_t RaiseDescriptorLimit();

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_ENGINE_DESCRIPTORS_H_
