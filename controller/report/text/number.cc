#include "controller/report/text/number.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace rampart::controller {
namespace {

constexpr double kExactIntegers = 9e15;  // doubles below hold every integer

std::string Group(std::string digits) {
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string Fixed(double value, int decimals) {
  char text[400];
  std::snprintf(text, sizeof text, "%.*f", std::clamp(decimals, 0, 20), value);
  return text;
}

// `value` >= 0 with this many significant digits, but never without the digits of its whole part.
std::string Significant(double value, int digits) {
  if (value == 0) return "0";
  int whole = static_cast<int>(std::floor(std::log10(value))) + 1;
  std::string text = Fixed(value, digits - whole);
  // 9.996 rounds to a number with one more digit before the point.
  if (std::strtod(text.c_str(), nullptr) >= std::pow(10, whole)) {
    text = Fixed(value, digits - ++whole);
  }
  const size_t point = std::min(text.find('.'), text.size());
  return Group(text.substr(0, point)) + text.substr(point);
}

std::string WithoutTrailingZeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// What `value` is once it is rounded to so many significant digits.
double Rounded(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*e", std::clamp(digits - 1, 0, 17), value);
  return std::strtod(text, nullptr);
}

std::string Sign(double value) { return value < 0 ? "-" : ""; }

}  // namespace

std::string Grouped(uint64_t n) { return Group(std::to_string(n)); }

std::string Number(double value, Digits digits) {
  if (!std::isfinite(value)) return "-";
  const double size = std::abs(value);
  if (size < kExactIntegers && size == std::floor(size)) {
    return (size == 0 ? "" : Sign(value)) + Grouped(static_cast<uint64_t>(size));
  }
  if (size >= kExactIntegers || size < 1e-6) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*e", digits.count - 1, value);
    return text;
  }
  return Sign(value) + WithoutTrailingZeros(Significant(size, digits.count));
}

std::string CompactNumber(double value) {
  if (!std::isfinite(value)) return "-";
  const double size = std::abs(value);
  if (Rounded(size, 4) < 10'000) return Number(value);
  constexpr std::string_view kPrefixes = "kMGT";
  double scaled = size;
  for (const char prefix : kPrefixes) {
    scaled /= 1000;
    if (Rounded(scaled, 3) < 1000) {
      return Sign(value) + Significant(scaled, 3).append(1, prefix);
    }
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.1e", value);
  return text;
}

std::string Duration(double ms, Digits digits) {
  if (!std::isfinite(ms)) return "-";
  const double size = std::abs(ms);
  if (size == 0) return "0 ms";
  const int n = digits.count;
  const auto in = [&](double scaled, std::string_view unit) {
    return Sign(ms) + Significant(scaled, n).append(unit);
  };
  if (Rounded(size, n) < 0.001) {
    return size * 1e6 < 1 ? Sign(ms) + "<1 ns" : in(size * 1e6, " ns");
  }
  if (Rounded(size, n) < 1) return in(size * 1e3, digits.unicode ? " µs" : " us");
  if (Rounded(size, n) < 1000) return in(size, " ms");
  if (Rounded(size, n) < 60'000 || n > 3) return in(size / 1000, " s");
  char text[64];
  const double seconds = std::round(size / 1000);
  if (seconds < 3600) {
    std::snprintf(text, sizeof text, "%.0fm %02.0fs", std::floor(seconds / 60),
                  std::fmod(seconds, 60));
    return Sign(ms) + text;
  }
  const double minutes = std::round(size / 60'000);
  if (minutes >= 1e7) return Number(ms / 3.6e6) + " h";
  std::snprintf(text, sizeof text, "%.0fh %02.0fm", std::floor(minutes / 60),
                std::fmod(minutes, 60));
  return Sign(ms) + text;
}

std::string Bytes(double bytes, Digits digits) {
  if (!std::isfinite(bytes)) return "-";
  double size = std::abs(bytes);
  if (Rounded(size, 3) < 1000) return Number(bytes, {.count = std::max(digits.count, 3)}) + " B";
  constexpr std::string_view kUnits[] = {" kB", " MB", " GB", " TB", " PB"};
  std::string_view shown_in;
  for (const std::string_view unit : kUnits) {
    shown_in = unit;
    size /= 1000;
    if (Rounded(size, 3) < 1000) break;
  }
  // One decimal for people, 123 MB without; more where they are asked for.
  const std::string text = digits.count > 2 ? Significant(size, digits.count)
                           : size < 99.95   ? Fixed(size, 1)
                                            : Significant(size, 1);
  return Sign(bytes) + text + std::string(shown_in);
}

std::string Percent(double share, Digits digits) {
  if (!std::isfinite(share)) return "-";
  const double percent = share * 100;
  if (share == 0) return "0 %";
  if (share == 1) return "100 %";
  int decimals = std::max(0, digits.count - 2);
  const auto lies = [&percent](const std::string& text) {
    const double read = std::strtod(text.c_str(), nullptr);
    return read == 0 || (read == 100 && percent != 100);
  };
  std::string text = Fixed(percent, decimals);
  while (lies(text) && decimals < 9) text = Fixed(percent, ++decimals);
  if (lies(text)) return percent < 50 ? "<0.000000001 %" : ">99.999999999 %";
  return WithoutTrailingZeros(text) + " %";
}

std::string ShortPercent(double share, int decimals) {
  if (!std::isfinite(share)) return "-";
  return Fixed(std::clamp(share, -1e6, 1e6) * 100, decimals) + " %";
}

std::string Quantity(double value, std::string_view unit, Digits digits) {
  if (unit == "ms") return Duration(value, digits);
  if (unit == "s") return Duration(value * 1e3, digits);
  if (unit == "us" || unit == "µs") return Duration(value / 1e3, digits);
  if (unit == "ns") return Duration(value / 1e6, digits);
  if (unit == "bytes" || unit == "B") {
    return Bytes(value, {.count = digits.count <= 3 ? 2 : digits.count});
  }
  if (unit.ends_with("/s"))
    return PerSecond(value, unit.substr(0, unit.size() - 2),
                     {.count = std::max(digits.count, 4), .unicode = digits.unicode});
  std::string text = Number(value, {.count = std::max(digits.count, 4)});
  if (!unit.empty()) text.append(" ").append(unit);
  return text;
}

std::string PerSecond(double value, std::string_view unit, Digits digits) {
  if (unit == "bytes" || unit == "B") {
    return Bytes(value, {.count = digits.count <= 4 ? 2 : digits.count}) + "/s";
  }
  std::string number = Number(value, digits);
  if (!unit.empty()) number.append(" ").append(unit);
  return number + "/s";
}

std::string ClockTime(double seconds) {
  if (!std::isfinite(seconds)) return "-";
  const auto whole = static_cast<int64_t>(std::floor(std::min(std::abs(seconds), 1e9)));
  char text[64];
  if (whole < 3600) {
    std::snprintf(text, sizeof text, "%d:%02d", static_cast<int>(whole / 60),
                  static_cast<int>(whole % 60));
  } else {
    std::snprintf(text, sizeof text, "%d:%02d:%02d", static_cast<int>(whole / 3600),
                  static_cast<int>(whole / 60 % 60), static_cast<int>(whole % 60));
  }
  return (seconds < 0 && whole > 0 ? "-" : "") + std::string(text);
}

std::string Distinct(double value, double limit, std::string_view unit, Measure measure,
                     bool unicode) {
  constexpr int kMostDigits = 17;
  std::string text;
  for (int count = measure == Measure::kShare ? 4 : 3; count <= kMostDigits; ++count) {
    const auto shown = [&](double number) {
      return measure == Measure::kShare
                 ? Percent(number, {.count = count})
                 : Quantity(number, unit, {.count = count, .unicode = unicode});
    };
    text = shown(value);
    if (value == limit || text != shown(limit)) break;
  }
  return text;
}

}  // namespace rampart::controller
