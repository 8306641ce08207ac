// 10: answers to the upgrade. The client offers the subprotocols chat.v1 and chat.v2 and no
// extension.
#include "tests/agent/protocol/conformance/conformance_case.h"

namespace rampart::agent {
namespace {

const std::string kSwitching = "HTTP/1.1 101 Switching Protocols\r\n";
const std::string kUpgrade = "Upgrade: websocket\r\n";
const std::string kConnection = "Connection: Upgrade\r\n";
const std::string kAccept = "Sec-WebSocket-Accept: {accept}\r\n";

// A granted upgrade with further lines.
std::string Granted(const std::string& more) {
  return kSwitching + kUpgrade + kConnection + kAccept + more + "\r\n";
}

}  // namespace

std::vector<HandshakeCase> HandshakeCases() {
  const std::string end = "\r\n";
  const std::string all = kUpgrade + kConnection + kAccept;
  return {
      {"10.1.1", "granted", Granted(""), "open "},
      {"10.1.2", "names and values in another case",
       "HTTP/1.1 101 \r\nUPGRADE: WebSocket\r\nconnection: keep-alive, upgrade\r\n"
       "sec-websocket-ACCEPT:   {accept}  \r\n\r\n",
       "open "},
      {"10.1.3", "a subprotocol that was offered", Granted("Sec-WebSocket-Protocol: chat.v2\r\n"),
       "open chat.v2"},
      {"10.1.4", "behind an interim answer",
       "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + Granted(""), "open "},
      {"10.1.5", "further headers", Granted("Set-Cookie: a=b\r\nServer: test\r\n"), "open "},
      {"10.1.6", "no extension, said so", Granted("Sec-WebSocket-Extensions:\r\n"), "open "},

      {"10.2.1", "status 200", "HTTP/1.1 200 OK\r\n" + all + end,
       "websocket_handshake: the server answered 200 to the upgrade, not 101"},
      {"10.2.2", "status 301", "HTTP/1.1 301 Moved\r\nLocation: /chat\r\n" + all + end,
       "websocket_handshake: the server answered 301 to the upgrade, not 101: it points to "
       "`/chat`"},
      {"10.2.3", "status 403 with a body that never comes",
       "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n",
       "websocket_handshake: the server answered 403"},
      {"10.2.4", "status 426", "HTTP/1.1 426 Upgrade Required\r\n" + all + end,
       "websocket_handshake: the server answered 426"},
      {"10.2.5", "status 503", "HTTP/1.1 503 No\r\n\r\n",
       "websocket_handshake: the server answered 503"},

      {"10.3.1", "no Upgrade", kSwitching + kConnection + kAccept + end,
       "websocket_handshake: the server's answer 101 has no `Upgrade: websocket`"},
      {"10.3.2", "an Upgrade to something else",
       kSwitching + "Upgrade: h2c\r\n" + kConnection + kAccept + end,
       "websocket_handshake: the server's answer 101 has no `Upgrade: websocket`"},
      {"10.3.3", "no Connection", kSwitching + kUpgrade + kAccept + end,
       "websocket_handshake: the server's answer 101 has no `Connection: Upgrade`"},
      {"10.3.4", "another Connection",
       kSwitching + kUpgrade + "Connection: keep-alive\r\n" + kAccept + end,
       "websocket_handshake: the server's answer 101 has no `Connection: Upgrade`"},
      {"10.3.5", "no Accept", kSwitching + kUpgrade + kConnection + end,
       "websocket_handshake: the server's Sec-WebSocket-Accept `` does not answer our key"},
      {"10.3.6", "the Accept of RFC 6455's example",
       kSwitching + kUpgrade + kConnection +
           "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
       "websocket_handshake: the server's Sec-WebSocket-Accept `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`"},
      {"10.3.7", "an Accept with more behind it",
       kSwitching + kUpgrade + kConnection + "Sec-WebSocket-Accept: {accept}=\r\n\r\n",
       "websocket_handshake: the server's Sec-WebSocket-Accept"},
      {"10.3.8", "two Accepts, one of them right",
       Granted("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
       "websocket_handshake: the server sent two of Sec-WebSocket-Accept"},

      {"10.4.1", "an extension", Granted("Sec-WebSocket-Extensions: permessage-deflate\r\n"),
       "websocket_handshake: the server chose the extension `permessage-deflate`, none was "
       "offered"},
      {"10.4.2", "an extension on the second line",
       Granted("Sec-WebSocket-Extensions:\r\nSec-WebSocket-Extensions: x-snappy\r\n"),
       "websocket_handshake: the server chose the extension `x-snappy`"},
      {"10.5.1", "a subprotocol that was not offered",
       Granted("Sec-WebSocket-Protocol: chat.v3\r\n"),
       "websocket_handshake: the server chose the subprotocol `chat.v3`"},
      {"10.5.2", "a subprotocol in another case", Granted("Sec-WebSocket-Protocol: CHAT.V1\r\n"),
       "websocket_handshake: the server chose the subprotocol `CHAT.V1`"},
      {"10.5.3", "two subprotocols", Granted("Sec-WebSocket-Protocol: chat.v1, chat.v2\r\n"),
       "websocket_handshake: the server chose the subprotocol `chat.v1, chat.v2`"},
      {"10.5.4", "two lines of subprotocols",
       Granted("Sec-WebSocket-Protocol: chat.v1\r\nSec-WebSocket-Protocol: chat.v2\r\n"),
       "websocket_handshake: the server sent two of Sec-WebSocket-Protocol"},

      {"10.6.1", "no HTTP", "hello\r\n\r\n", "bad_response: not an HTTP response"},
      {"10.6.2", "frames at once", WholeText("hello"), "bad_response: not an HTTP response"},
      {"10.6.3", "a head that is too long", kSwitching + "X: " + std::string(70'000, 'x'),
       "header_too_large: "},
      {"10.6.4", "interim answers without end",
       [] {
         std::string interim;
         for (int i = 0; i < 40; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
         return interim;
       }(),
       "bad_response: too many interim"},
      {"10.6.5", "a line break in a value", kSwitching + "X: a\rb\r\n" + all + end,
       "bad_response: not an HTTP response"},
  };
}

}  // namespace rampart::agent
