#include "controller/report/text/page.h"

#include <algorithm>

#include "controller/report/text/printable.h"

namespace rampart::controller {

Page::Page(const TextStyle& style) : style_(style) {
  style_.width = std::max(style_.width, TextStyle::kMinWidth);
}

void Page::Line(std::string_view text) {
  std::string line = Elide(text, width(), Keep::kBegin, style_.unicode);
  line.erase(line.find_last_not_of(' ') + 1);
  lines_.push_back(std::move(line));
}

void Page::Gap() {
  if (!lines_.empty() && !lines_.back().empty()) lines_.emplace_back();
}

void Page::Title(std::string_view title, std::string_view note) {
  Gap();
  std::string line(kIndent, ' ');
  line.append(Paint(Ink::kBold, title));
  if (!note.empty()) line.append("   ").append(note);
  Line(line);
}

void Page::Item(std::string_view bullet, std::string_view text, Ink ink) {
  constexpr int kTextIndent = 2 * kIndent + 2;
  std::string begin(2 * kIndent, ' ');
  begin.append(Paint(ink, bullet)).append(" ");
  for (const std::string& line : Wrap(text, width() - kTextIndent)) {
    Line(begin + Paint(ink, line));
    begin.assign(kTextIndent, ' ');
  }
}

std::string Page::Show(std::string_view text) const { return Printable(text, style_.unicode); }

std::string Page::Leader(int indent, std::string_view label, int width, Ink ink) const {
  const std::string shown = Elide(label, width - indent - 2, Keep::kEnds, style_.unicode);
  std::string line(static_cast<size_t>(indent), ' ');
  const int dots = std::max(0, width - indent - 2 - DisplayWidth(shown));
  line.append(Paint(ink, shown));
  line.append(Paint(Ink::kDim, std::string(static_cast<size_t>(dots), '.') + ":"));
  return line.append(" ");
}

std::string Page::Text() const {
  std::string text;
  for (const std::string& line : lines_) text.append(line).append("\n");
  return text;
}

}  // namespace rampart::controller
