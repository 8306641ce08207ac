// Cookies of a head go only where they belong, and are bounded.
#include <algorithm>

#include "agent/protocol/cookie_jar.h"
#include "tests/fuzz/fuzz_target.h"

namespace rampart {

// A line a Set-Cookie.
void FuzzCookies(std::string_view input) {
  agent::CookieJar jar;
  std::string head;
  for (size_t at = 0; at < input.size();) {
    const size_t end = std::min(input.find('\n', at), input.size());
    std::string line(input.substr(at, end - at));
    at = end + 1;
    // The response's parser lets no control character through.
    std::erase_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    head += "set-cookie: " + line + "\n";
  }
  jar.SetAll(head, "shop.example.test", "/cart/items");
  const auto sent = [&jar](std::string_view host, std::string_view path, bool secure) {
    std::string out;
    jar.AppendHeader(host, path, secure, &out);
    if (out.empty()) return out;
    FUZZ_CHECK(out.starts_with("Cookie: ") && out.ends_with("\r\n"));
    FUZZ_CHECK(std::count(out.begin(), out.end(), '\n') == 1);
    FUZZ_CHECK(out.size() <=
               agent::CookieJar::kMaxCookies * (agent::CookieJar::kMaxCookieBytes + 2) + 10);
    return out;
  };
  FUZZ_CHECK(sent("other.org", "/cart/items", true).empty());
  FUZZ_CHECK(sent("example.org", "/", true).empty());
  FUZZ_CHECK(sent("shop.example.test.other.org", "/", true).empty());
  const std::string secure = sent("shop.example.test", "/cart/items", true);
  const std::string plain = sent("shop.example.test", "/cart/items", false);
  FUZZ_CHECK(plain.size() <= secure.size());
  // The same again changes nothing, unless it was too much.
  if (static_cast<size_t>(std::count(head.begin(), head.end(), '\n')) >
      agent::CookieJar::kMaxCookies)
    return;
  agent::CookieJar twice = jar;
  twice.SetAll(head, "shop.example.test", "/cart/items");
  std::string again;
  twice.AppendHeader("shop.example.test", "/cart/items", true, &again);
  FUZZ_CHECK(again.size() == secure.size());
}

}  // namespace rampart
