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
#include <latch>
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

// What `socket` gets of a request's content after its head, until `size` bytes are there.
std::string ReadContent(tcp::socket& socket, size_t size) {
  asio::streambuf buffer;
  const size_t head = asio::read_until(socket, buffer, "\r\n\r\n");
  buffer.consume(head);
  std::string content(asio::buffers_begin(buffer.data()), asio::buffers_end(buffer.data()));
  std::vector<char> piece(64 * 1024);
  boost::system::error_code error;
  while (content.size() < size && !error) {
    const size_t got = socket.read_some(asio::buffer(piece), error);
    content.append(piece.data(), got);
  }
  return content;
}

// Makes one exchange.
Exchanged Exchange(HttpRequest request, const std::string& url_text,
                   int64_t timeout_ns = 10'000'000'000, Interrupt* interrupt = nullptr,
                   const std::function<Task<>(Loop&)>& beside = {}) {
  Loop loop;
  const TlsContext tls = *TlsContext::Make({});
  Resolver resolver;
  Connector connector(loop, resolver, tls);
  Exchanged one;
  auto user = [](Connector* to, HttpRequest what, std::string where, int64_t timeout,
                 Interrupt* stop, Exchanged* out, Loop* l) -> Task<> {
    HttpClient client(*to);
    const Url url = *Url::Parse(where);
    out->failure = co_await client.Exchange(what, url, MonotonicNow() + timeout, stop,
                                            &out->response, &out->times);
    l->Stop();
  };
  Spawn(user(&connector, request, url_text, timeout_ns, interrupt, &one, &loop));
  if (beside) Spawn(beside(loop));
  loop.Run();
  return one;
}

TEST(HttpClient, PiecesOfOneBlockAreOneBodyAndHashedWhereTheySaySo) {
  std::string block(1 << 20, 'x');
  for (size_t i = 0; i < block.size(); i += 977) block[i] = static_cast<char>('a' + i % 26);
  const std::vector<BodyPiece> pieces = {{block, true}, {block, true}, {"between"}, {"end", true}};
  const std::string whole = "head" + block + block + "between" + "end";
  std::string got;
  Server server(1, [&](tcp::socket& socket) {
    got = ReadContent(socket, whole.size());
    asio::write(socket,
                asio::buffer(std::string("HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n")));
  });
  Sha256 hash;
  const Exchanged one = Exchange(
      {.method = "POST", .body = "head", .pieces = pieces, .has_body = true, .sent_hash = &hash},
      server.Url("/"));
  ASSERT_FALSE(one.failure) << one.failure->detail;
  EXPECT_EQ(one.response.status, 201);
  EXPECT_TRUE(one.response.keep_alive);
  EXPECT_TRUE(got == whole);
  EXPECT_GT(one.times.bytes_sent, whole.size());
  EXPECT_LT(one.times.bytes_sent, whole.size() + 1000);
  EXPECT_GT(one.times.sending_ns, 0);
  Sha256 expected;
  expected.Update(block + block + "end");
  EXPECT_EQ(hash.Hex(), expected.Hex());
}

TEST(HttpClient, AnAnswerBeforeTheBodyIsReadEndsSending) {
  const std::string block(1 << 20, 'x');
  const std::vector<BodyPiece> pieces(64, {block});
  for (const bool closes : {false, true}) {
    std::latch ended(1);
    Server server(1, [closes, &ended](tcp::socket& socket) {
      asio::streambuf buffer;
      asio::read_until(socket, buffer, "\r\n\r\n");
      asio::write(
          socket,
          asio::buffer(std::string("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")));
      if (!closes) ended.wait();  // else at once, with unread bytes: a reset
    });
    const Exchanged one =
        Exchange({.method = "POST", .pieces = pieces, .has_body = true}, server.Url("/"));
    ended.count_down();
    ASSERT_FALSE(one.failure) << one.failure->detail;
    EXPECT_EQ(one.response.status, 413);
    EXPECT_EQ(one.response.body, "big");
    EXPECT_FALSE(one.response.keep_alive);
    EXPECT_TRUE(one.times.sent);
    EXPECT_GT(one.times.bytes_sent, 0u);
    EXPECT_LT(one.times.bytes_sent, uint64_t{64} << 20);
  }
}

TEST(HttpClient, ALongBodyHasItsDeadlineAndCanBeInterrupted) {
  const std::string block(1 << 20, 'x');
  const std::vector<BodyPiece> pieces(64, {block});
  std::latch ended(2);
  const auto never_reads = [&ended](tcp::socket&) { ended.wait(); };
  Server server(2, never_reads);
  const HttpRequest request{.method = "POST", .pieces = pieces, .has_body = true};
  {
    const Exchanged one = Exchange(request, server.Url("/"), 50'000'000);
    ended.count_down();
    ASSERT_TRUE(one.failure);
    EXPECT_EQ(one.failure->kind, ErrorKind::kTimeout);
    EXPECT_FALSE(one.times.sent);
  }
  Interrupt interrupt;
  const Exchanged one =
      Exchange(request, server.Url("/"), 60'000'000'000, &interrupt, [&](Loop& loop) -> Task<> {
        co_await loop.SleepUntil(MonotonicNow() + 50'000'000);
        interrupt.Request();
      });
  ended.count_down();
  ASSERT_TRUE(one.failure);
  EXPECT_EQ(one.failure->kind, ErrorKind::kInterrupted);
}

TEST(HttpClient, AnEndlessBodyThatIsNotKeptEndsAtTheDeadline) {
  Server server(1, [](tcp::socket& socket) {
    asio::streambuf buffer;
    asio::read_until(socket, buffer, "\r\n\r\n");
    boost::system::error_code error;
    asio::write(socket, asio::buffer(std::string("HTTP/1.1 200 OK\r\n\r\n")), error);
    const std::string block(1 << 20, 'x');
    while (!error) asio::write(socket, asio::buffer(block), error);
  });
  const Exchanged one =
      Exchange({.method = "GET", .keep_body = false}, server.Url("/"), 300'000'000);
  ASSERT_TRUE(one.failure);
  EXPECT_EQ(one.failure->kind, ErrorKind::kTimeout);
  EXPECT_TRUE(one.response.body.empty());
}

TEST(HttpClient, ALargeBodyIsHashedWithoutBeingKept) {
  std::string block(1 << 20, 'x');
  for (size_t i = 0; i < block.size(); i += 977) block[i] = static_cast<char>('a' + i % 26);
  constexpr int kBlocks = 80;  // more than may be kept
  Server server(2, [&block](tcp::socket& socket) {
    asio::streambuf buffer;
    asio::read_until(socket, buffer, "\r\n\r\n");
    boost::system::error_code error;
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBlocks << 20) + "\r\n\r\n";
    asio::write(socket, asio::buffer(head), error);
    for (int i = 0; i < kBlocks && !error; ++i) asio::write(socket, asio::buffer(block), error);
  });
  Sha256 hash;
  Exchanged one = Exchange({.method = "GET", .keep_body = false, .body_hash = &hash},
                           server.Url("/"), 60'000'000'000);
  ASSERT_FALSE(one.failure) << one.failure->detail;
  EXPECT_EQ(one.response.body.capacity(), std::string().capacity());
  EXPECT_EQ(one.response.body_bytes, uint64_t{kBlocks} << 20);
  Sha256 expected;
  for (int i = 0; i < kBlocks; ++i) expected.Update(block);
  EXPECT_EQ(hash.Hex(), expected.Hex());
  one = Exchange({.method = "GET", .keep_body = true}, server.Url("/"), 60'000'000'000);
  ASSERT_TRUE(one.failure);
  EXPECT_EQ(one.failure->kind, ErrorKind::kBodyTooLarge);
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
