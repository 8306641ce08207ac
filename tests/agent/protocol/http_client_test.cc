// HttpClient over loopback against a server of Beast's, and against servers that misbehave.
#include "agent/protocol/http_client.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace rampart::agent {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

// Serves `connections` connections in turn on a thread of its own, each by `serve`.
class Server {
 public:
  Server(int connections, std::function<void(tcp::socket&)> serve)
      : acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        thread_([this, connections, serve = std::move(serve)] {
          for (int i = 0; i < connections; ++i) {
            tcp::socket socket(context_);
            acceptor_.accept(socket);
            serve(socket);
          }
        }) {}
  ~Server() { thread_.join(); }

  std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + path;
  }

 private:
  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

// Answers requests with what came until the peer closes; `/close` closes after its answer.
void Echo(tcp::socket& socket) {
  boost::beast::flat_buffer buffer;
  for (;;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    boost::system::error_code error;
    http::read(socket, buffer, parser, error);
    if (error) return;
    http::response<http::string_body> response(http::status::ok, 11);
    response.set("X-Method", parser.get().method_string());
    response.set("X-Target", parser.get().target());
    response.set("X-Cookie", parser.get()[http::field::cookie]);
    response.body() = parser.get().body();
    response.keep_alive(parser.get().target() != "/close");
    response.prepare_payload();
    http::write(socket, response, error);
    if (error || !response.keep_alive()) return;
  }
}

struct Exchanged {
  std::optional<Failure> failure;
  HttpResponse response;
  HttpTimes times;
};

struct Call {
  std::string method = "GET";
  std::string url;
  std::string body = {};
  int64_t timeout_ns = 10'000'000'000;
};

// Makes the calls in turn as one user.
std::vector<Exchanged> Calls(const std::vector<Call>& calls,
                             const std::function<void(HttpClient&)>& prepare = {}) {
  Loop loop;
  std::vector<Exchanged> results(calls.size());
  const TlsContext tls = *TlsContext::Make({});
  Resolver resolver;
  Connector connector(loop, resolver, tls);
  auto user = [](Connector* to, const std::vector<Call>* list, std::vector<Exchanged>* out,
                 const std::function<void(HttpClient&)>* before, Loop* l) -> Task<> {
    HttpClient client(*to);
    if (*before) (*before)(client);
    for (size_t i = 0; i < list->size(); ++i) {
      const Call& call = (*list)[i];
      Exchanged& one = (*out)[i];
      HttpRequest request{.method = call.method,
                          .url = call.url,
                          .headers = "",
                          .body = call.body,
                          .has_body = !call.body.empty(),
                          .keep_body = true};
      const Url url = *Url::Parse(call.url);
      one.failure = co_await client.Exchange(request, url, MonotonicNow() + call.timeout_ns,
                                             nullptr, &one.response, &one.times);
    }
    l->Stop();
  };
  Spawn(user(&connector, &calls, &results, &prepare, &loop));
  loop.Run();
  return results;
}

TEST(HttpClient, KeepsItsConnectionAndTimesEachPart) {
  Server server(1, Echo);
  const auto results = Calls({{.url = server.Url("/a?b=c")},
                              {.method = "POST", .url = server.Url("/p"), .body = "hello"},
                              {.method = "HEAD", .url = server.Url("/h")}});
  for (const Exchanged& one : results) {
    ASSERT_FALSE(one.failure) << one.failure->detail;
    EXPECT_EQ(one.response.status, 200);
    EXPECT_GT(one.times.waiting_ns, 0);
  }
  EXPECT_TRUE(results[0].times.connected);
  EXPECT_GT(results[0].times.connecting_ns, 0);
  EXPECT_FALSE(results[1].times.connected);
  EXPECT_EQ(results[1].times.connecting_ns, 0);
  EXPECT_EQ(results[0].response.Header("x-target"), "/a?b=c");
  EXPECT_EQ(results[1].response.body, "hello");
  EXPECT_EQ(results[2].response.Header("x-method"), "HEAD");
}

TEST(HttpClient, OpensAnotherConnectionAfterTheServerClosedOne) {
  Server server(2, Echo);
  const auto results = Calls({{.url = server.Url("/close")}, {.url = server.Url("/b")}});
  EXPECT_FALSE(results[0].failure);
  ASSERT_FALSE(results[1].failure);
  EXPECT_TRUE(results[1].times.connected);
}

TEST(HttpClient, BodiesLargerThanAnySocketBufferArriveWhole) {
  Server server(1, Echo);
  std::string body(20 * 1024 * 1024, 'x');
  for (size_t i = 0; i < body.size(); i += 977) body[i] = static_cast<char>('a' + i % 26);
  const auto results = Calls({{.method = "POST", .url = server.Url("/"), .body = body}});
  ASSERT_FALSE(results[0].failure) << results[0].failure->detail;
  EXPECT_TRUE(results[0].response.body == body);
}

TEST(HttpClient, SendsItsCookies) {
  Server server(1, Echo);
  const auto results = Calls({{.url = server.Url("/")}}, [](HttpClient& client) {
    client.cookies().Set("session=1; Path=/", "127.0.0.1", "/");
  });
  EXPECT_EQ(results[0].response.Header("x-cookie"), "session=1");
}

TEST(HttpClient, ResolvesNames) {
  Server server(1, Echo);
  std::string url = server.Url("/");
  url.replace(url.find("127.0.0.1"), 9, "localhost");
  const auto results = Calls({{.url = url}});
  EXPECT_FALSE(results[0].failure) << results[0].failure->detail;
}

TEST(HttpClient, ADeadKeptConnectionIsReplacedForRequestsThatMayBeRepeated) {
  // The first connection answers once, takes the next request, and resets without an answer.
  int connections = 0;
  Server server(2, [&connections](tcp::socket& socket) {
    if (++connections > 1) return Echo(socket);
    asio::streambuf buffer;
    asio::read_until(socket, buffer, "\r\n\r\n");
    buffer.consume(buffer.size());
    asio::write(socket, asio::buffer(std::string("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")));
    asio::read_until(socket, buffer, "\r\n\r\n");
  });
  const auto results = Calls({{.url = server.Url("/1")}, {.url = server.Url("/2")}});
  ASSERT_FALSE(results[1].failure) << results[1].failure->detail;
  EXPECT_EQ(results[1].response.Header("x-target"), "/2");
}

TEST(HttpClient, MisbehaviourHasItsName) {
  const auto kind = [](const std::function<void(tcp::socket&)>& serve, int64_t timeout_ns) {
    Server server(1, serve);
    const auto results =
        Calls({{.method = "POST", .url = server.Url("/"), .body = "x", .timeout_ns = timeout_ns}});
    return results[0].failure ? std::string(ErrorKindName(results[0].failure->kind)) : "none";
  };
  constexpr int64_t kLong = 10'000'000'000;
  const auto read_then = [](const std::string& answer) {
    return [answer](tcp::socket& socket) {
      asio::streambuf buffer;
      asio::read_until(socket, buffer, "\r\n\r\nx");
      boost::system::error_code error;
      asio::write(socket, asio::buffer(answer), error);
    };
  };
  EXPECT_EQ(kind(read_then(""), kLong), "connection_closed");
  EXPECT_EQ(kind(read_then("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), kLong),
            "connection_closed");
  EXPECT_EQ(kind(read_then("\x16\x03\x01garbage\r\n\r\n"), kLong), "bad_response");
  const auto reset = [](tcp::socket& socket) {
    asio::streambuf buffer;
    asio::read_until(socket, buffer, "\r\n\r\nx");
    socket.set_option(asio::socket_base::linger(true, 0));
    socket.close();  // the destructor would take the option back
  };
  EXPECT_EQ(kind(reset, kLong), "connection_reset");
  const auto silent = [](tcp::socket& socket) {
    boost::system::error_code error;
    char byte;
    while (!error) socket.read_some(asio::buffer(&byte, 1), error);
  };
  EXPECT_EQ(kind(silent, 20'000'000), "timeout");
}

TEST(HttpClient, NobodyThereIsRefused) {
  std::string url;
  { url = Server(0, Echo).Url("/"); }
  const auto results = Calls({{.url = url}});
  ASSERT_TRUE(results[0].failure);
  EXPECT_EQ(results[0].failure->kind, ErrorKind::kConnectionRefused);
}

}  // namespace
}  // namespace rampart::agent
