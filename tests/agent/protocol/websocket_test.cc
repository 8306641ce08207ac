// Websocket over loopback against a server of Beast's.
#include "agent/protocol/websocket.h"

#include <gtest/gtest.h>

#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <future>
#include <string>
#include <vector>

#include "tests/agent/protocol/loopback.h"
#include "tests/support/certificate.h"

namespace rampart::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Event = Websocket::Event;
using BeastSocket = beast::websocket::stream<BoostTcp::socket&>;

// Sends back every message until the client closes.
template <typename Stream>
void EchoOn(Stream& stream) {
  boost::system::error_code error;
  stream.read_message_max(64 * 1024 * 1024);
  beast::flat_buffer buffer;
  while (!error) {
    buffer.clear();
    stream.read(buffer, error);
    if (error) break;
    stream.text(stream.got_text());
    stream.write(buffer.data(), error);
  }
}

// An echo in frames of `frame_bytes` at most, or each in one.
std::function<void(BoostTcp::socket&)> Echo(size_t frame_bytes = 0) {
  return [frame_bytes](BoostTcp::socket& socket) {
    BeastSocket stream(socket);
    stream.auto_fragment(frame_bytes != 0);
    if (frame_bytes != 0) stream.write_buffer_bytes(frame_bytes);
    stream.accept();
    EchoOn(stream);
  };
}

// A frame's head with these payload bytes, without a mask.
size_t HeadBytes(size_t payload) { return payload < 126 ? 2 : payload <= 0xFFFF ? 4 : 10; }

// Sends messages of all these sizes in turn and expects them back.
Task<> ExpectEchoes(Websocket& websocket, std::vector<size_t> sizes) {
  for (const size_t size : sizes) {
    std::string message(size, 'x');
    for (size_t i = 0; i < size; i += 977) message[i] = static_cast<char>('a' + i % 26);
    for (const bool binary : {false, true}) {
      EXPECT_FALSE(websocket.Send(message, binary));
      EXPECT_EQ(co_await websocket.Next(Seconds(20), nullptr), Event::kMessage);
      EXPECT_EQ(websocket.binary(), binary);
      EXPECT_TRUE(websocket.message() == message) << size;
    }
  }
}

TEST(Websocket, EchoesMessagesOfAllLengthFormsAndCountsThem) {
  LoopbackServer server(1, Echo());
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    EXPECT_TRUE(opened.websocket) << opened.failure.detail;
    if (!opened.websocket) co_return;
    EXPECT_EQ(opened.response.status, 101);
    EXPECT_GT(opened.times.connecting_ns, 0);
    EXPECT_GT(opened.times.handshake_ns, 0);
    EXPECT_GE(opened.times.total_ns, opened.times.connecting_ns + opened.times.handshake_ns);
    EXPECT_GT(opened.times.bytes_sent, 100u);
    EXPECT_GT(opened.times.bytes_received, 100u);
    Websocket& websocket = *opened.websocket;
    const std::vector<size_t> sizes = {0, 1, 125, 126, 127, 65'535, 65'536, 1024 * 1024};
    co_await ExpectEchoes(websocket, sizes);
    uint64_t bytes = 0;
    for (const size_t size : sizes) bytes += 2 * (size + HeadBytes(size));
    EXPECT_EQ(websocket.messages_sent(), 2 * sizes.size());
    EXPECT_EQ(websocket.messages_received(), 2 * sizes.size());
    EXPECT_EQ(websocket.bytes_received(), bytes);
    EXPECT_EQ(websocket.bytes_sent(), bytes + 2 * sizes.size() * sizeof(WebsocketMask));
    EXPECT_FALSE(co_await websocket.Close(kCloseNormal, "", Seconds(10), nullptr));
    EXPECT_EQ(websocket.bytes_received(), bytes + 4);  // a Close with its code
  }});
}

TEST(Websocket, FragmentedMessagesArriveWhole) {
  LoopbackServer server(1, Echo(1000));
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    if (!opened.websocket) co_return;
    const std::vector<size_t> sizes = {0, 10, 1000, 1001, 70'000, Websocket::kMaxMessageBytes};
    co_await ExpectEchoes(*opened.websocket, sizes);
    EXPECT_EQ(opened.websocket->messages_received(), 12u);
    EXPECT_FALSE(co_await opened.websocket->Close(kCloseNormal, "", Seconds(10), nullptr));
  }});
}

TEST(Websocket, PingsBothWays) {
  std::string answered;
  LoopbackServer server(1, [&answered](BoostTcp::socket& socket) {
    BeastSocket stream(socket);
    stream.control_callback([&](beast::websocket::frame_type kind, beast::string_view payload) {
      if (kind == beast::websocket::frame_type::pong) answered = std::string(payload);
    });
    stream.accept();
    stream.ping("server's");
    stream.write(asio::buffer(std::string("after the ping")));
    EchoOn(stream);
  });
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    if (!opened.websocket) co_return;
    Websocket& websocket = *opened.websocket;
    EXPECT_EQ(co_await websocket.Next(Seconds(10), nullptr), Event::kMessage);
    EXPECT_EQ(websocket.message(), "after the ping");
    EXPECT_FALSE(websocket.Ping("client's"));
    EXPECT_EQ(co_await websocket.Next(Seconds(10), nullptr), Event::kPong);
    EXPECT_EQ(websocket.pong_payload(), "client's");
    EXPECT_EQ(websocket.Ping(std::string(126, 'x'))->kind, ErrorKind::kBadRequest);
    EXPECT_EQ(websocket.messages_sent(), 0u);
    EXPECT_FALSE(co_await websocket.Close(kCloseNormal, "", Seconds(10), nullptr));
  }});
  EXPECT_EQ(answered, "server's");
}

TEST(Websocket, TheServerLearnsOurCloseCode) {
  beast::websocket::close_reason reason;
  LoopbackServer server(2, [&reason](BoostTcp::socket& socket) {
    BeastSocket stream(socket);
    stream.accept();
    EchoOn(stream);
    reason = stream.reason();
  });
  for (const uint16_t code : {uint16_t{3001}, kCloseNoCode}) {
    RunUsers({[&](Connector& connector) -> Task<> {
      Opened opened;
      co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
      if (!opened.websocket) co_return;
      EXPECT_FALSE(co_await opened.websocket->Close(code, "bye", Seconds(10), nullptr));
      // Beast answers with the same, or with 1000 to none.
      EXPECT_EQ(opened.websocket->close_code(), code == kCloseNoCode ? kCloseNormal : code);
      EXPECT_EQ(opened.websocket->Send("late", false)->kind, ErrorKind::kConnectionClosed);
      EXPECT_EQ(co_await opened.websocket->Next(kNever, nullptr), Event::kClosed);
      EXPECT_FALSE(co_await opened.websocket->Close(code, "", Seconds(10), nullptr));
    }});
    if (code == 3001) {
      server.Served(1);
      EXPECT_EQ(reason.code, 3001);
      EXPECT_EQ(std::string(reason.reason.c_str()), "bye");
    }
  }
  server.Served(2);
  EXPECT_EQ(reason.code, beast::websocket::close_code::none);
}

TEST(Websocket, ACodeThatNobodyMaySendEndsTheConnectionWithAnError) {
  LoopbackServer server(1, Echo());
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    if (!opened.websocket) co_return;
    const auto failure = co_await opened.websocket->Close(1006, "", Seconds(10), nullptr);
    EXPECT_EQ(failure->kind, ErrorKind::kBadRequest);
  }});
}

TEST(Websocket, WeLearnTheServersCloseCodeAndAnswerIt) {
  boost::system::error_code ended;
  LoopbackServer server(2, [&, connections = 0](BoostTcp::socket& socket) mutable {
    BeastSocket stream(socket);
    stream.accept();
    // Beast's close waits for our answer.
    if (++connections == 1) {
      stream.close(beast::websocket::close_reason(beast::websocket::close_code(4000), "over"),
                   ended);
    } else {
      stream.close(beast::websocket::close_reason(), ended);
    }
  });
  for (const bool named : {true, false}) {
    RunUsers({[&](Connector& connector) -> Task<> {
      Opened opened;
      co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
      if (!opened.websocket) co_return;
      EXPECT_EQ(co_await opened.websocket->Next(Seconds(10), nullptr), Event::kClosed);
      EXPECT_EQ(opened.websocket->close_code(), named ? 4000 : kCloseNoCode);
      EXPECT_EQ(opened.websocket->close_reason(), named ? "over" : "");
      EXPECT_FALSE(co_await opened.websocket->Close(kCloseNormal, "", Seconds(10), nullptr));
    }});
    server.Served(named ? 1 : 2);
    EXPECT_FALSE(ended) << ended.message();
  }
}

TEST(Websocket, OffersSubprotocolsAndSendsHeadersAndCookies) {
  http::request<http::string_body> request;
  LoopbackServer server(2, [&](BoostTcp::socket& socket) {
    beast::flat_buffer buffer;
    http::read(socket, buffer, request);
    BeastSocket stream(socket);
    stream.set_option(
        beast::websocket::stream_base::decorator([](beast::websocket::response_type& response) {
          response.set(http::field::sec_websocket_protocol, "chat.v2");
          response.set(http::field::set_cookie, "seen=1");
        }));
    boost::system::error_code error;
    stream.accept(request, error);
    while (!error) stream.read(buffer, error);
  });
  RunUsers({[&](Connector& connector) -> Task<> {
    CookieJar cookies;
    cookies.Set("session=1; Path=/", "127.0.0.1", "/");
    Opened opened;
    co_await Open(connector, server.Url("/room?id=7"),
                  {.headers = "X-User-Id: 42\r\nUser-Agent: someone\r\n",
                   .subprotocols = "chat.v1, chat.v2",
                   .cookies = &cookies},
                  Seconds(10), &opened);
    EXPECT_TRUE(opened.websocket) << opened.failure.detail;
    if (!opened.websocket) co_return;
    EXPECT_EQ(opened.websocket->subprotocol(), "chat.v2");
    EXPECT_EQ(opened.response.Header("set-cookie"), "seen=1");
    EXPECT_FALSE(co_await opened.websocket->Close(kCloseNormal, "", Seconds(10), nullptr));

    Opened refused;
    co_await Open(connector, server.Url(), {.headers = "", .subprotocols = "chat.v1"}, Seconds(10),
                  &refused);
    EXPECT_FALSE(refused.websocket);
    EXPECT_EQ(refused.failure.kind, ErrorKind::kWebsocketHandshake);
    EXPECT_NE(refused.failure.detail.find("chat.v2"), std::string::npos);
  }});
  EXPECT_EQ(request["Sec-WebSocket-Protocol"], "chat.v1");  // of the second
}

TEST(Websocket, TheRequestReachesTheServerAsGiven) {
  http::request<http::string_body> request;
  LoopbackServer server(1, [&](BoostTcp::socket& socket) {
    beast::flat_buffer buffer;
    http::read(socket, buffer, request);
  });
  RunUsers({[&](Connector& connector) -> Task<> {
    CookieJar cookies;
    cookies.Set("session=1; Path=/", "127.0.0.1", "/");
    Opened opened;
    co_await Open(connector, server.Url("/room?id=7"),
                  {.headers = "X-User-Id: 42\r\nUser-Agent: someone\r\n",
                   .subprotocols = "a, b",
                   .cookies = &cookies},
                  Seconds(10), &opened);
    EXPECT_EQ(opened.failure.kind, ErrorKind::kConnectionClosed);
  }});
  server.Served(1);
  EXPECT_EQ(request.target(), "/room?id=7");
  EXPECT_EQ(request["X-User-Id"], "42");
  EXPECT_EQ(request["User-Agent"], "someone");
  EXPECT_EQ(request["Cookie"], "session=1");
  EXPECT_EQ(request["Sec-WebSocket-Protocol"], "a, b");
}

TEST(Websocket, OutputWaitsForAServerThatDoesNotReadUpToABound) {
  std::promise<void> may_read;
  uint64_t got = 0;
  LoopbackServer server(1, [&](BoostTcp::socket& socket) {
    BeastSocket stream(socket);
    stream.accept();
    may_read.get_future().wait();
    boost::system::error_code error;
    beast::flat_buffer buffer;
    while (!error) {
      buffer.clear();
      stream.read(buffer, error);
      if (error) break;
      ++got;
      EXPECT_EQ(buffer.size(), 64u * 1024);
    }
    EXPECT_EQ(error, beast::websocket::error::closed);
  });
  uint64_t sent = 0;
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
    if (!opened.websocket) co_return;
    Websocket& websocket = *opened.websocket;
    const std::string message(64 * 1024, 'm');
    std::optional<Failure> failure;
    while (!(failure = websocket.Send(message, true))) {
    }
    EXPECT_EQ(failure->kind, ErrorKind::kTimeout);
    EXPECT_NE(failure->detail.find("does not read"), std::string::npos);
    EXPECT_EQ(co_await websocket.Next(MonotonicNow() + 2'000'000, nullptr), Event::kDeadline);
    sent = websocket.messages_sent();
    EXPECT_LT(websocket.bytes_sent(), sent * (message.size() + 8));
    may_read.set_value();
    EXPECT_FALSE(co_await websocket.Close(kCloseNormal, "", Seconds(20), nullptr));
    EXPECT_GE(websocket.bytes_sent(), sent * (message.size() + 14));
  }});
  EXPECT_EQ(got, sent);
  EXPECT_GT(got, 16u);
}

TEST(Websocket, WaitsEndAtTheDeadlineAndAtAnInterruptAndTheConnectionGoesOn) {
  LoopbackServer server(1, Echo());
  Interrupt interrupt;
  bool waiting = false;
  RunUsers({[&](Connector& connector) -> Task<> {
              Opened opened;
              co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
              if (!opened.websocket) co_return;
              Websocket& websocket = *opened.websocket;
              const int64_t deadline_ns = MonotonicNow() + 5'000'000;
              EXPECT_EQ(co_await websocket.Next(deadline_ns, nullptr), Event::kDeadline);
              EXPECT_GE(MonotonicNow(), deadline_ns);
              waiting = true;
              EXPECT_EQ(co_await websocket.Next(kNever, &interrupt), Event::kInterrupted);
              EXPECT_EQ(co_await websocket.Next(kNever, &interrupt), Event::kInterrupted);
              interrupt.Reset();
              const std::vector<size_t> sizes = {10};
              co_await ExpectEchoes(websocket, sizes);
              interrupt.Request();
              const auto failure =
                  co_await websocket.Close(kCloseNormal, "", Seconds(10), &interrupt);
              EXPECT_EQ(failure->kind, ErrorKind::kInterrupted);
            },
            [&](Connector& connector) -> Task<> {
              while (!waiting) co_await connector.loop().SleepUntil(MonotonicNow() + 100'000);
              interrupt.Request();
            }});
}

TEST(Websocket, DeadlinesThatAreOverLetOtherUsersGoOn) {
  LoopbackServer server(1, Echo());
  bool other_ended = false;
  RunUsers({[&](Connector& connector) -> Task<> {
              Opened opened;
              co_await Open(connector, server.Url(), {}, Seconds(10), &opened);
              if (!opened.websocket) co_return;
              while (!other_ended) {
                EXPECT_EQ(co_await opened.websocket->Next(0, nullptr), Event::kDeadline);
              }
              co_await opened.websocket->Close(kCloseNormal, "", Seconds(10), nullptr);
            },
            [&](Connector& connector) -> Task<> {
              for (int i = 0; i < 20; ++i) {
                co_await connector.loop().SleepUntil(MonotonicNow() + 1'000'000);
              }
              other_ended = true;
            }});
}

TEST(Websocket, NobodyThereIsRefused) {
  std::string url;
  { url = LoopbackServer(0, Echo()).Url(); }
  RunUsers({[&](Connector& connector) -> Task<> {
    Opened opened;
    co_await Open(connector, url, {}, Seconds(10), &opened);
    EXPECT_EQ(opened.failure.kind, ErrorKind::kConnectionRefused);
    EXPECT_GT(opened.times.total_ns, 0);
  }});
}

TEST(Websocket, ByTlsToo) {
  const Certificate certificate("IP:127.0.0.1");
  asio::ssl::context tls(asio::ssl::context::tls_server);
  SSL_CTX_use_certificate(tls.native_handle(), certificate.x509);
  SSL_CTX_use_PrivateKey(tls.native_handle(), certificate.key);
  constexpr int kMany = 20'000;
  LoopbackServer server(1, [&](BoostTcp::socket& socket) {
    asio::ssl::stream<BoostTcp::socket&> encrypted(socket, tls);
    boost::system::error_code error;
    encrypted.handshake(asio::ssl::stream_base::server, error);
    beast::websocket::stream<asio::ssl::stream<BoostTcp::socket&>&> stream(encrypted);
    stream.accept(error);
    // Frames by the record, so that OpenSSL holds many that the socket knows nothing of.
    std::string frames;
    for (int i = 0; i < kMany; ++i) frames += ServerFrame(0x81, "m" + std::to_string(i));
    asio::write(encrypted, asio::buffer(frames), error);
    EchoOn(stream);
  });
  RunUsers({[&](Connector& connector) -> Task<> {
             Opened opened;
             co_await Open(connector, server.Url("/", "wss"), {}, Seconds(10), &opened);
             EXPECT_TRUE(opened.websocket) << opened.failure.detail;
             if (!opened.websocket) co_return;
             EXPECT_GT(opened.times.tls_ns, 0);
             Websocket& websocket = *opened.websocket;
             for (int i = 0; i < kMany; ++i) {
               const Event event = co_await websocket.Next(Seconds(10), nullptr);
               EXPECT_EQ(event, Event::kMessage);
               if (event != Event::kMessage) co_return;
               EXPECT_EQ(websocket.message(), "m" + std::to_string(i));
             }
             const std::vector<size_t> sizes = {1, 1024 * 1024};
             co_await ExpectEchoes(websocket, sizes);
             EXPECT_FALSE(websocket.Ping("p"));
             EXPECT_EQ(co_await websocket.Next(Seconds(10), nullptr), Event::kPong);
             EXPECT_FALSE(co_await websocket.Close(kCloseNormal, "", Seconds(10), nullptr));
           }},
           {.insecure = false, .ca_file = certificate.file});
}

TEST(Websocket, AnIdleOneIsSmall) { EXPECT_LE(sizeof(Websocket), 400u); }

}  // namespace
}  // namespace rampart::agent
