// Task<T>: a coroutine that starts when it is awaited and gives its value to the one that awaits
// it.
//
// One thread runs a task from its start to its end. Frames come from a free list of that thread
// (frame_pool.h), so a task that is awaited again and again allocates nothing. A task that ends
// without suspending returns to its caller like a function: a loop over such tasks does not grow
// the stack, also where the compiler makes no tail calls (sanitizer builds). Exceptions do not
// leave a task: they end the process.
#ifndef RAMPART_AGENT_ENGINE_TASK_H_
#define RAMPART_AGENT_ENGINE_TASK_H_

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "agent/engine/frame_pool.h"

namespace rampart::agent {

template <typename T>
class Task;

namespace internal {

class TaskPromiseBase {
 public:
  static void* operator new(size_t bytes) { return FramePool::Allocate(bytes); }
  static void operator delete(void* frame, size_t bytes) noexcept { FramePool::Free(frame, bytes); }

  std::suspend_always initial_suspend() noexcept { return {}; }

  struct Final {
    bool await_ready() noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept {
      std::coroutine_handle<> continuation = ended.promise().continuation_;
      return continuation ? continuation : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  Final final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { std::terminate(); }

  void set_continuation(std::coroutine_handle<> continuation) { continuation_ = continuation; }

 private:
  std::coroutine_handle<> continuation_;
};

template <typename T>
class TaskPromise : public TaskPromiseBase {
 public:
  Task<T> get_return_object();
  void return_value(T value) { value_.emplace(std::move(value)); }
  T Take() { return std::move(*value_); }

 private:
  std::optional<T> value_;
};

template <>
class TaskPromise<void> : public TaskPromiseBase {
 public:
  Task<void> get_return_object();
  void return_void() {}
  void Take() {}
};

}  // namespace internal

template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::TaskPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  // Runs the task now. It goes on with the caller at once when the task ended without suspending.
  bool await_suspend(std::coroutine_handle<> caller) {
    handle_.resume();
    if (handle_.done()) return false;
    handle_.promise().set_continuation(caller);
    return true;
  }
  T await_resume() { return handle_.promise().Take(); }

 private:
  Handle handle_;
};

// A coroutine that nobody awaits: it runs when it is called, until it first suspends, the loop
// resumes it after that, and its frame ends with it.
struct Detached {
  struct promise_type {
    static void* operator new(size_t bytes) { return FramePool::Allocate(bytes); }
    static void operator delete(void* frame, size_t bytes) noexcept {
      FramePool::Free(frame, bytes);
    }
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

namespace internal {
template <typename T>
Task<T> TaskPromise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}

template <typename Done>
Detached RunDetached(Task<void> task, Done done) {
  co_await std::move(task);
  done();
}
}  // namespace internal

// Runs `task` until it first suspends; the loop resumes it after that. Calls `done` when it has
// ended.
template <typename Done>
void Spawn(Task<void> task, Done done) {
  internal::RunDetached(std::move(task), std::move(done));
}

inline void Spawn(Task<void> task) {
  Spawn(std::move(task), [] {});
}

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_ENGINE_TASK_H_
