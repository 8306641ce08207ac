// Websocket against servers that misbehave, or behave in ways that a good library does not.
#include <gtest/gtest.h>

#include <boost/asio/read.hpp>
#include <cstring>
#include <future>
#include <string>

#include "agent/protocol/websocket.h"
#include "tests/agent/protocol/loopback.h"

namespace rampart::agent {
namespace {

namespace asio = boost::asio;
using Event = Websocket::Event;

// Grants the upgrade and sends `bytes` with it, then does `then`.
std::function<void(BoostTcp::socket&)> Grant(std::string bytes,
                                             std::function<void(BoostTcp::socket&)> then = {}) {
  return [bytes = std::move(bytes), then = std::move(then)](BoostTcp::socket& socket) {
    const std::string key = ReadUpgrade(socket);
    boost::system::error_code error;
    asio::write(socket, asio::buffer(GrantUpgrade(key) + bytes), error);
    if (then) then(socket);
  };
}

// The frames of a client, unmasked, as `opcode:payload` lines.
std::string ClientFrames(const std::string& bytes) {
  std::string said;
  for (size_t at = 0; at + 6 <= bytes.size();) {
    const size_t size = static_cast<unsigned char>(bytes[at + 1]) & 0x7F;
    std::string payload = bytes.substr(at + 6, size);
    for (size_t i = 0; i < payload.size(); ++i) {
      payload[i] = static_cast<char>(payload[i] ^ bytes[at + 2 + i % 4]);
    }
    const int opcode = bytes[at] & 0x0F;
    if (opcode == 8 && payload.size() >= 2) {
      payload = std::to_string(static_cast<unsigned char>(payload[0]) << 8 |
                               static_cast<unsigned char>(payload[1])) +
                payload.substr(2);
    }
    said += std::to_string(opcode) + ":" + payload + "\n";
    at += 6 + size;
  }
  return said;
}

TEST(WebsocketPeer, FramesBehindTheHandshakeAreDeliveredOneByOneWithoutMore) {
  std::string frames;
  for (int i = 0; i < 100; ++i) frames += ServerFrame(0x81, "message " + std::to_string(i));
  frames += ServerFrame(0x88, "\x03\xE8");
  LoopbackServer server(1, Grant(frames, [](BoostTcp::socket& socket) { ReadToEnd(socket); }));
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    if (!opened.websocket) co_return;
    for (int i = 0; i < 100; ++i) {
      // Another user of the thread reads something.
      std::memset(connector.loop().read_buffer(), 'z', Loop::kReadBufferBytes);
      EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kMessage);
      EXPECT_EQ(opened.websocket->message(), "message " + std::to_string(i));
    }
    EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kClosed);
    EXPECT_EQ(opened.websocket->messages_received(), 100u);
    EXPECT_EQ(opened.websocket->bytes_received(), frames.size());
    opened.websocket.reset();
  }});
}

TEST(WebsocketPeer, OneByteAtATimeIsEnough) {
  const std::string frames = ServerFrame(0x01, "hel") + ServerFrame(0x89, "ping") +
                             ServerFrame(0x80, "lo") + ServerFrame(0x8A, "pong") +
                             ServerFrame(0x88, "\x0F\xA0over");
  std::string answers;
  LoopbackServer server(1, [&](BoostTcp::socket& socket) {
    socket.set_option(BoostTcp::no_delay(true));
    boost::system::error_code error;
    for (const char byte : GrantUpgrade(ReadUpgrade(socket)) + frames) {
      asio::write(socket, asio::buffer(&byte, 1), error);
    }
    answers = ClientFrames(ReadToEnd(socket));
  });
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    if (!opened.websocket) co_return;
    EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kMessage);
    EXPECT_EQ(opened.websocket->message(), "hello");
    EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kPong);
    EXPECT_EQ(opened.websocket->pong_payload(), "pong");
    EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kClosed);
    EXPECT_EQ(opened.websocket->close_code(), 4000);
    EXPECT_EQ(opened.websocket->close_reason(), "over");
  }});
  server.Served(1);
  EXPECT_EQ(answers, "10:ping\n8:4000\n");
}

TEST(WebsocketPeer, AViolationFailsTheConnectionAndTheServerIsTold) {
  struct Case {
    std::string bytes;
    ErrorKind kind;
    std::string told;
  };
  const std::string huge("\x82\x7F\x00\x00\x00\x00\x01\x00\x00\x01", 10);
  const std::vector<Case> cases = {
      {"\xC1", ErrorKind::kWebsocketProtocol, "8:1002\n"},
      {ServerFrame(0x81, "\xFF"), ErrorKind::kWebsocketProtocol, "8:1007\n"},
      {huge, ErrorKind::kMessageTooLarge, "8:1009\n"},
      {ServerFrame(0x88, "\x03"), ErrorKind::kWebsocketProtocol, "8:1002\n"}};
  for (const Case& one : cases) {
    std::string told;
    LoopbackServer server(
        1, Grant(ServerFrame(0x82, "good") + one.bytes,
                 [&](BoostTcp::socket& socket) { told = ClientFrames(ReadToEnd(socket)); }));
    RunUsers({[&](Connector& connector) -> Task<> {
      Opened opened;
      co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
      if (!opened.websocket) co_return;
      EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kMessage);
      EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kFailed);
      EXPECT_EQ(opened.websocket->failure().kind, one.kind);
      EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kFailed);
      EXPECT_EQ(opened.websocket->Send("x", false)->kind, one.kind);
      const auto failure = co_await opened.websocket->Close(1000, "", Seconds(10), nullptr);
      EXPECT_EQ(failure->kind, one.kind);
    }});
    server.Served(1);
    EXPECT_EQ(told, one.told);
  }
}

TEST(WebsocketPeer, MessagesBetweenOurCloseAndTheServersAreCounted) {
  LoopbackServer server(
      1, Grant("", [](BoostTcp::socket& socket) {
        char close[8];
        asio::read(socket, asio::buffer(close));  // head, mask, code
        std::string frames = ServerFrame(0x81, "one") + ServerFrame(0x89, "ping") +
                             ServerFrame(0x01, "tw") + ServerFrame(0x80, "o") +
                             ServerFrame(0x82, std::string(200'000, 'x'));
        asio::write(socket, asio::buffer(frames + ServerFrame(0x88, "\x03\xE8")));
        EXPECT_EQ(ReadToEnd(socket), "");  // a pong after Close would be a violation
      }));
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    if (!opened.websocket) co_return;
    EXPECT_FALSE(co_await opened.websocket->Close(kCloseNormal, "", Seconds(10), nullptr));
    EXPECT_EQ(opened.websocket->messages_received(), 3u);
    EXPECT_EQ(opened.websocket->bytes_received(), 5 + 6 + 4 + 3 + 200'010 + 4u);
  }});
}

TEST(WebsocketPeer, AServerThatNeverClosesIsNotWaitedForForever) {
  LoopbackServer server(1, Grant("", [](BoostTcp::socket& socket) { ReadToEnd(socket); }));
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    if (!opened.websocket) co_return;
    const auto failure =
        co_await opened.websocket->Close(kCloseNormal, "", MonotonicNow() + 5'000'000, nullptr);
    EXPECT_EQ(failure->kind, ErrorKind::kTimeout);
    EXPECT_NE(failure->detail.find("Close frame"), std::string::npos);
  }});
}

TEST(WebsocketPeer, AConnectionThatEndsWithoutACloseFrameIs1006) {
  // In the middle of a message, too.
  LoopbackServer server(2, Grant(ServerFrame(0x81, "last") + "\x81\x05hel"));
  RunUsers({[&](Connector& connector) -> Task<> {
    for (const bool closing : {false, true}) {
      Opened opened;
      co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
      if (!opened.websocket) co_return;
      EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kMessage);
      if (!closing) {
        EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kClosed);
        EXPECT_EQ(opened.websocket->close_code(), kCloseAbnormal);
        EXPECT_EQ(opened.websocket->close_reason(), "");
      }
      const auto failure = co_await opened.websocket->Close(1000, "", Seconds(10), nullptr);
      // Our Close may meet a socket that is gone already.
      EXPECT_TRUE(failure->kind == ErrorKind::kConnectionClosed ||
                  (closing && failure->kind == ErrorKind::kConnectionReset))
          << failure->detail;
    }
  }});
}

TEST(WebsocketPeer, AResetIsAFailure) {
  LoopbackServer server(1, Grant("", [](BoostTcp::socket& socket) {
                          char byte;
                          asio::read(socket, asio::buffer(&byte, 1));
                          socket.set_option(asio::socket_base::linger(true, 0));
                          socket.close();
                        }));
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    if (!opened.websocket) co_return;
    EXPECT_FALSE(opened.websocket->Send("go", false));
    EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kFailed);
    EXPECT_EQ(opened.websocket->failure().kind, ErrorKind::kConnectionReset);
    EXPECT_EQ(opened.websocket->Send("more", false)->kind, ErrorKind::kConnectionReset);
  }});
}

TEST(WebsocketPeer, WhatTheServerSaidBeforeItLeftIsReadAlsoAfterASendFailed) {
  std::promise<void> left;
  LoopbackServer server(1, Grant("", [&](BoostTcp::socket& socket) {
                          char go[8];
                          asio::read(socket, asio::buffer(go));
                          asio::write(socket, asio::buffer(ServerFrame(0x81, "last words") +
                                                           ServerFrame(0x88, "\x0F\xA0")));
                          socket.close();
                          left.set_value();
                        }));
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    if (!opened.websocket) co_return;
    EXPECT_FALSE(opened.websocket->Send("go", false));
    left.get_future().wait();
    // The first goes out and is answered by RST, some later one fails.
    while (!opened.websocket->Send("anybody there?", false)) {
    }
    EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kMessage);
    EXPECT_EQ(opened.websocket->message(), "last words");
    EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kClosed);
    EXPECT_EQ(opened.websocket->close_code(), 4000);
  }});
}

TEST(WebsocketPeer, PingsWithoutEndDoNotStopOtherUsersNorTheDeadline) {
  LoopbackServer server(1, Grant("", [](BoostTcp::socket& socket) {
                          // More than one user can read at once, and nobody reads the pongs.
                          std::string pings;
                          for (int i = 0; i < 5'000; ++i)
                            pings += ServerFrame(0x89, std::string(125, 'p'));
                          boost::system::error_code error;
                          while (!error) asio::write(socket, asio::buffer(pings), error);
                        }));
  bool other_ended = false;
  RunUsers({[&](Connector& connector) -> Task<> {
              Opened opened;
              co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
              if (!opened.websocket) co_return;
              EXPECT_EQ(co_await opened.websocket->Next(MonotonicNow() + 500'000'000, nullptr),
                        Event::kDeadline);
              EXPECT_TRUE(other_ended);
              EXPECT_GT(opened.websocket->bytes_received(), 1'000'000u);
            },
            [&](Connector& connector) -> Task<> {
              for (int i = 0; i < 5; ++i) {
                co_await connector.loop().SleepUntil(MonotonicNow() + 1'000'000);
              }
              other_ended = true;
            }});
}

TEST(WebsocketPeer, HandshakesThatFailAreNamed) {
  const auto failure = [](std::function<void(BoostTcp::socket&)> serve, int* status = nullptr,
                          int64_t timeout_ns = 10'000'000'000) {
    LoopbackServer server(1, std::move(serve));
    Opened opened;
    RunUsers({[&](Connector& connector) -> Task<> {
      co_await Open(connector, server.Url(), {}, MonotonicNow() + timeout_ns, &opened);
    }});
    EXPECT_FALSE(opened.websocket);
    if (status != nullptr) *status = opened.response.status;
    return std::string(ErrorKindName(opened.failure.kind)) + ": " + opened.failure.detail;
  };
  const auto answer = [](std::string text, bool stay = false) {
    return [text = std::move(text), stay](BoostTcp::socket& socket) {
      ReadUpgrade(socket);
      boost::system::error_code error;
      asio::write(socket, asio::buffer(text), error);
      if (stay) ReadToEnd(socket);
    };
  };
  int status = 0;
  // The body that is announced never comes; nobody waits for it.
  EXPECT_EQ(failure(answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n", true), &status),
            "websocket_handshake: the server answered 403 to the upgrade, not 101");
  EXPECT_EQ(status, 403);
  EXPECT_TRUE(failure(answer("HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                             "Sec-WebSocket-Accept: AAAA\r\n\r\n"))
                  .starts_with("websocket_handshake: the server's Sec-WebSocket-Accept `AAAA`"));
  EXPECT_TRUE(failure(answer("")).starts_with("connection_closed"));
  EXPECT_TRUE(failure(answer("hello\r\n\r\n")).starts_with("bad_response"));
  EXPECT_TRUE(failure(answer("HTTP/1.1 101 S\r\nX: " + std::string(70'000, 'x'), true))
                  .starts_with("header_too_large"));
  EXPECT_EQ(failure(answer("HTTP/1.1 101 S\r\n", true), nullptr, 20'000'000),
            "timeout: wait for the answer to the upgrade: not in time");
}

}  // namespace
}  // namespace rampart::agent
