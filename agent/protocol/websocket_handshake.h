// The opening handshake of WebSocket (RFC 6455, section 4): the request that asks for the upgrade,
// and whether an answer grants it. Pure but for the random key.
#ifndef RAMPART_AGENT_PROTOCOL_WEBSOCKET_HANDSHAKE_H_
#define RAMPART_AGENT_PROTOCOL_WEBSOCKET_HANDSHAKE_H_

#include <optional>
#include <string>
#include <string_view>

#include "agent/engine/failure.h"
#include "agent/protocol/cookie_jar.h"
#include "agent/protocol/http_response.h"
#include "agent/protocol/url.h"

namespace rampart::agent {

struct WebsocketRequest {
  std::string_view headers;  // complete lines with CRLF; may name Host, User-Agent, Cookie, Origin
  std::string_view subprotocols;       // "a, b"; empty for none
  const CookieJar* cookies = nullptr;  // what is sent; Set-Cookie of the answer is the caller's
};

// 16 random bytes in Base64.
std::string NewWebsocketKey();

// The Sec-WebSocket-Accept that proves that the server has read `key`.
std::string WebsocketAcceptFor(std::string_view key);

// Why the upgrade cannot be asked for as written: kBadUrl for an address that is not ws or wss,
// kBadRequest for headers that are the handshake's own and for line breaks in subprotocols.
std::optional<Failure> CheckUpgradeRequest(const WebsocketRequest& request, const Url& url);

// Appends the request to `out`.
void AppendUpgradeRequest(const WebsocketRequest& request, const Url& url, std::string_view key,
                          std::string* out);

// Why `response` does not upgrade; kWebsocketHandshake. It must answer `key`, and name at most one
// of the subprotocols that were offered and no extension.
std::optional<Failure> CheckUpgradeResponse(const HttpResponse& response, std::string_view key,
                                            std::string_view subprotocols);

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_WEBSOCKET_HANDSHAKE_H_
