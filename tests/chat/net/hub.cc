#include "tests/chat/net/hub.h"

namespace rampart::chat {

void Hub::Join(int64_t channel_id, Subscriber& subscriber) {
  std::lock_guard lock(mutex_);
  channels_[channel_id].insert(&subscriber);
}

void Hub::Leave(int64_t channel_id, Subscriber& subscriber) {
  std::lock_guard lock(mutex_);
  const auto it = channels_.find(channel_id);
  if (it == channels_.end()) return;
  it->second.erase(&subscriber);
  if (it->second.empty()) channels_.erase(it);
}

void Hub::Broadcast(int64_t channel_id, const Frame& frame, Subscriber* sender) {
  std::lock_guard lock(mutex_);
  const auto it = channels_.find(channel_id);
  bool sender_reached = sender == nullptr;
  if (it != channels_.end()) {
    for (Subscriber* subscriber : it->second) {
      subscriber->Deliver(frame);
      if (subscriber == sender) sender_reached = true;
    }
  }
  if (!sender_reached) sender->Deliver(frame);
}

}  // namespace rampart::chat
