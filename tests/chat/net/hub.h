// Which sockets are in which channel.
#ifndef RAMPART_TESTS_CHAT_NET_HUB_H_
#define RAMPART_TESTS_CHAT_NET_HUB_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace rampart::chat {

// A whole WebSocket frame, encoded once and shared by all sockets that it goes to.
using Frame = std::shared_ptr<const std::string>;

class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // From any thread, in the hub's lock: must not call the hub.
  virtual void Deliver(const Frame& frame) = 0;
};

// Channels to subscribers. Owned by App, thread-safe. A subscriber leaves every channel that it
// joined before it is destroyed; the hub does not own it.
class Hub {
 public:
  void Join(int64_t channel_id, Subscriber& subscriber);
  void Leave(int64_t channel_id, Subscriber& subscriber);

  // `frame` to all in the channel and to `sender`, if any, even when it is not in the channel.
  void Broadcast(int64_t channel_id, const Frame& frame, Subscriber* sender);

 private:
  std::mutex mutex_;
  std::unordered_map<int64_t, std::unordered_set<Subscriber*>> channels_;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_NET_HUB_H_
