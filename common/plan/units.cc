#include "common/plan/units.h"

#include <numeric>
#include <string>

#include "absl/status/status.h"

namespace rampart {
namespace {

constexpr int64_t kMaxDurationNs = 7ll * 86'400 * 1'000'000'000;

struct Unit {
  std::string_view name;
  int64_t size;  // nanoseconds, or bytes
};
// A name before any that it begins with.
constexpr Unit kUnits[] = {{"ns", 1},
                           {"us", 1'000},
                           {"ms", 1'000'000},
                           {"s", 1'000'000'000},
                           {"m", 60'000'000'000},
                           {"h", 3'600'000'000'000},
                           {"d", 86'400'000'000'000}};

// A size without a unit is in bytes.
constexpr Unit kSizeUnits[] = {{"B", 1},          {"kB", 1'000},         {"KB", 1'000},
                               {"MB", 1'000'000}, {"GB", 1'000'000'000}, {"KiB", 1 << 10},
                               {"MiB", 1 << 20},  {"GiB", 1 << 30},      {"", 1}};

// A decimal number without sign: value = digits / 10^places.
struct Decimal {
  int64_t digits = 0;
  int64_t scale = 1;
};

bool ReadDecimal(std::string_view* text, Decimal* number) {
  bool any = false;
  bool point = false;
  while (!text->empty()) {
    const char c = text->front();
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      if (number->digits > 1'000'000'000'000 || number->scale > 1'000'000'000) return false;
      number->digits = number->digits * 10 + (c - '0');
      if (point) number->scale *= 10;
      any = true;
    } else {
      break;
    }
    text->remove_prefix(1);
  }
  return any;
}

int64_t ReadUnit(std::string_view* text) {
  for (const Unit& unit : kUnits) {
    if (text->starts_with(unit.name)) {
      text->remove_prefix(unit.name.size());
      return unit.size;
    }
  }
  return 0;
}

}  // namespace

absl::StatusOr<int64_t> ParseDuration(std::string_view text) {
  const std::string shown = "`" + std::string(text.substr(0, 60)) + "`";
  if (text == "0") return 0;
  if (text.empty()) return absl::InvalidArgumentError("a duration is needed, like `30s`");
  __int128 total = 0;
  while (!text.empty()) {
    Decimal number;
    if (!ReadDecimal(&text, &number)) {
      return absl::InvalidArgumentError(shown +
                                        " is no duration: write it like `1h30m` or `500ms`");
    }
    const int64_t unit = ReadUnit(&text);
    if (unit == 0) {
      return absl::InvalidArgumentError(shown +
                                        " needs a unit: ns, us, ms, s, m, h or d, like `30s`");
    }
    total += static_cast<__int128>(number.digits) * unit / number.scale;
    if (total > kMaxDurationNs) return absl::InvalidArgumentError(shown + " is over 7 days");
  }
  return static_cast<int64_t>(total);
}

absl::StatusOr<int64_t> ParseSize(std::string_view text) {
  const std::string shown = "`" + std::string(text.substr(0, 60)) + "`";
  Decimal number;
  if (ReadDecimal(&text, &number)) {
    for (const Unit& unit : kSizeUnits) {
      if (text != unit.name) continue;
      const __int128 bytes = static_cast<__int128>(number.digits) * unit.size / number.scale;
      if (bytes > kMaxContentBytes) return absl::InvalidArgumentError(shown + " is over 1 GiB");
      return static_cast<int64_t>(bytes);
    }
  }
  return absl::InvalidArgumentError(shown + " is no size: write it like `100KB`, `1.5MB`, `64KiB`" +
                                    " or a number of bytes");
}

absl::StatusOr<v1::Rate> ParseRate(std::string_view text) {
  const absl::Status bad =
      absl::InvalidArgumentError("`" + std::string(text.substr(0, 60)) +
                                 "` is no rate: write it like `1000/s`, `0.5/s` or `100/m`");
  Decimal count;
  if (!ReadDecimal(&text, &count) || !text.starts_with('/')) return bad;
  text.remove_prefix(1);
  Decimal periods{1, 1};
  if (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    periods = {};
    if (!ReadDecimal(&text, &periods) || periods.digits == 0 || periods.scale != 1) return bad;
  }
  const int64_t unit = ReadUnit(&text);
  if (unit == 0 || !text.empty()) return bad;
  __int128 per = static_cast<__int128>(unit) * periods.digits * count.scale;
  __int128 n = count.digits;
  if (n == 0) per = unit;
  __int128 a = n;
  __int128 b = per;
  while (b != 0) {
    const __int128 rest = a % b;
    a = b;
    b = rest;
  }
  if (a > 1) {
    n /= a;
    per /= a;
  }
  if (per > kMaxDurationNs) return absl::InvalidArgumentError("a rate under one in 7 days");
  v1::Rate rate;
  rate.set_count(static_cast<int64_t>(n));
  rate.set_per_ns(static_cast<int64_t>(per));
  return rate;
}

}  // namespace rampart
