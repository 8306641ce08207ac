#include "agent/user/pause.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace rampart::agent {

void Pause::Begin(int64_t at_ns) {
  if (on_) return;
  on_ = true;
  since_ns_ = at_ns;
}

int64_t Pause::End(int64_t at_ns) {
  if (!on_) return 0;
  on_ = false;
  last_ns_ = std::max<int64_t>(at_ns - since_ns_, 0);
  total_ns_ += last_ns_;
  // Who is woken may wait for something else by then, but never for this.
  for (Interrupt* waiting : std::exchange(waiting_, {})) waiting->EndWait();
  return last_ns_;
}

Task<> Pause::Hold(Interrupt& interrupt) {
  while (on_ && !interrupt.requested()) {
    const int64_t held_ns = MonotonicNow();
    while (on_ && !interrupt.requested()) co_await Wait(interrupt);
    if (interrupt.requested()) co_return;
    co_await loop_.SleepUntil(held_ns + last_ns_, &interrupt);
  }
}

Task<> Pause::Wait(Interrupt& interrupt) {
  if (!on_ || interrupt.requested()) co_return;
  Remember(interrupt);
  co_await loop_.SleepUntil(kNever, &interrupt);
  Forget(interrupt);
}

}  // namespace rampart::agent
