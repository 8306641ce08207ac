#include "agent/engine/frame_pool.h"

#include <array>
#include <new>

namespace rampart::agent {
namespace {

struct FreeFrame {
  FreeFrame* next;
};

// The thread's free lists; what they hold at the thread's end goes back to the heap.
class FreeLists {
 public:
  ~FreeLists() {
    for (List& list : lists_) {
      while (list.head != nullptr) ::operator delete(list.Pop());
    }
  }

  struct List {
    FreeFrame* head = nullptr;
    size_t size = 0;

    void* Pop() {
      FreeFrame* frame = head;
      head = frame->next;
      --size;
      return frame;
    }
    void Push(void* memory) {
      head = new (memory) FreeFrame{head};
      ++size;
    }
  };

  List& Of(size_t bytes) { return lists_[(bytes + FramePool::kStep - 1) / FramePool::kStep]; }

 private:
  std::array<List, FramePool::kMaxPooled / FramePool::kStep + 1> lists_;
};

thread_local FreeLists free_lists;

}  // namespace

void* FramePool::Allocate(size_t bytes) {
  if (bytes > kMaxPooled) return ::operator new(bytes);
  FreeLists::List& list = free_lists.Of(bytes);
  if (list.head != nullptr) return list.Pop();
  return ::operator new((bytes + kStep - 1) / kStep * kStep);
}

void FramePool::Free(void* frame, size_t bytes) noexcept {
  if (bytes <= kMaxPooled) {
    FreeLists::List& list = free_lists.Of(bytes);
    if (list.size < kMaxFree) {
      list.Push(frame);
      return;
    }
  }
  ::operator delete(frame);
}

}  // namespace rampart::agent
