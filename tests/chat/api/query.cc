#include "tests/chat/api/query.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace rampart::chat {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Decode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
               HexDigit(text[i + 2]) >= 0) {
      decoded += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace

std::optional<std::string> Query::Get(std::string_view name) const {
  std::string_view rest = text_;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    if (Decode(pair.substr(0, equals)) != name) continue;
    return Decode(pair.substr(std::min(equals + 1, pair.size())));
  }
  return std::nullopt;
}

absl::StatusOr<int64_t> Query::GetNumber(std::string_view name, int64_t absent, int64_t least,
                                         int64_t most) const {
  const std::optional<std::string> text = Get(name);
  if (!text.has_value()) return absent;
  const std::optional<int64_t> number = ParseNumber(*text);
  if (number.has_value() && *number >= least && *number <= most) return *number;
  return absl::InvalidArgumentError(absl::StrCat(absl::string_view(name.data(), name.size()),
                                                 " must be a number from ", least, " to ", most));
}

std::optional<int64_t> ParseNumber(std::string_view text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<int64_t> IdOf(const boost::json::value* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (value->is_string()) return ParseNumber(value->get_string());
  // Languages with one kind of number write 12.0.
  if (value->is_double() && std::abs(value->get_double()) < 1e15 &&
      std::trunc(value->get_double()) == value->get_double()) {
    return static_cast<int64_t>(value->get_double());
  }
  return std::nullopt;
}

absl::StatusOr<int64_t> ParseTimeMs(std::string_view text, bool end_of_day) {
  if (const std::optional<int64_t> ms = ParseNumber(text); ms.has_value()) return *ms;
  const absl::string_view view(text.data(), text.size());
  absl::Time time;
  if (absl::ParseTime(absl::RFC3339_full, view, &time, nullptr)) return absl::ToUnixMillis(time);
  if (absl::ParseTime("%Y-%m-%d", view, &time, nullptr)) {
    return absl::ToUnixMillis(time) + (end_of_day ? 24 * 3600 * 1000 - 1 : 0);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", view, "' is no time such as 2024-05-01 or 2024-05-01T10:00:00Z"));
}

std::string FormatTimeMs(int64_t ms) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(ms), absl::UTCTimeZone());
}

}  // namespace rampart::chat
