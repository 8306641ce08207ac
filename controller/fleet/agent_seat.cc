#include "controller/fleet/agent_seat.h"

namespace rampart::controller {

DeltaGate::Verdict DeltaGate::Judge(uint64_t sequence) {
  if (sequence <= kept_) return Verdict::kKept;
  if (sequence <= given_) return Verdict::kGiven;
  if (sequence != given_ + 1) return Verdict::kGap;
  given_ = sequence;
  return Verdict::kNext;
}

bool DeltaGate::Keep(uint64_t sequence) {
  if (sequence <= kept_ || sequence > given_) return false;
  kept_ = sequence;
  return true;
}

}  // namespace rampart::controller
