#include "tests/agent/user/hot_path/allocations.h"

#include <atomic>
#include <cstddef>

namespace {
std::atomic<uint64_t> allocations = 0;
}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

bool rampart::CountsAllocations() { return false; }

#else

bool rampart::CountsAllocations() { return true; }

// glibc's own, behind the names that a program may replace.
extern "C" {
void* __libc_malloc(size_t bytes);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_realloc(void* block, size_t bytes);

void* malloc(size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(bytes);
}
void* calloc(size_t count, size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, bytes);
}
void* realloc(void* block, size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(block, bytes);
}
}

#endif

uint64_t rampart::Allocations() { return allocations.load(std::memory_order_relaxed); }
