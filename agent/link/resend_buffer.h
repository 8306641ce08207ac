// ResendBuffer: the deltas that the controller has not acknowledged.
#ifndef RAMPART_AGENT_LINK_RESEND_BUFFER_H_
#define RAMPART_AGENT_LINK_RESEND_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "rampart/v1/stats.pb.h"

namespace rampart::agent {

// Numbers deltas 1, 2, 3, ... in the order in which they are added; the engine's own numbers have
// gaps where a delta was empty and not worth sending. Owned by the Link.
class ResendBuffer {
 public:
  // Two minutes of a run, or so many bytes: a delta of a thousand trends may have a megabyte.
  static constexpr size_t kMaxDeltas = 120;
  static constexpr size_t kMaxBytes = size_t{128} << 20;

  bool full() const { return deltas_.size() >= kMaxDeltas || bytes_ >= kMaxBytes; }
  // Not when full. The reference holds until the next call.
  const v1::Delta& Add(v1::Delta delta);
  // Forgets everything up to `sequence`.
  void Acknowledge(uint64_t sequence);

  const std::deque<v1::Delta>& deltas() const { return deltas_; }
  uint64_t next_sequence() const { return next_; }

 private:
  std::deque<v1::Delta> deltas_;  // in order, without gaps, up to next_
  std::deque<size_t> sizes_;      // of each, in bytes on the wire
  size_t bytes_ = 0;              // of all
  uint64_t next_ = 1;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_LINK_RESEND_BUFFER_H_
