// Memory for coroutine frames: a free list a size class, for each thread.
#ifndef RAMPART_AGENT_ENGINE_FRAME_POOL_H_
#define RAMPART_AGENT_ENGINE_FRAME_POOL_H_

#include <cstddef>

namespace rampart::agent {

// A frame must be freed on the thread that allocated it. Freed frames are kept for the next of
// their size, up to kMaxFreeBytes in all: a burst of users that open at once does not stay. Sizes
// are those that malloc gives away without a rest: 8 more than a multiple of 16. Frames over
// kMaxPooled bytes go to the heap directly.
class FramePool {
 public:
  static constexpr size_t kStep = 16;
  static constexpr size_t kMaxPooled = 4096;
  static constexpr size_t kMaxFreeBytes = 1024 * 1024;

  static void* Allocate(size_t bytes);
  static void Free(void* frame, size_t bytes) noexcept;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_ENGINE_FRAME_POOL_H_
