// The answer of the profile `breakpoint`, for people and for programs.
#ifndef RAMPART_CONTROLLER_REPORT_BREAKPOINT_REPORT_H_
#define RAMPART_CONTROLLER_REPORT_BREAKPOINT_REPORT_H_

#include "controller/report/json_writer.h"
#include "controller/report/text/page.h"
#include "controller/run/result.h"

namespace rampart::controller {

// The block BREAKPOINT: the two rates, what broke first, and every run; of the ramp only the two
// windows beside its break.
void AddBreakpoint(const BreakpointResult& breakpoint, Page* page);

// The member `breakpoint`, with every window.
void AddBreakpoint(const BreakpointResult& breakpoint, JsonWriter* json);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_REPORT_BREAKPOINT_REPORT_H_
