#include "agent/link/resend_buffer.h"

#include <utility>

namespace rampart::agent {

const v1::Delta& ResendBuffer::Add(v1::Delta delta) {
  delta.set_sequence(next_++);
  sizes_.push_back(delta.ByteSizeLong());
  bytes_ += sizes_.back();
  return deltas_.emplace_back(std::move(delta));
}

void ResendBuffer::Acknowledge(uint64_t sequence) {
  while (!deltas_.empty() && deltas_.front().sequence() <= sequence) {
    deltas_.pop_front();
    bytes_ -= sizes_.front();
    sizes_.pop_front();
  }
}

}  // namespace rampart::agent
