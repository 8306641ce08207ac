// What a Fleet makes of what happened to its controller.
#include <algorithm>

#include "controller/fleet/fleet.h"

namespace rampart::controller {

std::vector<int64_t> Fleet::heard_ns() const {
  std::vector<int64_t> heard;
  for (const AgentSeat& seat : roster_.seats()) heard.push_back(seat.heard_ns);
  return heard;
}

void Fleet::On(const JournalLost& event) {
  for (AgentSeat& seat : roster_.seats()) seat.deltas.StopKeeping();
  // From there on everything is in, and nothing has to be kept for a controller that comes after.
  if (phase_ < Phase::kFinalising) FailRun(event.why);
}

void Fleet::On(const Restarted&) {
  roster_.ForgetAll();
  for (AgentSeat& seat : roster_.seats()) {
    seat.connection = 0;
    seat.asked = false;
    // Nobody could be heard meanwhile: each gets the time that it has to dial again.
    seat.heard_ns = now_ns_;
    seat.deltas.Keep(seat.deltas.given());
    if (board_) board_->Forget(seat.index);
    if (seat.live() && phase_ < Phase::kFinalising) SetState(seat, "disconnected");
  }
  // A phase that had its time while nobody was there to answer has some of it again.
  deadline_ns_ = std::max(deadline_ns_, now_ns_ + options_.lost_after_ns);
}

}  // namespace rampart::controller
