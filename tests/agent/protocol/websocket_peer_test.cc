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

TEST(WebsocketPeer, AfterAViolationEverythingSaysSo) {
  LoopbackServer server(1, Grant(ServerFrame(0x82, "good") + "\xC1",
                                 [](BoostTcp::socket& socket) { ReadToEnd(socket); }));
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    if (!opened.websocket) co_return;
    EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kMessage);
    EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kFailed);
    EXPECT_EQ(opened.websocket->failure().kind, ErrorKind::kWebsocketProtocol);
    EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kFailed);
    EXPECT_EQ(opened.websocket->Send("x", false)->kind, ErrorKind::kWebsocketProtocol);
    const auto failure = co_await opened.websocket->Close(1000, "", Seconds(10), nullptr);
    EXPECT_EQ(failure->kind, ErrorKind::kWebsocketProtocol);
  }});
}

// What the server is told then cannot be sent, and does not hold the user for longer than that.
TEST(WebsocketPeer, AViolationByAServerThatDoesNotReadEndsAtTheDeadline) {
  constexpr size_t kMost = Websocket::kMaxMessageBytes;
  std::promise<void> over;
  LoopbackServer server(1, Grant("", [&](BoostTcp::socket& socket) {
                          char go;
                          asio::read(socket, asio::buffer(&go, 1));
                          asio::write(socket, asio::buffer(std::string("\xC1")));
                          over.get_future().wait();
                        }));
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    if (!opened.websocket) co_return;
    EXPECT_FALSE(opened.websocket->Send(std::string(kMost, 'x'), true));
    const int64_t begun_ns = MonotonicNow();
    EXPECT_EQ(co_await opened.websocket->Next(begun_ns + 50'000'000, nullptr), Event::kFailed);
    EXPECT_LT(MonotonicNow() - begun_ns, Websocket::kMaxReplyNs / 2);
    over.set_value();
  }});
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

TEST(WebsocketPeer, HandshakesThatComeToNothingAreNamed) {
  const auto failure = [](std::string text, bool stay, int64_t timeout_ns) {
    LoopbackServer server(1, [&](BoostTcp::socket& socket) {
      ReadUpgrade(socket);
      boost::system::error_code error;
      asio::write(socket, asio::buffer(text), error);
      if (stay) ReadToEnd(socket);
    });
    Opened opened;
    RunUsers({[&](Connector& connector) -> Task<> {
      co_await Open(connector, server.Url(), {}, MonotonicNow() + timeout_ns, &opened);
    }});
    EXPECT_FALSE(opened.websocket);
    EXPECT_EQ(opened.response.status, 0);
    return std::string(ErrorKindName(opened.failure.kind)) + ": " + opened.failure.detail;
  };
  EXPECT_TRUE(failure("", false, 10'000'000'000).starts_with("connection_closed"));
  EXPECT_EQ(failure("HTTP/1.1 101 S\r\n", true, 20'000'000),
            "timeout: wait for the answer to the upgrade: not in time");
}

TEST(WebsocketPeer, ARefusalHasItsStatusAndHead) {
  LoopbackServer server(1, [](BoostTcp::socket& socket) {
    ReadUpgrade(socket);
    asio::write(socket, asio::buffer(std::string(
                            "HTTP/1.1 403 Forbidden\r\nX-Why: no\r\nContent-Length: 100\r\n\r\n")));
    ReadToEnd(socket);
  });
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    EXPECT_FALSE(opened.websocket);
    EXPECT_EQ(opened.response.status, 403);
    EXPECT_EQ(opened.response.Header("x-why"), "no");
  }});
}

}  // namespace
}  // namespace rampart::agent
