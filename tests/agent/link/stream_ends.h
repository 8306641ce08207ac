// What tests of the stream over real gRPC have at its ends: an agent, and mailboxes of what
// callbacks said.
#ifndef RAMPART_TESTS_AGENT_LINK_STREAM_ENDS_H_
#define RAMPART_TESTS_AGENT_LINK_STREAM_ENDS_H_

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "agent/link/fleet_stream.h"
#include "common/tls/stream_identity.h"

namespace rampart {

// What callbacks on other threads said, in order.
template <typename T>
class Mailbox {
 public:
  void Put(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  // Empty when nothing comes, which fails the test that wants it.
  std::optional<T> Take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(60), [this] { return !values_.empty(); })) {
      ADD_FAILURE() << "nothing came";
      return std::nullopt;
    }
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  bool empty() {
    const std::lock_guard lock(mutex_);
    return values_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

struct Opened {};
struct Ended {
  std::string why;
};
using AgentSaw = std::variant<Opened, v1::ControllerMessage, Ended>;

// An agent's stream and what it saw.
struct Agent {
  explicit Agent(int port, std::optional<StreamIdentity> identity = std::nullopt)
      : stream("127.0.0.1:" + std::to_string(port),
               {.connected = [this] { saw.Put(Opened{}); },
                .received = [this](v1::ControllerMessage m) { saw.Put(std::move(m)); },
                .disconnected = [this](std::string why) { saw.Put(Ended{std::move(why)}); }},
               std::move(identity)) {}

  template <typename T>
  std::optional<T> Take() {
    const std::optional<AgentSaw> next = saw.Take();
    if (!next) return std::nullopt;
    const T* value = std::get_if<T>(&*next);
    if (value == nullptr) ADD_FAILURE() << "something else came: " << next->index();
    return value == nullptr ? std::nullopt : std::optional<T>(*value);
  }

  Mailbox<AgentSaw> saw;
  agent::FleetStream stream;  // ends before what it fills
};

}  // namespace rampart

#endif  // RAMPART_TESTS_AGENT_LINK_STREAM_ENDS_H_
