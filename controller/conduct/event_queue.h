// EventQueue: what the controller's threads tell the one that runs the fleet.
#ifndef RAMPART_CONTROLLER_CONDUCT_EVENT_QUEUE_H_
#define RAMPART_CONTROLLER_CONDUCT_EVENT_QUEUE_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace rampart::controller {

// Any thread pushes, one takes. Holds kMaxEvents; what is over is dropped, and overflowed() says
// so: a run whose events were lost must not go on.
template <typename Event>
class EventQueue {
 public:
  static constexpr size_t kMaxEvents = 100'000;

  // False when it was dropped: also after Close.
  bool Push(Event event) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return false;
      if (events_.size() >= kMaxEvents) {
        overflowed_ = true;
        return false;
      }
      first = events_.empty();
      events_.push_back(std::move(event));
    }
    if (first) pushed_.notify_one();
    return true;
  }
  // Nobody takes any more. What nobody took.
  std::deque<Event> Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    return std::exchange(events_, {});
  }

  // All that there are, in order; none when none came in time. What comes meanwhile is for the next
  // call, so that between two of them there is always time for something else.
  std::deque<Event> Take(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    pushed_.wait_for(lock, timeout, [this] { return !events_.empty(); });
    return std::exchange(events_, {});
  }

  bool overflowed() const {
    const std::lock_guard lock(mutex_);
    return overflowed_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable pushed_;
  std::deque<Event> events_;
  bool overflowed_ = false;
  bool closed_ = false;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_CONDUCT_EVENT_QUEUE_H_
