// The `websocket` step as a part of its user: cookies, http in between, TLS, and servers that
// refuse, break or never answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "tests/agent/protocol/loopback.h"
#include "tests/agent/user/http_plan.h"
#include "tests/support/certificate.h"
#include "tests/support/engine_runner.h"
#include "tests/support/http_server.h"

namespace rampart::agent {
namespace {

namespace beast = boost::beast;
using testing::HasSubstr;
using testing::Not;

// One user that goes once through `steps`, where ${WS} is `url`.
std::string WsPlan(const std::string& url, const std::string& steps, const std::string& api = "",
                   const std::string& settings = "") {
  return "name: test\nparams: { WS: \"" + url + "\", API: \"" + api + "\" }\nhttp: { " + settings +
         " }\nmetrics:\n  seen: { kind: counter }\n  value: { kind: trend }\n"
         "scenarios:\n  one:\n    load: { iterations_per_user: { users: 1, iterations: 1 } }\n"
         "    steps:\n" +
         steps;
}

void Write(BoostTcp::socket& socket, const std::string& bytes) {
  boost::system::error_code error;
  boost::asio::write(socket, boost::asio::buffer(bytes), error);
}

// The answer to the upgrade that has this head.
std::string Grant(const std::string& head, const std::string& more = "") {
  const std::string name = "Sec-WebSocket-Key: ";
  const size_t begin = head.find(name) + name.size();
  return GrantUpgrade(head.substr(begin, head.find("\r\n", begin) - begin), more);
}

std::string CloseFrame(uint16_t code) {
  return ServerFrame(0x88, {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)});
}

TEST(WebsocketSession, SharesItsUsersCookiesBothWays) {
  HttpServer http([](const HttpServerRequest&) -> std::optional<HttpServerResponse> {
    HttpServerResponse response = Respond(200);
    response.set(beast::http::field::set_cookie, "by_http=1; Path=/");
    return response;
  });
  std::vector<std::string> upgrades;
  LoopbackServer server(3, [&](BoostTcp::socket& socket) {
    upgrades.push_back(ReadHead(socket));
    if (upgrades.size() == 2) {  // a refusal sets cookies like any answer
      Write(socket,
            "HTTP/1.1 403 No\r\nSet-Cookie: refused=3; Path=/\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    Write(socket, Grant(upgrades.back(), "Set-Cookie: by_ws=2; Path=/\r\n") + CloseFrame(1000));
    ReadToEnd(socket);
  });
  EngineRunner runner(WsPlan(server.Url(), R"(
      - http: { get: "${API}/in" }
      - websocket: { name: granted, url: "${WS}" }
      - websocket: { name: refused, url: "${WS}" }
      - websocket: { name: own, url: "${WS}", headers: { Cookie: own=4 } }
      - http: { get: "${API}/after" }
)",
                             http.url()));
  runner.Run();
  server.Served(3);
  EXPECT_THAT(upgrades[0], HasSubstr("\r\nCookie: by_http=1\r\n"));
  EXPECT_THAT(upgrades[1], HasSubstr("\r\nCookie: by_http=1; by_ws=2\r\n"));
  EXPECT_THAT(upgrades[2], HasSubstr("\r\nCookie: own=4\r\n"));
  EXPECT_THAT(upgrades[2], Not(HasSubstr("by_http")));
  ASSERT_EQ(http.requests().size(), 2u);
  EXPECT_THAT(Header(http.requests()[1], "Cookie"), HasSubstr("by_http=1"));
  EXPECT_THAT(Header(http.requests()[1], "Cookie"), HasSubstr("by_ws=2"));
  EXPECT_THAT(Header(http.requests()[1], "Cookie"), HasSubstr("refused=3"));
}

TEST(WebsocketSession, AfterHttpJsonIsTheMessageAgainAndTheAnswerCanBeReadToo) {
  HttpServer http(Fine);
  LoopbackServer server(1, [](BoostTcp::socket& socket) {
    Write(socket, Grant(ReadHead(socket)) + ServerFrame(0x81, R"({"n":1})") +
                      ServerFrame(0x81, "no_json") + CloseFrame(1000));
    ReadToEnd(socket);
  });
  EngineRunner runner(WsPlan(server.Url(), R"(
      - websocket:
          url: "${WS}"
          on_message:
            - http: { post: "${API}/${json and json.n or message}", checks: { its answer: json.id == 7 } }
            - check:
                message again: '(json and json.n == 1 or json == nil) and #message == 7'
                status too: status == 200 and ok
                body too: body and body ~= ""
                headers too: headers["content-type"] == "application/json"
      - check: { message gone: message == nil }
)",
                             http.url()));
  runner.Run();
  ASSERT_EQ(http.requests().size(), 2u);
  EXPECT_EQ(http.requests()[0].target(), "/1");
  EXPECT_EQ(http.requests()[1].target(), "/no_json");
  for (const char* check :
       {"its answer", "message again", "status too", "body too", "headers too"}) {
    EXPECT_EQ(runner.Value("checks", {{"check", check}}).trues, 2u) << check;
  }
  EXPECT_EQ(runner.Value("checks", {{"check", "message gone"}}).trues, 1u);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(WebsocketSession, WssIsTrustedByItsAuthorityOrNotAtAll) {
  const Certificate certificate("IP:127.0.0.1");
  std::stringstream pem;
  pem << std::ifstream(certificate.file).rdbuf();
  constexpr int kMessages = 1000;
  uint16_t close_code = 0;
  const auto run = [&](const std::string& settings, const std::string& ca_pem) {
    LoopbackServer server(1, [&](BoostTcp::socket& socket) {
      boost::asio::ssl::context tls{boost::asio::ssl::context::tls_server};
      SSL_CTX_use_certificate(tls.native_handle(), certificate.x509);
      SSL_CTX_use_PrivateKey(tls.native_handle(), certificate.key);
      boost::asio::ssl::stream<BoostTcp::socket&> encrypted(socket, tls);
      boost::system::error_code error;
      encrypted.handshake(boost::asio::ssl::stream_base::server, error);
      if (error) return;
      beast::websocket::stream<boost::asio::ssl::stream<BoostTcp::socket&>&> stream(encrypted);
      stream.accept(error);
      std::string frames;
      for (int i = 0; i < kMessages; ++i) frames += ServerFrame(0x81, "m");
      boost::asio::write(encrypted, boost::asio::buffer(frames), error);
      beast::flat_buffer buffer;
      while (!error) stream.read(buffer, error);
      close_code = stream.reason().code;
    });
    auto runner = std::make_unique<EngineRunner>(WsPlan(server.Url("/", "wss"), R"(
      - websocket: { url: "${WS}", hold: 20ms, checks: { open: connected } }
)",
                                                        "", settings),
                                                 EnginePlace{.ca_pem = ca_pem});
    runner->Run();
    return runner;
  };
  const auto trusted = run("", pem.str());
  EXPECT_EQ(trusted->Value("checks").trues, 1u);
  EXPECT_EQ(trusted->Count("ws_msgs_received"), kMessages);  // also those that TLS still held
  EXPECT_EQ(close_code, 1000);
  EXPECT_TRUE(trusted->errors().empty());

  const auto untrusted = run("", "");
  EXPECT_EQ(untrusted->ErrorsOf("tls_certificate"), 1u);
  EXPECT_EQ(untrusted->Count("ws_errors"), 1);
  EXPECT_EQ(untrusted->Count("ws_sessions"), 0);
  EXPECT_EQ(untrusted->Value("ws_connecting").trend.count(), 0u);
  EXPECT_EQ(untrusted->Value("checks").total, 1u);
  EXPECT_EQ(untrusted->Value("checks").trues, 0u);

  const auto insecure = run("insecure: true", "");
  EXPECT_EQ(insecure->Value("checks").trues, 1u);
  EXPECT_TRUE(insecure->errors().empty());
}

TEST(WebsocketSession, WhatIsSentIsAsAskedAndCountedWithItsTags) {
  std::string asked;
  bool was_binary = false;
  std::string payload;
  LoopbackServer server(1, [&](BoostTcp::socket& socket) {
    beast::flat_buffer buffer;
    HttpServerRequest upgrade;
    beast::http::read(socket, buffer, upgrade);
    asked = Header(upgrade, "Sec-WebSocket-Protocol");
    beast::websocket::stream<BoostTcp::socket&> stream(socket);
    stream.set_option(
        beast::websocket::stream_base::decorator([](beast::websocket::response_type& response) {
          response.set(beast::http::field::sec_websocket_protocol, "chat.v2");
        }));
    stream.accept(upgrade);
    beast::flat_buffer message;
    stream.read(message);
    was_binary = stream.got_binary();
    payload.assign(static_cast<const char*>(message.data().data()), message.size());
    stream.binary(true);
    stream.write(boost::asio::buffer("\0\xFF{", 3));
    boost::system::error_code error;
    stream.close(beast::websocket::close_code::normal, error);
  });
  EngineRunner runner(WsPlan(server.Url(), R"(
      - group: outer
        steps:
          - websocket:
              name: asked
              url: "${WS}"
              subprotocols: [ chat.v1, chat.v2 ]
              tags: { fixed: f, odd: "${user.id % 2}" }
              on_open: [ { send: { binary: "a\0${user.id}" } } ]
              on_message: [ { check: { raw: "#message == 3 and json == nil" } } ]
)"));
  runner.Run();
  server.Served(1);
  EXPECT_EQ(asked, "chat.v1, chat.v2");
  EXPECT_TRUE(was_binary);
  EXPECT_EQ(payload, std::string("a\0"
                                 "1",
                                 3));
  EXPECT_EQ(runner.Value("checks", {{"check", "raw"}}).trues, 1u);
  const Tags tags = {
      {"fixed", "f"}, {"group", "outer"}, {"name", "asked"}, {"odd", "1"}, {"scenario", "one"}};
  EXPECT_EQ(runner.Count("ws_sessions", tags), 1);
  EXPECT_EQ(runner.Count("ws_msgs_sent", tags), 1);
  EXPECT_EQ(runner.Count("ws_msgs_received", tags), 1);
  EXPECT_EQ(runner.Value("ws_session_duration", tags).trend.count(), 1u);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(WebsocketSession, AHoldThatIsDrawnSendsAtItsIntervalsAndEndsInOrder) {
  constexpr int kSessions = 4;
  double received = 0;
  int normal = 0;
  LoopbackServer server(kSessions, [&](BoostTcp::socket& socket) {
    beast::websocket::stream<BoostTcp::socket&> stream(socket);
    boost::system::error_code error;
    stream.accept(error);
    beast::flat_buffer buffer;
    for (stream.read(buffer, error); !error; stream.read(buffer, error)) ++received;
    if (stream.reason().code == 1000) ++normal;
  });
  EngineRunner runner(WsPlan(server.Url(), R"(
      - repeat: 4
        steps: [ { websocket: { url: "${WS}", hold: 50ms..100ms, send_every: [ { interval: 10ms, message: tick } ] } } ]
)"));
  runner.Run();
  server.Served(kSessions);
  EXPECT_EQ(normal, kSessions);
  EXPECT_EQ(runner.Count("ws_msgs_sent"), received);
  EXPECT_GT(received, 0);
  EXPECT_LT(received, kSessions * 10);  // the first after an interval, none when the hold is over
  const SeriesValue duration = runner.Value("ws_session_duration");
  EXPECT_EQ(duration.trend.count(), static_cast<uint64_t>(kSessions));
  EXPECT_GE(duration.trend.Min(), 50);
}

TEST(WebsocketSession, EveryMessageBeforeTheServersCloseIsHandled) {
  constexpr int kMessages = 500;
  // Going away, and a Close without a code, are as good as 1000.
  const std::string closes[] = {CloseFrame(1001), ServerFrame(0x88, "")};
  int connection = 0;
  LoopbackServer server(2, [&](BoostTcp::socket& socket) {
    std::string bytes = Grant(ReadHead(socket));
    for (int i = 0; i < kMessages; ++i) bytes += ServerFrame(0x81, "m" + std::to_string(i));
    Write(socket, bytes + closes[connection++]);
    ReadToEnd(socket);
  });
  EngineRunner runner(WsPlan(server.Url(), R"(
      - repeat: 2
        steps:
          - set: { next: "0" }
          - websocket:
              url: "${WS}"
              on_message:
                - when: message == "m" .. math.tointeger(next)
                  steps: [ { set: { next: next + 1 } }, { record: { seen: 1 } } ]
)"));
  runner.Run();
  EXPECT_EQ(runner.Count("seen"), 2 * kMessages);  // in order
  EXPECT_EQ(runner.Count("ws_msgs_received"), 2 * kMessages);
  EXPECT_EQ(runner.Count("ws_errors"), 0);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(WebsocketSession, AResetIsAnErrorOfTheSessionAndNotOfTheIteration) {
  LoopbackServer server(1, [](BoostTcp::socket& socket) {
    Write(socket, Grant(ReadHead(socket)));
    char byte;
    socket.read_some(boost::asio::buffer(&byte, 1));  // of what on_open sends
    socket.set_option(boost::asio::socket_base::linger(true, 0));
    socket.close();
  });
  EngineRunner runner(WsPlan(server.Url(), R"(
      - websocket: { name: reset, url: "${WS}", on_open: [ { send: hello } ], hold: 1h }
      - record: { seen: 1 }
)"));
  runner.Run();
  EXPECT_EQ(runner.ErrorsOf("connection_reset"), 1u);
  EXPECT_EQ(runner.errors().size(), 1u);
  EXPECT_EQ(runner.Count("ws_errors", {{"name", "reset"}}), 1);
  EXPECT_EQ(runner.Count("ws_sessions"), 1);
  EXPECT_EQ(runner.Value("ws_open").gauge.value, 0);
  EXPECT_EQ(runner.Value("ws_session_duration").trend.count(), 1u);
  EXPECT_EQ(runner.Count("seen"), 1);
}

TEST(WebsocketSession, AnExpressionThatFailsInItEndsTheIterationAndClosesInOrder) {
  uint16_t code = 0;
  LoopbackServer server(1, [&](BoostTcp::socket& socket) {
    beast::websocket::stream<BoostTcp::socket&> stream(socket);
    boost::system::error_code error;
    stream.accept(error);
    stream.write(boost::asio::buffer("no json", 7), error);
    beast::flat_buffer buffer;
    while (!error) stream.read(buffer, error);
    code = stream.reason().code;
  });
  EngineRunner runner(WsPlan(server.Url(), R"(
      - websocket: { url: "${WS}", on_message: [ { set: { x: json.a.b } } ] }
      - record: { seen: 1 }
)"));
  runner.Run();
  server.Served(1);
  EXPECT_EQ(code, 1000);
  EXPECT_EQ(runner.ErrorsOf("script"), 1u);
  EXPECT_EQ(runner.errors().size(), 1u);
  EXPECT_EQ(runner.Count("seen"), 0);
}

TEST(WebsocketSession, WhatCannotBeAskedIsAFailureLikeEveryOther) {
  HttpServer server(Fine);
  EngineRunner runner(WsPlan("ws://127.0.0.1:" + std::to_string(server.port()) + "/", R"(
      - set: { evil: '"a\r\nInjected: yes"' }
      - websocket: { name: header, url: "${WS}", headers: { X: "${evil}" }, checks: { open: connected } }
      - check: { said: error == "bad_request" and not ok and status == 0 }
      - websocket: { name: url, url: "${WS}?${evil}", checks: { open: connected } }
      - check: { said too: error == "bad_url" and not ok }
      - websocket: { name: own, url: "${WS}", headers: { Upgrade: h2c }, checks: { open: connected } }
      - record: { seen: 1 }
)"));
  runner.Run();
  EXPECT_TRUE(server.requests().empty());
  EXPECT_EQ(runner.ErrorsOf("bad_request"), 2u);
  EXPECT_EQ(runner.ErrorsOf("bad_url"), 1u);
  EXPECT_EQ(runner.Count("ws_errors"), 3);
  EXPECT_EQ(runner.Value("checks", {{"check", "open"}}).total, 3u);
  EXPECT_EQ(runner.Value("checks", {{"check", "open"}}).trues, 0u);
  EXPECT_EQ(runner.Value("checks", {{"check", "said"}}).trues, 1u);
  EXPECT_EQ(runner.Value("checks", {{"check", "said too"}}).trues, 1u);
  EXPECT_EQ(runner.Count("seen"), 1);
}

TEST(WebsocketSession, AHandshakeWithoutAnAnswerIsATimeout) {
  LoopbackServer server(1, [](BoostTcp::socket& socket) { ReadToEnd(socket); });
  EngineRunner runner(WsPlan(server.Url(), R"(
      - websocket: { url: "${WS}", timeout: 50ms, checks: { open: connected }, record: { value: connecting_ms } }
)"));
  runner.Run();
  EXPECT_EQ(runner.ErrorsOf("timeout"), 1u);
  EXPECT_EQ(runner.Count("ws_errors"), 1);
  EXPECT_EQ(runner.Count("ws_sessions"), 0);
  EXPECT_EQ(runner.Value("checks").trues, 0u);
  EXPECT_GE(runner.Value("value").trend.Min(), 50);
}

TEST(WebsocketSession, AnAbortIsNotHeldUpByServersThatNeverAnswer) {
  Once<bool> asked;
  LoopbackServer no_handshake(1, [&](BoostTcp::socket& socket) {
    ReadHead(socket);
    asked.Set(true);
    ReadToEnd(socket);
  });
  Once<bool> open;
  LoopbackServer no_close(1, [&](BoostTcp::socket& socket) {
    Write(socket, Grant(ReadHead(socket)));
    char byte;
    socket.read_some(boost::asio::buffer(&byte, 1));  // of what on_open sends
    open.Set(true);
    ReadToEnd(socket);
  });
  const auto scenario = [](const std::string& url) {
    return "load: { iterations_per_user: { users: 1, iterations: 1 } }\n    steps:\n"
           "      - websocket: { url: \"" +
           url + "\", hold: 1h, on_open: [ { send: hello } ] }\n";
  };
  EngineRunner runner("name: test\nscenarios:\n  opens:\n    " + scenario(no_handshake.Url()) +
                      "  holds:\n    " + scenario(no_close.Url()));
  ASSERT_TRUE(runner.engine().Arm("").ok());
  runner.Begin();
  asked.Wait();
  open.Wait();
  const int64_t stopped_ns = MonotonicNow();
  runner.engine().Stop(v1::ABORT);
  runner.Drained();
  EXPECT_LT(MonotonicNow() - stopped_ns, Engine::kCancelNs + 1'000'000'000);
  runner.Collect();
  EXPECT_EQ(runner.Count("interrupted_iterations"), 2);
  EXPECT_EQ(runner.Count("ws_sessions"), 1);
  EXPECT_EQ(runner.Count("ws_errors"), 0);  // nobody's fault
  EXPECT_EQ(runner.Value("ws_open").gauge.value, 0);
  EXPECT_EQ(runner.Value("ws_session_duration").trend.count(), 1u);
  EXPECT_TRUE(runner.errors().empty());
}

}  // namespace
}  // namespace rampart::agent
