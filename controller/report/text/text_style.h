// TextStyle: what the place that text goes to can show.
#ifndef RAMPART_CONTROLLER_REPORT_TEXT_TEXT_STYLE_H_
#define RAMPART_CONTROLLER_REPORT_TEXT_TEXT_STYLE_H_

#include <string>
#include <string_view>

namespace rampart::controller {

struct TextStyle {
  bool color = false;
  int width = 80;   // columns; less than kMinWidth counts as kMinWidth
  int height = 24;  // lines; only a live view cares
  bool unicode = true;

  static constexpr int kMinWidth = 60;
};

// What a piece of text says, not how it looks.
enum class Ink {
  kPlain,
  kGood,
  kBad,
  kWarning,
  kDim,
  kBold,
  kGoodBadge,
  kBadBadge,
  kWarningBadge,
};

// `text` in a colour, as it is without one.
std::string Paint(Ink ink, std::string_view text, const TextStyle& style);

// The marks of a thing that holds, that does not, and of one to look at.
std::string_view GoodMark(const TextStyle& style);
std::string_view BadMark(const TextStyle& style);
std::string_view WarningMark(const TextStyle& style);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_REPORT_TEXT_TEXT_STYLE_H_
