// Page: lines of text that never leave their width.
#ifndef RAMPART_CONTROLLER_REPORT_TEXT_PAGE_H_
#define RAMPART_CONTROLLER_REPORT_TEXT_PAGE_H_

#include <string>
#include <string_view>
#include <vector>

#include "controller/report/text/text_style.h"

namespace rampart::controller {

// Owned by who renders, on its thread. Every line is at most style().width columns: what is longer
// is cut with an ellipsis. Callers make text of strangers printable first.
class Page {
 public:
  static constexpr int kIndent = 2;

  explicit Page(const TextStyle& style);

  const TextStyle& style() const { return style_; }
  int width() const { return style_.width; }

  // `text` may have colours.
  void Line(std::string_view text);
  // One empty line, never two in a row.
  void Gap();
  // A gap and `TITLE   note`.
  void Title(std::string_view title, std::string_view note = "");
  // Text of any length behind a bullet, its further lines below its first. `bullet` is one column.
  void Item(std::string_view bullet, std::string_view text, Ink ink = Ink::kPlain);

  std::string Paint(Ink ink, std::string_view text) const {
    return controller::Paint(ink, text, style_);
  }
  // Printable text of a stranger.
  std::string Show(std::string_view text) const;
  // `label.......: ` in `width` columns; the label is cut when it is longer.
  std::string Leader(int indent, std::string_view label, int width, Ink ink = Ink::kPlain) const;

  const std::vector<std::string>& lines() const { return lines_; }
  std::string Text() const;

 private:
  TextStyle style_;
  std::vector<std::string> lines_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_REPORT_TEXT_PAGE_H_
