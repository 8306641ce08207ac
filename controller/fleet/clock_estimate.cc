#include "controller/fleet/clock_estimate.h"

namespace rampart::controller {

v1::Ping ClockEstimate::Next(int64_t now_ns) {
  waiting_ = true;
  sent_ns_ = now_ns;
  v1::Ping ping;
  ping.set_controller_ns(now_ns);
  return ping;
}

bool ClockEstimate::OnPong(const v1::Pong& pong, int64_t now_ns) {
  if (!waiting_ || pong.controller_ns() != sent_ns_) return false;
  waiting_ = false;
  const int64_t round_trip_ns = now_ns - sent_ns_;
  if (pongs_ == 0 || round_trip_ns < round_trip_ns_) {
    round_trip_ns_ = round_trip_ns;
    offset_ns_ = pong.agent_ns() - (sent_ns_ + round_trip_ns / 2);
  }
  ++pongs_;
  return true;
}

}  // namespace rampart::controller
