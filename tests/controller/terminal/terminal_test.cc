#include "controller/terminal/terminal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

namespace rampart::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Sets a variable for the life of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  }
  ~Variable() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

// A real pseudo-terminal of 100x30.
class Pty {
 public:
  Pty() {
    winsize size = {};
    size.ws_col = 100;
    size.ws_row = 30;
    int slave = -1;
    EXPECT_EQ(openpty(&master_, &slave, nullptr, nullptr, &size), 0);
    file_ = fdopen(slave, "w");
    fcntl(master_, F_SETFL, O_NONBLOCK);
  }
  ~Pty() {
    std::fclose(file_);
    close(master_);
  }
  std::FILE* file() { return file_; }
  void Resize(unsigned short columns, unsigned short rows) {
    winsize size = {};
    size.ws_col = columns;
    size.ws_row = rows;
    ioctl(master_, TIOCSWINSZ, &size);
  }
  // What was written since the last call.
  std::string Read() {
    std::string text;
    char buffer[4096];
    ssize_t n = 0;
    while ((n = read(master_, buffer, sizeof buffer)) > 0)
      text.append(buffer, static_cast<size_t>(n));
    return text;
  }

 private:
  int master_ = -1;
  std::FILE* file_ = nullptr;
};

class TerminalTest : public testing::Test {
 protected:
  RunProgress Progress(const std::string& phase = "running") {
    RunProgress progress;
    progress.plan = "smoke";
    progress.phase = phase;
    progress.elapsed_s = 1;
    progress.total_s = 10;
    return progress;
  }
  Terminal::Clock clock() {
    return [this] { return now_; };
  }

  Variable term_{"TERM", "xterm-256color"};
  Variable no_color_{"NO_COLOR", nullptr};
  Variable lc_all_{"LC_ALL", "C.UTF-8"};
  steady_clock::time_point now_{seconds(1000)};
};

TEST_F(TerminalTest, ARedrawLeavesTheCursorShown) {
  Pty pty;
  Terminal terminal(pty.file(), false, clock());
  terminal.Update(Progress());
  const std::string first = pty.Read();
  EXPECT_THAT(first, StartsWith("\x1b[?25l"));
  EXPECT_THAT(first, EndsWith("\x1b[J\x1b[?25h"));
  EXPECT_THAT(first, HasSubstr("smoke"));
  // Nothing that would have to be undone: no other screen, no scroll region, no mouse.
  EXPECT_THAT(first, Not(HasSubstr("\x1b[?1049h")));
}

TEST_F(TerminalTest, RedrawsInPlaceAtMostFourTimesASecond) {
  Pty pty;
  Terminal terminal(pty.file(), false, clock());
  terminal.Update(Progress());
  const std::string first = pty.Read();
  const auto lines = std::count(first.begin(), first.end(), '\n');
  now_ += milliseconds(249);
  terminal.Update(Progress());
  EXPECT_EQ(pty.Read(), "");
  now_ += milliseconds(1);
  terminal.Update(Progress());
  EXPECT_THAT(pty.Read(), StartsWith("\x1b[?25l\r\x1b[" + std::to_string(lines) + "A"));
}

TEST_F(TerminalTest, AMessageStaysAboveTheFrame) {
  Pty pty;
  Terminal terminal(pty.file(), false, clock());
  terminal.Update(Progress());
  const std::string first = pty.Read();
  const auto lines = std::count(first.begin(), first.end(), '\n');
  terminal.Line("agent-3 joined\x1b[2J");
  const std::string second = pty.Read();
  EXPECT_THAT(second, StartsWith("\x1b[?25l\r\x1b[" + std::to_string(lines) +
                                 "A\x1b[Jagent-3 joined\\x1b[2J\r\n"));
  EXPECT_THAT(second, EndsWith("\x1b[?25h"));
  EXPECT_THAT(second, HasSubstr("smoke"));
}

TEST_F(TerminalTest, FinishTakesTheFrameAway) {
  Pty pty;
  Terminal terminal(pty.file(), false, clock());
  terminal.Finish();
  EXPECT_EQ(pty.Read(), "");
  terminal.Update(Progress());
  const std::string first = pty.Read();
  const auto lines = std::count(first.begin(), first.end(), '\n');
  terminal.Finish();
  EXPECT_EQ(pty.Read(), "\r\x1b[" + std::to_string(lines) + "A\x1b[J");
  terminal.Line("behind");
  EXPECT_EQ(pty.Read(), "behind\r\n");
}

TEST_F(TerminalTest, KnowsTheSizeAndFollowsIt) {
  Pty pty;
  Terminal terminal(pty.file(), false, clock());
  EXPECT_EQ(terminal.style().width, 100);
  EXPECT_EQ(terminal.style().height, 30);
  EXPECT_TRUE(terminal.style().color);
  EXPECT_TRUE(terminal.style().unicode);
  terminal.Update(Progress());
  const std::string first = pty.Read();
  const auto lines = std::count(first.begin(), first.end(), '\n');
  // The progress bar's line is folded once; the others are short.
  pty.Resize(72, 20);
  EXPECT_EQ(terminal.style().width, 72);
  now_ += seconds(1);
  terminal.Update(Progress());
  EXPECT_THAT(pty.Read(), StartsWith("\x1b[?25l\r\x1b[" + std::to_string(lines + 1) + "A"));
}

TEST_F(TerminalTest, NoColorIsObeyed) {
  const Variable no_color("NO_COLOR", "1");
  Pty pty;
  Terminal terminal(pty.file(), false, clock());
  EXPECT_TRUE(terminal.live());
  EXPECT_FALSE(terminal.style().color);
  terminal.Update(Progress());
  EXPECT_THAT(pty.Read(), Not(HasSubstr("\x1b[0m")));
}

TEST_F(TerminalTest, ADumbTerminalGetsPlainLines) {
  const Variable term("TERM", "dumb");
  Pty pty;
  Terminal terminal(pty.file(), false, clock());
  EXPECT_FALSE(terminal.live());
  EXPECT_FALSE(terminal.style().color);
  terminal.Update(Progress());
  const std::string text = pty.Read();
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, EndsWith("\r\n"));
}

TEST_F(TerminalTest, AFileGetsALineEveryTenSecondsAndOneAPhase) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* file = open_memstream(&text, &size);
  const auto lines = [&] {
    std::fflush(file);
    return std::count(text, text + size, '\n');
  };
  {
    Terminal terminal(file, false, clock());
    EXPECT_FALSE(terminal.live());
    EXPECT_EQ(terminal.style().width, 80);
    EXPECT_EQ(terminal.style().height, 24);
    terminal.Update(Progress("setup"));
    EXPECT_EQ(lines(), 1);
    now_ += milliseconds(9'999);
    terminal.Update(Progress("setup"));
    EXPECT_EQ(lines(), 1);
    terminal.Update(Progress("running"));
    EXPECT_EQ(lines(), 2);
    now_ += seconds(10);
    terminal.Update(Progress("running"));
    EXPECT_EQ(lines(), 3);
    terminal.Line("two\nlines\n");
    EXPECT_EQ(lines(), 5);
  }
  EXPECT_EQ(lines(), 5);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  std::fclose(file);
  std::free(text);
}

TEST(Terminal, ALogHasEveryLineAndThePhases) {
  Pty pty;
  std::FILE* log = std::tmpfile();
  Terminal terminal(pty.file(), false);
  RunProgress progress;
  progress.phase = "setup";
  terminal.CopyTo(log);
  terminal.Line("a message");
  terminal.Update(progress);
  terminal.Update(progress);
  progress.phase = "running";
  terminal.Update(progress);
  terminal.CopyTo(nullptr);
  terminal.Line("not in it");
  std::rewind(log);
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), log));
  std::fclose(log);
  EXPECT_THAT(text, StartsWith("a message\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_THAT(text, HasSubstr("setup"));
  EXPECT_THAT(text, HasSubstr("running"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace rampart::controller
