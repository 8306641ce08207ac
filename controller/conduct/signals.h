// Signals: Ctrl-C and SIGTERM as calls.
#ifndef RAMPART_CONTROLLER_CONDUCT_SIGNALS_H_
#define RAMPART_CONTROLLER_CONDUCT_SIGNALS_H_

#include <functional>
#include <thread>

namespace rampart::controller {

// One at a time. Made before any other thread is: it blocks the signals that it waits for, and
// threads inherit that. SIGPIPE and SIGXFSZ are ignored from then on.
class Signals {
 public:
  // `on_signal` comes on a thread of its own, with SIGINT or SIGTERM.
  explicit Signals(std::function<void(int)> on_signal);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  std::function<void(int)> on_signal_;
  std::thread thread_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_CONDUCT_SIGNALS_H_
