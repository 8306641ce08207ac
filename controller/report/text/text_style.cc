#include "controller/report/text/text_style.h"

namespace rampart::controller {
namespace {

std::string_view Begin(Ink ink) {
  switch (ink) {
    case Ink::kPlain:
      return "";
    case Ink::kGood:
      return "\x1b[32m";
    case Ink::kBad:
      return "\x1b[31m";
    case Ink::kWarning:
      return "\x1b[33m";
    case Ink::kDim:
      return "\x1b[2m";
    case Ink::kBold:
      return "\x1b[1m";
    case Ink::kGoodBadge:
      return "\x1b[1;30;42m";
    case Ink::kBadBadge:
      return "\x1b[1;37;41m";
    case Ink::kWarningBadge:
      return "\x1b[1;30;43m";
  }
  return "";
}

}  // namespace

std::string Paint(Ink ink, std::string_view text, const TextStyle& style) {
  if (!style.color || ink == Ink::kPlain || text.empty()) return std::string(text);
  std::string painted(Begin(ink));
  painted.append(text).append("\x1b[0m");
  return painted;
}

std::string_view GoodMark(const TextStyle& style) { return style.unicode ? "✓" : "+"; }
std::string_view BadMark(const TextStyle& style) { return style.unicode ? "✗" : "x"; }
std::string_view WarningMark(const TextStyle&) { return "!"; }

}  // namespace rampart::controller
