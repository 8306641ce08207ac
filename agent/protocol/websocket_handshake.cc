#include "agent/protocol/websocket_handshake.h"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "agent/protocol/header_text.h"
#include "agent/protocol/http_client.h"
#include "agent/protocol/websocket_frame.h"

namespace rampart::agent {
namespace {

std::string Base64(const unsigned char* bytes, size_t size) {
  std::string text(4 * ((size + 2) / 3) + 1, '\0');  // EVP_EncodeBlock ends it with a zero
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size));
  text.resize(static_cast<size_t>(length));
  return text;
}

// Takes the next element off a comma-separated list, trimmed.
std::string_view NextElement(std::string_view* list) {
  const size_t comma = std::min(list->find(','), list->size());
  const std::string_view element = TrimBlanks(list->substr(0, comma));
  list->remove_prefix(std::min(comma + 1, list->size()));
  return element;
}

// Calls `use` with the value of each line of this name.
template <typename Use>
void EachValue(const HttpResponse& response, std::string_view name, Use use) {
  std::string_view rest = response.head;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (!line.starts_with(name) || !line.substr(name.size()).starts_with(": ")) continue;
    use(line.substr(name.size() + 2));
  }
}

// A header may stand on several lines, each with a list of elements.
bool HeaderNames(const HttpResponse& response, std::string_view name, std::string_view wanted) {
  bool found = false;
  EachValue(response, name, [&](std::string_view list) {
    while (!list.empty()) found = SameInAnyCase(NextElement(&list), wanted) || found;
  });
  return found;
}

// On how many lines it stands.
int Lines(const HttpResponse& response, std::string_view name) {
  int lines = 0;
  EachValue(response, name, [&lines](std::string_view) { ++lines; });
  return lines;
}

bool Offered(std::string_view subprotocols, std::string_view chosen) {
  while (!subprotocols.empty()) {
    if (NextElement(&subprotocols) == chosen) return true;
  }
  return false;
}

// What a server says is shown, but not all of it and no control characters.
std::string Shown(std::string_view text) {
  constexpr size_t kShown = 100;
  std::string shown = "`" + std::string(text.substr(0, kShown)) + "`";
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return shown;
}

Failure Refused(std::string detail) { return {ErrorKind::kWebsocketHandshake, std::move(detail)}; }

}  // namespace

std::string NewWebsocketKey() {
  std::array<unsigned char, 16> bytes;
  for (size_t i = 0; i < bytes.size(); i += 4) {
    const WebsocketMask random = RandomMask();
    std::copy(random.begin(), random.end(), bytes.begin() + static_cast<ptrdiff_t>(i));
  }
  return Base64(bytes.data(), bytes.size());
}

std::string WebsocketAcceptFor(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
  return Base64(digest, size);
}

std::optional<Failure> CheckUpgradeRequest(const WebsocketRequest& request, const Url& url) {
  if (!url.websocket) {
    return Failure{ErrorKind::kBadUrl, "a WebSocket's URL must begin with ws:// or wss://"};
  }
  for (const char* own : {"connection", "upgrade", "sec-websocket-key", "sec-websocket-version",
                          "sec-websocket-accept", "sec-websocket-extensions"}) {
    if (HasHeader(request.headers, own)) {
      return Failure{ErrorKind::kBadRequest,
                     "the header " + std::string(own) + " is set by the WebSocket handshake"};
    }
  }
  if (HasHeader(request.headers, "sec-websocket-protocol")) {
    return Failure{ErrorKind::kBadRequest,
                   "give subprotocols by `subprotocols`, not by the header sec-websocket-protocol"};
  }
  for (const char c : request.subprotocols) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return Failure{ErrorKind::kBadRequest, "a control character in the subprotocols"};
    }
  }
  return std::nullopt;
}

void AppendUpgradeRequest(const WebsocketRequest& request, const Url& url, std::string_view key,
                          std::string* out) {
  out->append("GET ");
  if (!url.target.starts_with('/')) out->push_back('/');
  out->append(url.target).append(" HTTP/1.1\r\n");
  if (!HasHeader(request.headers, "host")) {
    out->append("Host: ").append(url.authority).append("\r\n");
  }
  out->append("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
  out->append("Sec-WebSocket-Key: ").append(key).append("\r\n");
  if (!request.subprotocols.empty()) {
    out->append("Sec-WebSocket-Protocol: ").append(request.subprotocols).append("\r\n");
  }
  if (!HasHeader(request.headers, "user-agent")) out->append("User-Agent: rampart/0.1\r\n");
  out->append(request.headers);
  if (request.cookies != nullptr && !HasHeader(request.headers, "cookie")) {
    request.cookies->AppendHeader(url.host, url.target, url.secure, out);
  }
  out->append("\r\n");
}

std::optional<Failure> CheckUpgradeResponse(const HttpResponse& response, std::string_view key,
                                            std::string_view subprotocols) {
  if (response.status != 101) {
    std::string detail =
        "the server answered " + std::to_string(response.status) + " to the upgrade, not 101";
    const std::string_view location = response.Header("location");
    if (!location.empty()) detail += ": it points to " + Shown(location);
    return Refused(std::move(detail));
  }
  if (!HeaderNames(response, "upgrade", "websocket")) {
    return Refused("the server's answer 101 has no `Upgrade: websocket`");
  }
  if (!HeaderNames(response, "connection", "upgrade")) {
    return Refused("the server's answer 101 has no `Connection: Upgrade`");
  }
  // RFC 6455, 11.3: these may not stand there more than once.
  if (Lines(response, "sec-websocket-accept") > 1) {
    return Refused("the server sent two of Sec-WebSocket-Accept");
  }
  if (Lines(response, "sec-websocket-protocol") > 1) {
    return Refused("the server sent two of Sec-WebSocket-Protocol");
  }
  if (response.Header("sec-websocket-accept") != WebsocketAcceptFor(key)) {
    return Refused("the server's Sec-WebSocket-Accept " +
                   Shown(response.Header("sec-websocket-accept")) + " does not answer our key");
  }
  std::string_view extensions;
  EachValue(response, "sec-websocket-extensions", [&extensions](std::string_view value) {
    if (!value.empty()) extensions = value;
  });
  if (!extensions.empty()) {
    return Refused("the server chose the extension " + Shown(extensions) + ", none was offered");
  }
  const std::string_view chosen = response.Header("sec-websocket-protocol");
  if (!chosen.empty() && !Offered(subprotocols, chosen)) {
    return Refused("the server chose the subprotocol " + Shown(chosen) + ", which was not offered");
  }
  return std::nullopt;
}

}  // namespace rampart::agent
