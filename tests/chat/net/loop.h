// One thread's event loop and the connections that live on it.
#ifndef RAMPART_TESTS_CHAT_NET_LOOP_H_
#define RAMPART_TESTS_CHAT_NET_LOOP_H_

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <memory>
#include <span>

#include "tests/chat/counters.h"
#include "tests/chat/net/connection.h"

namespace rampart::chat {

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

// An io_context with one thread in Run, the read buffer that its connections share, and a sweep
// that closes those past their deadline. Owned by Server. Only BeginShutdown and posting to
// context() may be called from other threads.
class Loop {
 public:
  explicit Loop(Counters& counters);

  // Until BeginShutdown, and until the connections have ended or kShutdownTimeout has passed.
  void Run();

  // Idle connections are closed, WebSockets get a Close, requests under way are finished.
  void BeginShutdown();
  bool stopping() const { return stopping_; }

  // A connection begins without a deadline.
  void Track(Connection& connection) { lasting_.push_back(connection); }
  void Forget(Connection& connection);
  // It has a deadline now, or has none any more.
  void GotDeadline(Connection& connection);
  void LostDeadline(Connection& connection);

  std::span<char> scratch() { return {scratch_.get(), kScratchBytes}; }
  asio::io_context& context() { return context_; }
  Counters& counters() { return counters_; }
  std::chrono::steady_clock::time_point now() const { return std::chrono::steady_clock::now(); }

 private:
  static constexpr size_t kScratchBytes = 64 * 1024;

  void Sweep();
  void ShutDown();

  Counters& counters_;
  std::unique_ptr<char[]> scratch_;
  // Outlives the context: sessions that still wait when it is destroyed take themselves off.
  // Those with a deadline are apart, as a sweep over a million that have none would cost a core.
  boost::intrusive::list<Connection> expiring_;
  boost::intrusive::list<Connection> lasting_;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point stop_at_;
  asio::io_context context_;
  Timer sweep_;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_NET_LOOP_H_
