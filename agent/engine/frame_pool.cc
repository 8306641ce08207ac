#include "agent/engine/frame_pool.h"

#include <array>
#include <new>

namespace rampart::agent {
namespace {

// What malloc keeps of its own in every block.
constexpr size_t kMallocHead = 8;

struct FreeFrame {
  FreeFrame* next;
};

// Of the frames that take the block of `bytes`.
size_t ClassOf(size_t bytes) {
  return (bytes + kMallocHead + FramePool::kStep - 1) / FramePool::kStep;
}
size_t BytesOf(size_t frame_class) { return frame_class * FramePool::kStep - kMallocHead; }

// The thread's free lists; what they hold at the thread's end goes back to the heap.
class FreeLists {
 public:
  ~FreeLists() {
    for (size_t i = 0; i < heads_.size(); ++i) {
      while (void* frame = Pop(i)) ::operator delete(frame);
    }
  }

  void* Pop(size_t frame_class) {
    FreeFrame*& head = heads_[frame_class];
    FreeFrame* frame = head;
    if (frame == nullptr) return nullptr;
    head = frame->next;
    bytes_ -= BytesOf(frame_class);
    return frame;
  }
  // False when enough are kept.
  bool Push(size_t frame_class, void* memory) {
    if (bytes_ + BytesOf(frame_class) > FramePool::kMaxFreeBytes) return false;
    heads_[frame_class] = new (memory) FreeFrame{heads_[frame_class]};
    bytes_ += BytesOf(frame_class);
    return true;
  }

 private:
  std::array<FreeFrame*, (FramePool::kMaxPooled + kMallocHead) / FramePool::kStep + 2> heads_ = {};
  size_t bytes_ = 0;
};

thread_local FreeLists free_lists;

}  // namespace

void* FramePool::Allocate(size_t bytes) {
  if (bytes > kMaxPooled) return ::operator new(bytes);
  const size_t frame_class = ClassOf(bytes);
  if (void* frame = free_lists.Pop(frame_class)) return frame;
  return ::operator new(BytesOf(frame_class));
}

void FramePool::Free(void* frame, size_t bytes) noexcept {
  if (bytes <= kMaxPooled && free_lists.Push(ClassOf(bytes), frame)) return;
  ::operator delete(frame);
}

}  // namespace rampart::agent
