#include "controller/terminal/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "controller/report/text/printable.h"
#include "controller/terminal/live_view.h"

namespace rampart::controller {
namespace {

constexpr std::string_view kHideCursor = "\x1b[?25l";
constexpr std::string_view kShowCursor = "\x1b[?25h";
constexpr std::string_view kClearLine = "\x1b[K";
constexpr std::string_view kClearBelow = "\x1b[J";
// Terminals that say so are taken at their word, within reason.
constexpr int kMaxWidth = 500;
constexpr int kMaxHeight = 500;

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

bool IsDumb() {
  const std::string_view term = Environment("TERM");
  return term.empty() || term == "dumb";
}

bool LocaleIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value(Environment(name));
    if (value.empty()) continue;
    std::transform(value.begin(), value.end(), value.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

// Every line of `message`, made printable.
std::vector<std::string> LinesOf(std::string_view message, bool unicode) {
  std::vector<std::string> lines;
  while (message.ends_with('\n')) message.remove_suffix(1);
  while (true) {
    const size_t end = std::min(message.find('\n'), message.size());
    lines.push_back(Printable(message.substr(0, end), unicode));
    if (end == message.size()) return lines;
    message.remove_prefix(end + 1);
  }
}

}  // namespace

Terminal::Terminal(std::FILE* out, bool force_plain, Clock now)
    : out_(out),
      fd_(fileno(out)),
      now_(std::move(now)),
      tty_(fd_ >= 0 && isatty(fd_) == 1),
      color_(tty_ && !IsDumb() && Environment("NO_COLOR").empty()),
      unicode_(LocaleIsUtf8()),
      live_(tty_ && !IsDumb() && !force_plain) {}

Terminal::~Terminal() { Finish(); }

TextStyle Terminal::style() const {
  TextStyle style{.color = color_, .unicode = unicode_};
  winsize size = {};
  if (tty_ && ioctl(fd_, TIOCGWINSZ, &size) == 0) {
    if (size.ws_col > 0) style.width = std::min<int>(size.ws_col, kMaxWidth);
    if (size.ws_row > 0) style.height = std::min<int>(size.ws_row, kMaxHeight);
  }
  return style;
}

std::string Terminal::ToFrameTop(int width) const {
  // A terminal that has become narrower has folded the lines that it shows.
  int rows = 0;
  for (const int line : frame_widths_) rows += std::max(1, (line + width - 1) / width);
  return rows == 0 ? "\r" : "\r\x1b[" + std::to_string(rows) + "A";
}

std::string Terminal::FrameText(const TextStyle& style) {
  TextStyle inner = style;
  // The last column stays free: writing it puts some terminals into a state of their own.
  inner.width = style.width - 1;
  const std::string frame = LiveFrame(progress_, inner);
  std::string text;
  frame_widths_.clear();
  std::string_view rest = frame;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    // Frames are at least TextStyle::kMinWidth wide: a terminal that is not cuts them.
    const std::string cut = Elide(line, std::max(1, inner.width), Keep::kBegin, unicode_);
    frame_widths_.push_back(DisplayWidth(cut));
    text.append(cut).append(kClearLine).append("\n");
  }
  return text.append(kClearBelow);
}

void Terminal::Update(const RunProgress& progress) {
  const std::lock_guard lock(mutex_);
  const auto now = now_();
  const bool phase_changed = !live_ && progress.phase != plain_phase_;
  progress_ = progress;
  Log(now);
  const auto period = live_ ? std::chrono::nanoseconds(kLivePeriod) : kPlainPeriod;
  if (shown_ && !phase_changed && now - shown_at_ < period) return;
  shown_ = true;
  shown_at_ = now;
  if (!live_) {
    plain_phase_ = progress.phase;
    return Write(PlainLine(progress) + "\n");
  }
  const TextStyle style = this->style();
  std::string text(kHideCursor);
  text.append(ToFrameTop(style.width));
  text.append(FrameText(style)).append(kShowCursor);
  Write(text);
}

void Terminal::Line(std::string_view message) {
  const std::lock_guard lock(mutex_);
  const std::vector<std::string> lines = LinesOf(message, unicode_);
  if (log_ != nullptr) {
    for (const std::string& line : lines) std::fprintf(log_, "%s\n", line.c_str());
    std::fflush(log_);
  }
  std::string text;
  const bool frame = !frame_widths_.empty();
  const TextStyle style = this->style();
  if (frame) text.append(kHideCursor).append(ToFrameTop(style.width)).append(kClearBelow);
  for (const std::string& line : lines) text.append(line).append("\n");
  if (frame) text.append(FrameText(style)).append(kShowCursor);
  Write(text);
}

void Terminal::CopyTo(std::FILE* log) {
  const std::lock_guard lock(mutex_);
  log_ = log;
  log_phase_.clear();
}

void Terminal::Log(std::chrono::steady_clock::time_point now) {
  const bool due = progress_.phase != log_phase_ || now - logged_at_ >= kPlainPeriod;
  if (log_ == nullptr || !due) return;
  log_phase_ = progress_.phase;
  logged_at_ = now;
  std::fprintf(log_, "%s\n", PlainLine(progress_).c_str());
  std::fflush(log_);
}

void Terminal::Finish() {
  const std::lock_guard lock(mutex_);
  shown_ = false;
  if (frame_widths_.empty()) return;
  Write(ToFrameTop(style().width).append(kClearBelow));
  frame_widths_.clear();
}

void Terminal::Write(std::string_view text) {
  std::fflush(out_);
  if (fd_ < 0) {
    std::fwrite(text.data(), 1, text.size(), out_);
    std::fflush(out_);
    return;
  }
  while (!text.empty()) {
    const ssize_t written = write(fd_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace rampart::controller
