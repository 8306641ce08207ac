#include "agent/engine/loop.h"

#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "agent/engine/socket.h"

namespace rampart::agent {
namespace {

int64_t ClockNow(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

int64_t MonotonicNow() { return ClockNow(CLOCK_MONOTONIC); }
int64_t Loop::ThreadCpuNow() { return ClockNow(CLOCK_THREAD_CPUTIME_ID); }

bool Waiter::await_ready() {
  if (interrupt_ != nullptr && interrupt_->requested_) {
    result_ = Wake::kInterrupted;
    return true;
  }
  if (socket_ != nullptr && socket_->IsReady(interest_)) return true;
  return false;
}

void Waiter::await_suspend(std::coroutine_handle<> coroutine) {
  coroutine_ = coroutine;
  if (socket_ != nullptr) socket_->waiter_ = this;
  if (interrupt_ != nullptr) interrupt_->waiter_ = this;
  if (deadline_ns_ != kNever) loop_.timers_.Push(this);
}

void Waiter::Detach() {
  if (socket_ != nullptr) socket_->waiter_ = nullptr;
  if (interrupt_ != nullptr) interrupt_->waiter_ = nullptr;
  if (heap_index_ >= 0) loop_.timers_.Remove(this);
}

void Interrupt::EndWait() {
  if (waiter_ == nullptr) return;
  Waiter* waiter = waiter_;
  waiter->Detach();
  waiter->result_ = Wake::kInterrupted;
  // Not resumed here: the caller may be another user's coroutine.
  waiter->loop_.Ready(waiter->coroutine_);
}

void TimerHeap::Place(size_t index, Entry entry) {
  heap_[index] = entry;
  entry.waiter->heap_index_ = static_cast<int32_t>(index);
}

void TimerHeap::SiftUp(size_t index, Entry entry) {
  while (index > 0) {
    const size_t parent = (index - 1) / 2;
    if (heap_[parent].deadline_ns <= entry.deadline_ns) break;
    Place(index, heap_[parent]);
    index = parent;
  }
  Place(index, entry);
}

void TimerHeap::SiftDown(size_t index, Entry entry) {
  for (;;) {
    size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].deadline_ns < heap_[child].deadline_ns) {
      ++child;
    }
    if (heap_[child].deadline_ns >= entry.deadline_ns) break;
    Place(index, heap_[child]);
    index = child;
  }
  Place(index, entry);
}

void TimerHeap::Push(Waiter* waiter) {
  heap_.push_back({});
  SiftUp(heap_.size() - 1, {waiter->deadline_ns_, waiter});
}

void TimerHeap::Remove(Waiter* waiter) {
  const size_t index = static_cast<size_t>(waiter->heap_index_);
  waiter->heap_index_ = -1;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (last.waiter == waiter) return;
  if (index > 0 && last.deadline_ns < heap_[(index - 1) / 2].deadline_ns) {
    SiftUp(index, last);
  } else {
    SiftDown(index, last);
  }
}

Loop::Loop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      read_buffer_(kReadBufferBytes) {
  if (epoll_ < 0 || wake_ < 0) std::abort();  // no engine without these two descriptors
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
}

Loop::~Loop() {
  close(wake_);
  close(epoll_);
}

void Loop::Add(Socket* socket, int fd) {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = socket}};
  // Fails only for a descriptor that cannot be watched or without kernel memory; a wait on it would
  // never end, so the socket is told at once that it is broken.
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) socket->ready_ = EPOLLERR;
}

void Loop::Forget(Socket* socket) {
  // Its events of this turn that have not been looked at yet point to memory that is about to go.
  for (int i = event_index_; i < event_count_; ++i) {
    if (events_[static_cast<size_t>(i)].data.ptr == socket) {
      events_[static_cast<size_t>(i)].events = 0;
    }
  }
}

void Loop::Post(std::function<void()> call) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(call));
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof(one));
}

void Loop::Stop() {
  Post([this] { stopping_ = true; });
}

void Loop::RunPosted() {
  uint64_t count;
  [[maybe_unused]] const ssize_t got = read(wake_, &count, sizeof(count));
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(posted_);
  }
  for (std::function<void()>& call : calls) call();
}

void Loop::RunReady() {
  // One round: what becomes ready meanwhile waits for the next turn, after descriptors and timers.
  running_.swap(ready_);
  for (std::coroutine_handle<> coroutine : running_) coroutine.resume();
  running_.clear();
}

void Loop::RunTimers() {
  if (timers_.empty()) return;
  const int64_t now = MonotonicNow();
  // No more than there were: one that arms itself in the past again waits for the next turn.
  for (size_t left = timers_.size(); left > 0 && timers_.next_ns() <= now; --left) {
    Waiter* waiter = timers_.top();
    waiter->Detach();
    waiter->result_ = Wake::kTimeout;
    waiter->coroutine_.resume();
  }
}

int Loop::WaitForEvents() {
  int64_t wait_ns = -1;
  if (!ready_.empty()) {
    wait_ns = 0;
  } else if (!timers_.empty()) {
    wait_ns = timers_.next_ns() - MonotonicNow();
    if (wait_ns < 0) wait_ns = 0;
  }
  if (precise_wait_) {
    const timespec wait{.tv_sec = wait_ns / 1'000'000'000, .tv_nsec = wait_ns % 1'000'000'000};
    const int count =
        epoll_pwait2(epoll_, events_.data(), kMaxEvents, wait_ns < 0 ? nullptr : &wait, nullptr);
    if (count >= 0 || errno != ENOSYS) return count;
    precise_wait_ = false;  // a kernel before 5.11: timers round up to a millisecond
  }
  const int wait_ms =
      wait_ns < 0
          ? -1
          : static_cast<int>((std::min<int64_t>(wait_ns, 1'000'000'000) + 999'999) / 1'000'000);
  return epoll_wait(epoll_, events_.data(), kMaxEvents, wait_ms);
}

void Loop::CheckLease() {
  if (lease_until_ns_ == nullptr) return;
  const int64_t until_ns = lease_until_ns_->load(std::memory_order_relaxed);
  if (until_ns == ended_lease_ns_ || MonotonicNow() < until_ns) return;
  ended_lease_ns_ = until_ns;
  lease_over_();
}

void Loop::Run() {
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  while (!stopping_) {
    event_count_ = WaitForEvents();
    CheckLease();
    for (event_index_ = 0; event_index_ < event_count_;) {
      const epoll_event& event = events_[static_cast<size_t>(event_index_++)];
      if (event.events == 0) continue;
      auto* socket = static_cast<Socket*>(event.data.ptr);
      if (socket == nullptr) {
        RunPosted();
        continue;
      }
      socket->ready_ |= event.events;
      Waiter* waiter = socket->waiter_;
      if (waiter == nullptr || !socket->IsReady(waiter->interest_)) continue;
      waiter->Detach();
      waiter->result_ = Wake::kReady;
      waiter->coroutine_.resume();
    }
    event_count_ = 0;
    RunTimers();
    RunReady();
  }
}

}  // namespace rampart::agent
