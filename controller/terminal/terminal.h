// Terminal: where the controller writes while a run goes.
#ifndef RAMPART_CONTROLLER_TERMINAL_TERMINAL_H_
#define RAMPART_CONTROLLER_TERMINAL_TERMINAL_H_

#include <chrono>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "controller/report/text/text_style.h"
#include "controller/run/result.h"

namespace rampart::controller {

// On a terminal: a frame that is redrawn in place, with messages that stay above it. Anywhere else
// (a pipe, a file, TERM=dumb, `force_plain`): one line every kPlainPeriod and whenever the phase
// changes.
//
// Owned by the controller's main; any thread may call it. The FILE must outlive it; nobody else
// writes to it between Update and Finish. A failed write is dropped: a closed terminal stops no
// run.
//
// The terminal needs no restoring, whatever ends the process: no mode of it is changed, no other
// screen is entered, and the cursor is hidden only within a redraw, which is a single write that
// shows it again at its end and leaves it at the begin of the line below the frame. So there is no
// signal handler here, and SIGKILL leaves nothing behind but the last frame.
class Terminal {
 public:
  static constexpr std::chrono::milliseconds kLivePeriod{250};
  static constexpr std::chrono::seconds kPlainPeriod{10};

  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  Terminal(std::FILE* out, bool force_plain, Clock now = std::chrono::steady_clock::now);
  // As Finish.
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // May be called at any rate: shown at most once a period.
  void Update(const RunProgress& progress);
  // A message that stays. Line feeds in it are kept, other control characters are escaped.
  void Line(std::string_view message);
  // From here on everything is written to `log` as well, as plain lines; null: no longer. Owned by
  // the caller.
  void CopyTo(std::FILE* log);
  // Takes the live frame away. The next Update brings it back.
  void Finish();

  // As the terminal is now: width and height are asked for each time; 80x24 where there is none.
  // Colour on a terminal without NO_COLOR; Unicode when the locale says UTF-8.
  TextStyle style() const;
  bool live() const { return live_; }

 private:
  // Moves the cursor to the first line of the frame that is on the screen.
  std::string ToFrameTop(int width) const;
  // The frame as it is to be, and what it leaves on the screen.
  std::string FrameText(const TextStyle& style);
  void Write(std::string_view text);
  void Log(std::chrono::steady_clock::time_point now);

  std::FILE* const out_;
  const int fd_;  // -1: none
  const Clock now_;
  const bool tty_;
  const bool color_;
  const bool unicode_;
  const bool live_;

  std::mutex mutex_;
  RunProgress progress_;
  std::string plain_phase_;
  std::FILE* log_ = nullptr;
  std::string log_phase_;
  std::chrono::steady_clock::time_point logged_at_;
  std::chrono::steady_clock::time_point shown_at_;
  bool shown_ = false;             // shown_at_ is set
  std::vector<int> frame_widths_;  // of the lines that are on the screen; empty: no frame
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_TERMINAL_TERMINAL_H_
