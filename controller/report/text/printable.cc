#include "controller/report/text/printable.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iterator>

namespace rampart::controller {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

template <size_t N>
bool In(const Range (&ranges)[N], char32_t point) {
  const auto* after =
      std::upper_bound(std::begin(ranges), std::end(ranges), point,
                       [](char32_t value, const Range& range) { return value < range.first; });
  return after != std::begin(ranges) && point <= std::prev(after)->last;
}

// Two columns: East Asian wide characters and emoji.
constexpr Range kWide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
    {0x23f0, 0x23f0},   {0x23f3, 0x23f3},   {0x25fd, 0x25fe},   {0x2614, 0x2615},
    {0x2648, 0x2653},   {0x267f, 0x267f},   {0x2693, 0x2693},   {0x26a1, 0x26a1},
    {0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},   {0x26ce, 0x26ce},
    {0x26d4, 0x26d4},   {0x26ea, 0x26ea},   {0x26f2, 0x26f3},   {0x26f5, 0x26f5},
    {0x26fa, 0x26fa},   {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},
    {0x2728, 0x2728},   {0x274c, 0x274c},   {0x274e, 0x274e},   {0x2753, 0x2755},
    {0x2757, 0x2757},   {0x2795, 0x2797},   {0x27b0, 0x27b0},   {0x27bf, 0x27bf},
    {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2b55, 0x2b55},   {0x2e80, 0x303e},
    {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xa000, 0xa4cf},
    {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe10, 0xfe19},
    {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18aff},
    {0x1b000, 0x1b2ff}, {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e},
    {0x1f191, 0x1f19a}, {0x1f200, 0x1f320}, {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c},
    {0x1f37e, 0x1f393}, {0x1f3a0, 0x1f3ca}, {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0},
    {0x1f3f4, 0x1f3f4}, {0x1f3f8, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc},
    {0x1f4ff, 0x1f53d}, {0x1f54b, 0x1f54e}, {0x1f550, 0x1f567}, {0x1f57a, 0x1f57a},
    {0x1f595, 0x1f596}, {0x1f5a4, 0x1f5a4}, {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5},
    {0x1f6cc, 0x1f6cc}, {0x1f6d0, 0x1f6d2}, {0x1f6d5, 0x1f6d7}, {0x1f6dc, 0x1f6df},
    {0x1f6eb, 0x1f6ec}, {0x1f6f4, 0x1f6fc}, {0x1f7e0, 0x1f7eb}, {0x1f7f0, 0x1f7f0},
    {0x1f90c, 0x1f93a}, {0x1f93c, 0x1f945}, {0x1f947, 0x1f9ff}, {0x1fa70, 0x1faff},
    {0x20000, 0x3fffd},
};

// No column of their own. Terminals disagree on them and a pile of them smears over other lines,
// so none is shown: they are written as escapes.
constexpr Range kEscaped[] = {
    {0x0000, 0x001f},    {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x0300, 0x036f},
    {0x0483, 0x0489},    {0x0591, 0x05bd},   {0x0610, 0x061c},   {0x064b, 0x065f},
    {0x0730, 0x074a},    {0x0e31, 0x0e31},   {0x0e34, 0x0e3a},   {0x0e47, 0x0e4e},
    {0x115f, 0x1160},    {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff},    {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
    {0x20d0, 0x20ff},    {0x3164, 0x3164},   {0xd800, 0xdfff},   {0xe000, 0xf8ff},
    {0xfe00, 0xfe0f},    {0xfe20, 0xfe2f},   {0xfeff, 0xfeff},   {0xfff0, 0xfffb},
    {0xfffe, 0xffff},    {0x1d165, 0x1d169}, {0x1d173, 0x1d182}, {0xe0000, 0xe0fff},
    {0xf0000, 0x10ffff},
};

// The length of the colour code at the start of `text`; 0 when there is none.
size_t ColorCode(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const size_t end = text.find('m');
  return end == std::string_view::npos ? 0 : end + 1;
}

int Columns(char32_t point) { return In(kWide, point) ? 2 : 1; }

// The longest part of `text` from its begin that fits, with its colours.
std::string_view Head(std::string_view text, int width) {
  size_t at = 0;
  while (at < text.size()) {
    if (const size_t code = ColorCode(text.substr(at)); code != 0) {
      at += code;
      continue;
    }
    const CodePoint point = Decode(text.substr(at));
    width -= Columns(point.value);
    if (width < 0) break;
    at += point.bytes;
  }
  return text.substr(0, at);
}

std::string_view Tail(std::string_view text, int width) {
  int rest = DisplayWidth(text);
  while (rest > width) {
    const CodePoint point = Decode(text);
    rest -= Columns(point.value);
    text.remove_prefix(point.bytes);
  }
  return text;
}

}  // namespace

CodePoint Decode(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {lead, 1, false};
  char32_t value = lead & (0x7fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {lead, 1, false};
    value = value << 6 | (byte(i) & 0x3fu);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kLeast[bytes] || value > 0x10ffff || surrogate) return {lead, 1, false};
  return {value, bytes, true};
}

std::string Printable(std::string_view text, bool unicode) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = Decode(text);
    char escape[16];
    if (point.value == '\n' || point.value == '\r' || point.value == '\t') {
      out.append(point.value == '\n' ? "\\n" : point.value == '\r' ? "\\r" : "\\t");
    } else if (!point.valid || point.value < 0x20 || point.value == 0x7f) {
      std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(point.value));
      out.append(escape);
    } else if (In(kEscaped, point.value) || (!unicode && point.value > 0x7e)) {
      std::snprintf(escape, sizeof escape, "\\u{%x}", static_cast<unsigned>(point.value));
      out.append(escape);
    } else {
      out.append(text.substr(0, point.bytes));
    }
    text.remove_prefix(point.bytes);
  }
  return out;
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    size_t bytes = ColorCode(text);
    if (bytes == 0) {
      const CodePoint point = Decode(text);
      width += Columns(point.value);
      bytes = point.bytes;
    }
    text.remove_prefix(bytes);
  }
  return width;
}

std::string Elide(std::string_view text, int width, Keep keep, bool unicode) {
  if (DisplayWidth(text) <= width) return std::string(text);
  const std::string_view dots = unicode ? "…" : "..";
  const int room = std::max(0, width - DisplayWidth(dots));
  std::string out;
  switch (keep) {
    case Keep::kBegin:
      out.append(Head(text, room)).append(dots);
      if (text.find('\x1b') != std::string_view::npos) out.append("\x1b[0m");
      return out;
    case Keep::kEnds:
      out.append(Head(text, (room + 1) / 2)).append(dots).append(Tail(text, room / 2));
      return out;
    case Keep::kEnd:
      out.append(dots).append(Tail(text, room));
      return out;
  }
  return out;
}

std::string PadRight(std::string text, int width) {
  text.append(static_cast<size_t>(std::max(0, width - DisplayWidth(text))), ' ');
  return text;
}

std::string PadLeft(std::string_view text, int width) {
  std::string out(static_cast<size_t>(std::max(0, width - DisplayWidth(text))), ' ');
  return out.append(text);
}

std::vector<std::string> Wrap(std::string_view text, int width) {
  width = std::max(width, 2);
  std::vector<std::string> lines;
  while (DisplayWidth(text) > width) {
    std::string_view line = Head(text, width);
    size_t next = line.size();
    // A space right behind the line is as good a break as one in it.
    const size_t space = text.substr(0, next + 1).rfind(' ');
    if (space != std::string_view::npos && space > 0) {
      line = text.substr(0, space);
      next = space + 1;
    }
    lines.emplace_back(line);
    text.remove_prefix(next);
  }
  if (!text.empty() || lines.empty()) lines.emplace_back(text);
  return lines;
}

}  // namespace rampart::controller
