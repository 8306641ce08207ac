// What tells this machine's boot, and a process, from others.
#ifndef RAMPART_CONTROLLER_FLEET_MACHINE_H_
#define RAMPART_CONTROLLER_FLEET_MACHINE_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace rampart::controller {

// Another one after each boot; empty when the kernel does not say.
std::string BootId();

// When that process began, in clock ticks since the machine did: with its pid, nobody else's. 0
// when there is none.
uint64_t ProcessStart(pid_t pid);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_FLEET_MACHINE_H_
