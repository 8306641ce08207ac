// LiveFrame and PlainLine: how a run stands, for a person who watches it.
#ifndef RAMPART_CONTROLLER_TERMINAL_LIVE_VIEW_H_
#define RAMPART_CONTROLLER_TERMINAL_LIVE_VIEW_H_

#include <string>

#include "controller/report/text/text_style.h"
#include "controller/run/result.h"

namespace rampart::controller {

// At most this many lines, and at most style.height - 1.
constexpr int kMaxFrameLines = 24;

// A whole frame: every line ends with a line feed and fits style.width. Lines keep their place from
// frame to frame. What does not fit folds: the worst agents and failing thresholds stay.
std::string LiveFrame(const RunProgress& progress, const TextStyle& style);

// The run in one line of ASCII, for logs; without a line feed.
std::string PlainLine(const RunProgress& progress);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_TERMINAL_LIVE_VIEW_H_
