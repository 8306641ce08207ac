#include "agent/protocol/url.h"

#include <algorithm>
#include <charconv>

#include "absl/status/status.h"

namespace rampart::agent {
namespace {

absl::Status Bad(std::string_view text, std::string_view why) {
  constexpr size_t kShown = 200;
  std::string shown(text.substr(0, kShown));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return absl::InvalidArgumentError("URL `" + shown + "`: " + std::string(why));
}

bool ConsumeScheme(std::string_view scheme, std::string_view* text) {
  if (text->size() < scheme.size()) return false;
  for (size_t i = 0; i < scheme.size(); ++i) {
    const char c = (*text)[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != scheme[i]) return false;
  }
  text->remove_prefix(scheme.size());
  return true;
}

bool HasScheme(std::string_view text) {
  const size_t colon = text.find("://");
  return colon != std::string_view::npos && colon > 0 &&
         std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(colon), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '+' || c == '-' || c == '.';
         });
}

}  // namespace

absl::StatusOr<Url> Url::Parse(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) {
      return Bad(text, "a space or control character must be percent-encoded");
    }
  }
  Url url;
  std::string_view rest = text;
  if (ConsumeScheme("http://", &rest)) {
    url.port = 80;
  } else if (ConsumeScheme("https://", &rest)) {
    url.port = 443;
    url.secure = true;
  } else if (ConsumeScheme("ws://", &rest)) {
    url.port = 80;
    url.websocket = true;
  } else if (ConsumeScheme("wss://", &rest)) {
    url.port = 443;
    url.secure = true;
    url.websocket = true;
  } else {
    return Bad(text, "must begin with http://, https://, ws:// or wss://");
  }
  const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  url.authority = rest.substr(0, end);
  url.target = rest.substr(end);
  url.target = url.target.substr(0, url.target.find('#'));

  if (url.authority.find('@') != std::string_view::npos) {
    return Bad(text, "a user name in the URL is not supported: send an Authorization header");
  }
  std::string_view port;
  if (url.authority.starts_with('[')) {
    const size_t close = url.authority.find(']');
    if (close == std::string_view::npos) return Bad(text, "`[` without `]`");
    url.host = url.authority.substr(1, close - 1);
    port = url.authority.substr(close + 1);
    if (!port.empty() && port.front() != ':') return Bad(text, "text after `]`");
  } else {
    const size_t colon = std::min(url.authority.find(':'), url.authority.size());
    url.host = url.authority.substr(0, colon);
    port = url.authority.substr(colon);
  }
  if (url.host.empty()) return Bad(text, "no host");
  if (!port.empty()) {
    port.remove_prefix(1);
    const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || stop != port.data() + port.size() || url.port == 0) {
      return Bad(text, "the port must be a number from 1 to 65535");
    }
  }
  return url;
}

std::string ResolveLocation(const Url& base, std::string_view location) {
  const std::string scheme = base.secure ? "https:" : "http:";
  if (HasScheme(location)) return std::string(location);
  if (location.starts_with("//")) return scheme + std::string(location);
  const std::string origin = scheme + "//" + std::string(base.authority);
  if (location.starts_with('/')) return origin + std::string(location);
  std::string_view path = base.target.substr(0, base.target.find('?'));
  if (location.starts_with('?')) return origin + std::string(path) + std::string(location);
  const size_t slash = path.rfind('/');
  path = slash == std::string_view::npos ? "/" : path.substr(0, slash + 1);
  return origin + std::string(path) + std::string(location);
}

void AppendFormEncoded(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '.' || c == '_' || c == '*') {
      out->push_back(c);
    } else if (c == ' ') {
      out->push_back('+');
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out->push_back('%');
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    }
  }
}

}  // namespace rampart::agent
