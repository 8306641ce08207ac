#include "agent/protocol/websocket_handshake.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/agent/protocol/loopback.h"

namespace rampart::agent {
namespace {

// The example of RFC 6455, 1.3.
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

TEST(WebsocketHandshake, TheAcceptIsTheOneOfTheRfc) {
  EXPECT_EQ(WebsocketAcceptFor(kKey), kAccept);
  const std::string key = NewWebsocketKey();
  EXPECT_EQ(key.size(), 24u);
  EXPECT_TRUE(key.ends_with("=="));
  EXPECT_NE(NewWebsocketKey(), key);
}

TEST(WebsocketHandshake, TheRequestAsksForAnUpgrade) {
  CookieJar cookies;
  cookies.Set("session=1; Path=/", "example.test", "/");
  cookies.Set("secret=1; Path=/; Secure", "example.test", "/");
  std::string out;
  AppendUpgradeRequest(
      {.headers = "Origin: http://a\r\n", .subprotocols = "chat, v2", .cookies = &cookies},
      *Url::Parse("ws://example.test:81?room=1"), "KEY", &out);
  EXPECT_EQ(out,
            "GET /?room=1 HTTP/1.1\r\nHost: example.test:81\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: KEY\r\n"
            "Sec-WebSocket-Protocol: chat, v2\r\nUser-Agent: rampart/0.1\r\nOrigin: http://a\r\n"
            "Cookie: session=1\r\n\r\n");
}

TEST(WebsocketHandshake, RequestsThatContradictTheHandshakeAreRefused) {
  const Url url = *Url::Parse("ws://a/");
  EXPECT_FALSE(CheckUpgradeRequest({.headers = "X-A: b\r\n", .subprotocols = "a"}, url));
  for (const char* header : {"Upgrade: h2c\r\n", "X-A: b\r\nsec-websocket-KEY: abc\r\n",
                             "Sec-WebSocket-Protocol: a\r\n", "Connection: close\r\n"}) {
    const auto failure = CheckUpgradeRequest({.headers = header, .subprotocols = ""}, url);
    ASSERT_TRUE(failure) << header;
    EXPECT_EQ(failure->kind, ErrorKind::kBadRequest);
  }
  EXPECT_EQ(CheckUpgradeRequest({.headers = "", .subprotocols = "a\r\nX: y"}, url)->kind,
            ErrorKind::kBadRequest);
  EXPECT_EQ(CheckUpgradeRequest({}, *Url::Parse("http://a/"))->kind, ErrorKind::kBadUrl);
}

HttpResponse Answer(int status, const std::string& upgrade, const std::string& connection,
                    const std::string& accept, const std::string& more = "") {
  HttpResponse response;
  response.status = status;
  response.head = "server: test\n";
  if (!upgrade.empty()) response.head += "upgrade: " + upgrade + "\n";
  if (!connection.empty()) response.head += "connection: " + connection + "\n";
  if (!accept.empty()) response.head += "sec-websocket-accept: " + accept + "\n";
  response.head += more;
  return response;
}

TEST(WebsocketHandshake, OnlyAnAnswerToOurKeyAndOffersUpgrades) {
  const std::string accept(kAccept);
  const auto why = [](const HttpResponse& response) {
    const auto failure = CheckUpgradeResponse(response, kKey, "chat, v2");
    if (!failure) return std::string("upgraded");
    EXPECT_EQ(failure->kind, ErrorKind::kWebsocketHandshake);
    return failure->detail;
  };
  EXPECT_EQ(why(Answer(101, "WebSocket", "keep-alive, upgrade", accept)), "upgraded");
  EXPECT_EQ(why(Answer(101, "websocket", "close", accept, "connection: Upgrade\n")), "upgraded");
  EXPECT_EQ(why(Answer(101, "websocket", "Upgrade", accept, "sec-websocket-protocol: v2\n")),
            "upgraded");

  EXPECT_EQ(why(Answer(403, "", "", "")), "the server answered 403 to the upgrade, not 101");
  EXPECT_EQ(why(Answer(302, "", "", "", "location: /login\n")),
            "the server answered 302 to the upgrade, not 101: it points to `/login`");
  EXPECT_NE(why(Answer(200, "websocket", "Upgrade", accept)).find("200"), std::string::npos);
  EXPECT_NE(why(Answer(101, "", "Upgrade", accept)).find("Upgrade: websocket"), std::string::npos);
  EXPECT_NE(why(Answer(101, "h2c", "Upgrade", accept)).find("Upgrade: w"), std::string::npos);
  EXPECT_NE(why(Answer(101, "websocket", "", accept)).find("Connection"), std::string::npos);
  EXPECT_NE(why(Answer(101, "websocket", "Upgrade", "")).find("Accept"), std::string::npos);
  EXPECT_NE(why(Answer(101, "websocket", "Upgrade", "S3" + accept.substr(2))).find("Accept"),
            std::string::npos);
  EXPECT_NE(why(Answer(101, "websocket", "Upgrade", accept, "sec-websocket-protocol: v\n"))
                .find("subprotocol `v`"),
            std::string::npos);
  EXPECT_NE(why(Answer(101, "websocket", "Upgrade", accept,
                       "sec-websocket-extensions: permessage-deflate\n"))
                .find("permessage-deflate"),
            std::string::npos);
}

TEST(WebsocketHandshake, BytesBehindTheHeadAreFoundHoweverTheyAreCut) {
  const std::string head = "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + GrantUpgrade("KEY");
  const std::string frames = ServerFrame(0x81, "first") + ServerFrame(0x81, "second");
  const std::string bytes = head + frames;
  for (size_t cut = 1; cut <= bytes.size(); ++cut) {
    HttpResponse response;
    HttpResponseParser parser;
    parser.Begin(&response, true, false);
    const std::string first = bytes.substr(0, cut);
    const std::string second = bytes.substr(cut);
    std::string behind;
    if (parser.Feed(first) == HttpResponseParser::State::kComplete) {
      behind = first.substr(first.size() - parser.unused_bytes()) + second;
    } else {
      ASSERT_EQ(parser.Feed(second), HttpResponseParser::State::kComplete) << cut;
      behind = second.substr(second.size() - parser.unused_bytes());
    }
    ASSERT_EQ(response.status, 101);
    ASSERT_EQ(behind, frames) << cut;
  }
}

}  // namespace
}  // namespace rampart::agent
