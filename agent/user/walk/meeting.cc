#include "agent/user/walk/meeting.h"

namespace rampart::agent {

Task<Meeting::Outcome> Meeting::Wait(Interrupt& soft, int64_t timeout_ns) {
  if (soft.requested()) co_return Outcome::kInterrupted;
  Place place{&soft, MonotonicNow() + timeout_ns, waiting_.size()};
  waiting_.push_back(&place);
  Report();
  for (;;) {
    co_await loop_.SleepUntil(place.until_ns, &soft);
    if (soft.requested()) {
      if (!place.called) Leave(place);
      co_return Outcome::kInterrupted;
    }
    // Otherwise it was called just now, and sleeps again, until the opening's instant.
    if (MonotonicNow() < place.until_ns) continue;
    if (place.called) co_return Outcome::kMet;
    Leave(place);
    co_return Outcome::kTimeout;
  }
}

void Meeting::Open(uint64_t opening, int64_t at_ns) {
  if (opening < opening_) return;
  opening_ = opening + 1;
  for (Place* place : std::exchange(waiting_, {})) {
    place->called = true;
    place->until_ns = at_ns;
    place->soft->EndWait();
  }
  Report();
}

void Meeting::Leave(const Place& place) {
  waiting_[place.index] = waiting_.back();
  waiting_[place.index]->index = place.index;
  waiting_.pop_back();
  Report();
}

}  // namespace rampart::agent
