// ClockEstimate: how far an agent's monotonic clock is from the controller's.
#ifndef RAMPART_CONTROLLER_FLEET_CLOCK_ESTIMATE_H_
#define RAMPART_CONTROLLER_FLEET_CLOCK_ESTIMATE_H_

#include <cstdint>

#include "rampart/v1/fleet.pb.h"

namespace rampart::controller {

// From kPings round trips, one after another; the quickest decides, as it leaves the least room:
// the agent read its clock somewhere within it, so the middle is wrong by half of it at most.
// Owned by an AgentSeat. Nanoseconds.
class ClockEstimate {
 public:
  static constexpr int kPings = 8;

  // The next ping, sent now; what an earlier one is answered with is not counted any more.
  v1::Ping Next(int64_t now_ns);
  // False for an answer to anything but the last ping, which is ignored.
  bool OnPong(const v1::Pong& pong, int64_t now_ns);

  bool complete() const { return pongs_ == kPings; }
  // Below: once a pong has come.
  int64_t offset_ns() const { return offset_ns_; }  // agent's clock less the controller's
  int64_t uncertainty_ns() const { return (round_trip_ns_ + 1) / 2; }
  int64_t ToAgent(int64_t controller_ns) const { return controller_ns + offset_ns_; }

 private:
  bool waiting_ = false;
  int64_t sent_ns_ = 0;
  int pongs_ = 0;
  int64_t round_trip_ns_ = 0;
  int64_t offset_ns_ = 0;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_FLEET_CLOCK_ESTIMATE_H_
