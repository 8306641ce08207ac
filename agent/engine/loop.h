// Loop: what one engine thread waits for: descriptors, points in time, and calls from other
// threads.
//
// The reactor is our own, on epoll with edge-triggered descriptors that are registered once,
// because it is the hot path: a wait costs no system call and no memory beside the Waiter in the
// waiting coroutine's frame (docs/decisions/0002-own-reactor.md). Everything but Post and Stop
// belongs to the loop's thread.
#ifndef RAMPART_AGENT_ENGINE_LOOP_H_
#define RAMPART_AGENT_ENGINE_LOOP_H_

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace rampart::agent {

class Interrupt;
class Loop;
class Socket;

// "No deadline".
inline constexpr int64_t kNever = INT64_MAX;

// CLOCK_MONOTONIC in nanoseconds.
int64_t MonotonicNow();

// How a wait ended.
enum class Wake : uint8_t { kReady, kTimeout, kInterrupted };

// One suspended wait, in the frame of the coroutine that waits. It is the awaitable itself: it ends
// at the first of a descriptor's readiness, the deadline, and the interrupt.
class Waiter {
 public:
  // `socket` and `interrupt` may be null. `deadline_ns` is on MonotonicNow's clock.
  Waiter(Loop& loop, Socket* socket, uint32_t interest, int64_t deadline_ns, Interrupt* interrupt)
      : loop_(loop),
        socket_(socket),
        interrupt_(interrupt),
        deadline_ns_(deadline_ns),
        interest_(static_cast<uint8_t>(interest)) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  bool await_ready();
  void await_suspend(std::coroutine_handle<> coroutine);
  Wake await_resume() const { return result_; }

 private:
  friend class Interrupt;
  friend class Loop;
  friend class Socket;
  friend class TimerHeap;

  // Takes the wait out of everything that could end it.
  void Detach();

  Loop& loop_;
  Socket* socket_;
  Interrupt* interrupt_;
  std::coroutine_handle<> coroutine_;
  int64_t deadline_ns_;
  int32_t heap_index_ = -1;
  uint8_t interest_;  // EPOLLIN, EPOLLOUT
  Wake result_ = Wake::kReady;
};

// Ends what one user waits for. After Request every wait with this interrupt ends at once, until
// Reset; EndWait ends only the one that there may be now.
class Interrupt {
 public:
  void Request() {
    requested_ = true;
    EndWait();
  }
  void EndWait();
  void Reset() { requested_ = false; }
  bool requested() const { return requested_; }

 private:
  friend class Waiter;

  Waiter* waiter_ = nullptr;
  bool requested_ = false;
};

// Waiters by deadline: a binary heap that knows each waiter's place, so that taking one out is
// O(log n).
class TimerHeap {
 public:
  void Push(Waiter* waiter);
  void Remove(Waiter* waiter);
  bool empty() const { return heap_.empty(); }
  Waiter* top() const { return heap_.front().waiter; }
  int64_t next_ns() const { return heap_.empty() ? kNever : heap_.front().deadline_ns; }
  size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    int64_t deadline_ns;
    Waiter* waiter;
  };
  void Place(size_t index, Entry entry);
  void SiftUp(size_t index, Entry entry);
  void SiftDown(size_t index, Entry entry);

  std::vector<Entry> heap_;
};

class Loop {
 public:
  static constexpr size_t kReadBufferBytes = 64 * 1024;

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Serves until Stop. Also asks the kernel for timers without slack on this thread.
  void Run();
  // From any thread. Run returns after the turn in which it sees it.
  void Stop();
  // From any thread: `call` runs on the loop's thread, in the order of the posts.
  void Post(std::function<void()> call);

  // Once `until_ns` has passed, `over` is called before anything else of a turn, and not again
  // until `until_ns` was another one. A process that was stopped for a while wakes to a hundred
  // things that are due, and has to learn first that it may not do them.
  void KeepLease(const std::atomic<int64_t>* until_ns, std::function<void()> over) {
    lease_until_ns_ = until_ns;
    lease_over_ = std::move(over);
  }

  // Waits until `deadline_ns`; kTimeout is the normal end.
  Waiter SleepUntil(int64_t deadline_ns, Interrupt* interrupt = nullptr) {
    return Waiter(*this, nullptr, 0, deadline_ns, interrupt);
  }
  // Lets everything else that is due go first. For loops that may never block.
  auto Yield() {
    struct Awaiter {
      Loop& loop;
      bool await_ready() const { return false; }
      void await_suspend(std::coroutine_handle<> coroutine) { loop.Ready(coroutine); }
      void await_resume() const {}
    };
    return Awaiter{*this};
  }

  // Scratch space for one read that is used up before the next suspension: kReadBufferBytes.
  char* read_buffer() { return read_buffer_.data(); }
  // CPU time that the loop's thread has used, in nanoseconds. On the loop's thread.
  static int64_t ThreadCpuNow();

 private:
  friend class Interrupt;
  friend class Socket;
  friend class Waiter;

  static constexpr int kMaxEvents = 256;

  void Add(Socket* socket, int fd);
  void Forget(Socket* socket);
  void Ready(std::coroutine_handle<> coroutine) { ready_.push_back(coroutine); }
  void RunReady();
  void RunTimers();
  void RunPosted();
  void CheckLease();
  int WaitForEvents();

  int epoll_ = -1;
  int wake_ = -1;  // an eventfd
  bool precise_wait_ = true;
  bool stopping_ = false;
  TimerHeap timers_;
  std::vector<std::coroutine_handle<>> ready_;
  std::vector<std::coroutine_handle<>> running_;
  std::array<epoll_event, kMaxEvents> events_;
  int event_count_ = 0;
  int event_index_ = 0;
  std::vector<char> read_buffer_;
  const std::atomic<int64_t>* lease_until_ns_ = nullptr;
  std::function<void()> lease_over_;
  int64_t ended_lease_ns_ = 0;

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by mutex_
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_ENGINE_LOOP_H_
