// The `rendezvous` step.
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "agent/user/walk/walker.h"
#include "common/load/nanoseconds.h"

namespace rampart::agent {

Task<Flow> Walker::Meet(const RendezvousStep& step, const Step& at) {
  const int64_t begin_ns = MonotonicNow();
  Begun(begin_ns);
  const Meeting::Outcome outcome =
      co_await context_.meetings[step.meeting]->Wait(user_.soft, step.timeout_ns);
  if (outcome == Meeting::Outcome::kInterrupted) co_return Flow::kInterrupted;
  context_.recorder.Trend(step.wait, Ms(MonotonicNow() - begin_ns));
  const bool alone = outcome == Meeting::Outcome::kTimeout;
  // Also that nobody was left alone is known: a threshold on it has data.
  context_.recorder.Count(step.timeouts, alone ? 1 : 0);
  if (alone) {
    Error({ErrorKind::kRendezvous,
           absl::StrCat("not all ", step.users, " users came to `", step.name, "` within ",
                        absl::FormatDuration(absl::Nanoseconds(step.timeout_ns)))},
          at.label, at.at);
  }
  co_return Flow::kNext;
}

}  // namespace rampart::agent
