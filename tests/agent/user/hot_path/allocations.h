// Every allocation of the process, counted by taking malloc's place.
#ifndef RAMPART_TESTS_AGENT_USER_HOT_PATH_ALLOCATIONS_H_
#define RAMPART_TESTS_AGENT_USER_HOT_PATH_ALLOCATIONS_H_

#include <cstdint>

namespace rampart {

// Calls of malloc, calloc and realloc so far, of all threads; operator new and Lua are among them.
// Always 0 where a sanitizer has malloc's place.
uint64_t Allocations();
bool CountsAllocations();

}  // namespace rampart

#endif  // RAMPART_TESTS_AGENT_USER_HOT_PATH_ALLOCATIONS_H_
