// Target: the chat server, and what it counted of each agent, at a fixed rate.
#ifndef RAMPART_TESTS_FAULTS_CLUSTER_TARGET_H_
#define RAMPART_TESTS_FAULTS_CLUSTER_TARGET_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/faults/cluster/logged_process.h"
#include "tests/support/chat_server.h"

namespace rampart::faults {

// The counts of sockets and messages at one time.
struct Look {
  struct Address {
    uint64_t opened = 0;
    uint64_t open = 0;
    uint64_t received = 0;
    int64_t quiet_ms = 0;
  };

  Time at;
  std::map<std::string, Address> addresses;
  uint64_t users_open = 0;      // users with an open socket
  uint64_t users_twice = 0;     // a user opened a socket beside one that was open
  uint64_t stale_messages = 0;  // on a socket that is not its user's newest

  Address Of(const std::string& address) const {
    const auto found = addresses.find(address);
    return found == addresses.end() ? Address{} : found->second;
  }
  // Of all, or of all but one.
  Address Sum(const std::string& without = "") const;
};

// Looks every kPeriod, on a thread of its own.
class Target {
 public:
  static constexpr std::chrono::milliseconds kPeriod{100};

  explicit Target(const std::string& address);
  ~Target();

  const ChatServer& chat() const { return chat_; }
  Look Now() const;
  // The first look from now on for which it holds. The test fails when there is none in time.
  std::optional<Look> WaitFor(const std::string& what,
                              const std::function<bool(const Look&)>& holds,
                              std::chrono::milliseconds patience = std::chrono::seconds(90));
  // What was counted at that time: the last look before it.
  Look Before(Time time) const;
  // All looks from then on.
  std::vector<Look> Since(Time time) const;

 private:
  ChatServer chat_;
  std::atomic<bool> ending_ = false;
  mutable std::mutex mutex_;
  std::condition_variable looked_;
  std::vector<Look> looks_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace rampart::faults

#endif  // RAMPART_TESTS_FAULTS_CLUSTER_TARGET_H_
