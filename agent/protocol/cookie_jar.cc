#include "agent/protocol/cookie_jar.h"

#include <algorithm>
#include <cstdlib>

#include "agent/protocol/header_text.h"

namespace rampart::agent {
namespace {

bool DomainMatches(std::string_view host, std::string_view domain) {
  if (SameInAnyCase(host, domain)) return true;
  return host.size() > domain.size() &&
         SameInAnyCase(host.substr(host.size() - domain.size()), domain) &&
         host[host.size() - domain.size() - 1] == '.';
}

bool PathMatches(std::string_view path, std::string_view of_cookie) {
  if (!path.starts_with(of_cookie)) return false;
  return path.size() == of_cookie.size() || of_cookie.ends_with('/') ||
         path[of_cookie.size()] == '/';
}

std::string_view DefaultPath(std::string_view path) {
  path = path.substr(0, path.find('?'));
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos || slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

void CookieJar::Set(std::string_view set_cookie, std::string_view host, std::string_view path) {
  if (set_cookie.size() > kMaxCookieBytes) return;
  Cookie cookie{.name = {},
                .value = {},
                .domain = std::string(host),
                .path = std::string(DefaultPath(path)),
                .host_only = true,
                .secure = false};
  bool removed = false;
  bool first = true;
  while (!set_cookie.empty() || first) {
    const size_t end = std::min(set_cookie.find(';'), set_cookie.size());
    const std::string_view part = TrimBlanks(set_cookie.substr(0, end));
    set_cookie.remove_prefix(std::min(end + 1, set_cookie.size()));
    const size_t equals = part.find('=');
    const std::string_view name = TrimBlanks(part.substr(0, equals));
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : TrimBlanks(part.substr(equals + 1));
    if (first) {
      if (equals == std::string_view::npos || name.empty()) return;
      cookie.name = name;
      cookie.value = value;
      first = false;
    } else if (SameInAnyCase(name, "domain") && !value.empty()) {
      const std::string_view domain = value.front() == '.' ? value.substr(1) : value;
      if (!DomainMatches(host, domain)) return;  // a server sets cookies for itself only
      cookie.domain = domain;
      cookie.host_only = false;
    } else if (SameInAnyCase(name, "path") && value.starts_with('/')) {
      cookie.path = value;
    } else if (SameInAnyCase(name, "secure")) {
      cookie.secure = true;
    } else if (SameInAnyCase(name, "max-age")) {
      removed = std::atoll(std::string(value).c_str()) <= 0;
    } else if (SameInAnyCase(name, "expires")) {
      removed = removed || value.find("1970") != std::string_view::npos;
    }
  }
  std::erase_if(cookies_, [&cookie](const Cookie& old) {
    return old.name == cookie.name && old.domain == cookie.domain && old.path == cookie.path;
  });
  if (removed) return;
  if (cookies_.size() >= kMaxCookies) cookies_.erase(cookies_.begin());
  cookies_.push_back(std::move(cookie));
}

void CookieJar::SetAll(std::string_view head, std::string_view host, std::string_view path) {
  constexpr std::string_view kName = "set-cookie: ";
  while (!head.empty()) {
    const size_t end = std::min(head.find('\n'), head.size());
    const std::string_view line = head.substr(0, end);
    if (line.starts_with(kName)) Set(line.substr(kName.size()), host, path);
    head.remove_prefix(std::min(end + 1, head.size()));
  }
}

void CookieJar::AppendHeader(std::string_view host, std::string_view path, bool secure,
                             std::string* out) const {
  path = path.substr(0, path.find('?'));
  if (path.empty()) path = "/";
  bool any = false;
  for (const Cookie& cookie : cookies_) {
    if (cookie.secure && !secure) continue;
    if (cookie.host_only ? !SameInAnyCase(host, cookie.domain)
                         : !DomainMatches(host, cookie.domain))
      continue;
    if (!PathMatches(path, cookie.path)) continue;
    out->append(any ? "; " : "Cookie: ");
    out->append(cookie.name).append("=").append(cookie.value);
    any = true;
  }
  if (any) out->append("\r\n");
}

}  // namespace rampart::agent
