// Which names an expression uses, read without running it.
#include <algorithm>
#include <array>
#include <cctype>
#include <numeric>

#include "common/script/script.h"

namespace rampart {
namespace {

constexpr std::array<std::string_view, 10> kWords = {"and", "or",   "not", "true", "false",
                                                     "nil", "_ENV", "if",  "then", "end"};

bool IsNameStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool IsNamePart(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

size_t SkipString(std::string_view text, size_t at) {
  const char quote = text[at++];
  while (at < text.size() && text[at] != quote) at += text[at] == '\\' ? 2 : 1;
  return at + 1;
}

size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> UnknownNames(std::string_view text,
                                      const std::vector<std::string>& known) {
  std::vector<std::string> unknown;
  char before = 0;  // the last character that was no space
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = SkipString(text, at);
      before = c;
    } else if (c == '-' && text.substr(at).starts_with("--")) {
      at = std::min(text.find('\n', at), text.size());
    } else if (IsNameStart(c)) {
      size_t end = at;
      while (end < text.size() && IsNamePart(text[end])) ++end;
      const std::string_view name = text.substr(at, end - at);
      size_t next = end;
      while (next < text.size() && text[next] == ' ') ++next;
      const bool field = before == '.' || before == ':';
      // `{ name = value }`: the key of a table.
      const bool key = (before == '{' || before == ',') && next < text.size() &&
                       text[next] == '=' && !text.substr(next).starts_with("==");
      if (!field && !key && std::find(kWords.begin(), kWords.end(), name) == kWords.end() &&
          std::find(known.begin(), known.end(), name) == known.end()) {
        unknown.emplace_back(name);
      }
      at = end;
      before = 'a';
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      while (at < text.size() && (IsNamePart(text[at]) || text[at] == '.')) ++at;
      before = '0';
    } else {
      // `..` joins strings: what follows is no field.
      if (text.substr(at).starts_with("..")) {
        at += 2;
        before = ' ';
        continue;
      }
      if (c != ' ' && c != '\n' && c != '\t') before = c;
      ++at;
    }
  }
  return unknown;
}

std::string Nearest(std::string_view name, const std::vector<std::string>& known) {
  std::string nearest;
  size_t best = std::max<size_t>(name.size() / 3, 1) + 1;
  for (const std::string& candidate : known) {
    const size_t distance = Distance(name, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

const std::vector<std::string>& FunctionNames() {
  static const auto& names = *new std::vector<std::string>{
      "random",      "chance",    "pick",        "weighted",   "random_string",
      "uuid",        "now_ms",    "now_us",      "iso_date",   "parse_iso_date",
      "json_encode", "copy",      "json_decode", "sha256",     "hmac_sha256",
      "base64",      "base64url", "url_encode",  "url_decode", "base64_decode",
      "regex",       "regex_all", "tostring",    "tonumber",   "type",
      "select",      "ipairs",    "pairs",       "string",     "table",
      "math",        "utf8",      "null"};
  return names;
}

}  // namespace rampart
