// CookieJar: one user's cookies (RFC 6265, without a public suffix list).
#ifndef RAMPART_AGENT_PROTOCOL_COOKIE_JAR_H_
#define RAMPART_AGENT_PROTOCOL_COOKIE_JAR_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rampart::agent {

// Holds kMaxCookies at most; the oldest goes first. A cookie over kMaxCookieBytes is not kept.
class CookieJar {
 public:
  static constexpr size_t kMaxCookies = 200;
  static constexpr size_t kMaxCookieBytes = 4096;

  // One Set-Cookie value that came with a response from `host` and `path`. Max-Age <= 0 and an
  // Expires before 1971 remove the cookie; other expiries outlive a load test and are not kept
  // track of.
  void Set(std::string_view set_cookie, std::string_view host, std::string_view path);
  // Every Set-Cookie of a response's head, which is as HttpResponse keeps it.
  void SetAll(std::string_view head, std::string_view host, std::string_view path);

  // Appends `Cookie: a=b; c=d\r\n` with what goes to this address; nothing when there is none.
  void AppendHeader(std::string_view host, std::string_view path, bool secure,
                    std::string* out) const;

  bool empty() const { return cookies_.empty(); }
  void Clear() { cookies_.clear(); }

 private:
  struct Cookie {
    std::string name;
    std::string value;
    std::string domain;
    std::string path;
    bool host_only;
    bool secure;
  };

  std::vector<Cookie> cookies_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_COOKIE_JAR_H_
