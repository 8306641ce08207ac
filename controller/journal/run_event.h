// RunEvent: everything that may happen to a run, seen from the controller. Their order and times
// are the run: the same events bring the same result.
#ifndef RAMPART_CONTROLLER_JOURNAL_RUN_EVENT_H_
#define RAMPART_CONTROLLER_JOURNAL_RUN_EVENT_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "controller/fleet/fleet_event.h"

namespace rampart::controller {

// Time to ask the thresholds whether the run has to be aborted.
struct Judge {};
// A person wants it to end: in order the first time, at once when it comes again.
struct Interrupt {
  std::string what;  // `Ctrl-C`
};
// The controller itself cannot go on.
struct Fail {
  std::string why;
};
// The last one.
struct ReportWritten {};

// Whether what comes after `event`, which brought these actions, would come to something else
// without it. Heartbeats, and deltas that came before, say only that an agent is there, and the
// Tick that needs it says it again.
bool BelongsIntoJournal(const FleetEvent& event, const std::vector<FleetAction>& actions);

using RunEvent = std::variant<FleetEvent, Judge, Interrupt, Fail, Launched, ReportWritten>;

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_JOURNAL_RUN_EVENT_H_
