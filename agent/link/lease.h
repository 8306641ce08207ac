// Lease: until when an agent may load the target without hearing from the controller.
#ifndef RAMPART_AGENT_LINK_LEASE_H_
#define RAMPART_AGENT_LINK_LEASE_H_

#include <cstddef>
#include <cstdint>
#include <deque>

namespace rampart::agent {

// Runs from the moment at which the last answered heartbeat was *sent*: the controller, which
// counts from the moment at which it came, is then never the first to think that it is over. Owned
// by the Link. Nanoseconds on the agent's clock.
class Lease {
 public:
  // Heartbeats that wait for their answer; older ones are forgotten.
  static constexpr size_t kMaxOpen = 64;

  // The controller took this agent in, answering what was sent at `sent_ns`. What is open is of an
  // older stream and will not be answered.
  void Renew(int64_t sent_ns, int64_t length_ns);
  // The number of the next heartbeat, sent now.
  uint64_t Sent(int64_t now_ns);
  void Answered(uint64_t number);

  bool held() const { return length_ns_ > 0; }
  int64_t length_ns() const { return length_ns_; }
  int64_t until_ns() const { return from_ns_ + length_ns_; }
  bool Over(int64_t now_ns) const { return held() && OverFor(now_ns) >= 0; }
  // Since when it is over; negative while it is not.
  int64_t OverFor(int64_t now_ns) const { return now_ns - until_ns(); }

 private:
  struct Open {
    uint64_t number;
    int64_t sent_ns;
  };

  int64_t length_ns_ = 0;
  int64_t from_ns_ = 0;
  uint64_t last_number_ = 0;
  std::deque<Open> open_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_LINK_LEASE_H_
