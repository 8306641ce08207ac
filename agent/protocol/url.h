// Url: an http, https, ws or wss address, as views into its text.
#ifndef RAMPART_AGENT_PROTOCOL_URL_H_
#define RAMPART_AGENT_PROTOCOL_URL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rampart::agent {

struct Url {
  bool secure = false;
  bool websocket = false;
  std::string_view host;       // without the brackets of an IPv6 address
  std::string_view authority;  // as written: host[:port]; the Host header
  uint16_t port = 0;           // the scheme's when none is written
  std::string_view target;     // path and query, without fragment; may be empty, which means `/`

  // The text must outlive the views. Refused: other schemes, user names, spaces and control
  // characters.
  static absl::StatusOr<Url> Parse(std::string_view text);
};

// What a Location header means on the page `base`: absolute, `//host/path`, `/path`, `?query` or
// relative.
std::string ResolveLocation(const Url& base, std::string_view location);

// application/x-www-form-urlencoded, appended to `out`.
void AppendFormEncoded(std::string_view text, std::string* out);

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_URL_H_
