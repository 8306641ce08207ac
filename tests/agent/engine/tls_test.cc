// Connections by TLS to a server whose certificate is made here.
#include "agent/engine/tls.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <thread>
#include <vector>

#include "agent/engine/transport.h"
#include "tests/support/certificate.h"

namespace rampart::agent {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Accepts one connection and says `hello` if the handshake succeeds.
class Server {
 public:
  explicit Server(const Certificate& certificate)
      : acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    SSL_CTX_use_certificate(tls_.native_handle(), certificate.x509);
    SSL_CTX_use_PrivateKey(tls_.native_handle(), certificate.key);
    thread_ = std::thread([this] {
      asio::ssl::stream<tcp::socket> stream(context_, tls_);
      acceptor_.accept(stream.lowest_layer());
      boost::system::error_code error;
      stream.handshake(asio::ssl::stream_base::server, error);
      if (!error) asio::write(stream, asio::buffer("hello", 5), error);
      if (!error) stream.shutdown(error);
    });
  }
  ~Server() { thread_.join(); }
  uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  asio::io_context context_;
  asio::ssl::context tls_{asio::ssl::context::tls_server};
  tcp::acceptor acceptor_;
  std::thread thread_;
};

Task<> Read(Connector& connector, std::string host, uint16_t port, std::string* result,
            ConnectTimes* times) {
  Loop& loop = connector.loop();
  const int64_t deadline_ns = MonotonicNow() + 10'000'000'000;
  Connector::Result connected =
      co_await connector.Connect(host, port, true, deadline_ns, nullptr, times);
  if (auto* failed = std::get_if<Failure>(&connected)) {
    *result = ErrorKindName(failed->kind);
  } else {
    Transport& transport = *std::get<std::unique_ptr<Transport>>(connected);
    for (bool open = true; open;) {
      const Transport::Moved moved = transport.Receive(loop.read_buffer(), 100);
      switch (moved.step) {
        case Transport::Step::kDone:
          result->append(loop.read_buffer(), moved.bytes);
          break;
        case Transport::Step::kBlocked:
          EXPECT_EQ(co_await transport.ToReceive(deadline_ns, nullptr), Wake::kReady);
          break;
        default:
          open = false;
      }
    }
  }
  loop.Stop();
}

// What a client with these options gets from a server with this certificate.
std::string Connect(const Certificate& certificate, const TlsOptions& options,
                    const std::string& host = "127.0.0.1", ConnectTimes* times = nullptr) {
  Server server(certificate);
  Loop loop;
  Resolver resolver;
  const TlsContext tls = *TlsContext::Make(options);
  Connector connector(loop, resolver, tls);
  std::string result;
  ConnectTimes ignored;
  Spawn(Read(connector, host, server.port(), &result, times == nullptr ? &ignored : times));
  loop.Run();
  return result;
}

TEST(Tls, ATrustedCertificateForTheAddressIsAccepted) {
  const Certificate certificate("IP:127.0.0.1");
  ConnectTimes times;
  EXPECT_EQ(
      Connect(certificate, {.insecure = false, .ca_file = certificate.file}, "127.0.0.1", &times),
      "hello");
  EXPECT_GT(times.connecting_ns, 0);
  EXPECT_GT(times.tls_ns, 0);
}

TEST(Tls, ATrustedCertificateForTheNameIsAccepted) {
  const Certificate certificate("DNS:localhost");
  EXPECT_EQ(Connect(certificate, {.insecure = false, .ca_file = certificate.file}, "localhost"),
            "hello");
}

TEST(Tls, BadCertificatesAreRefusedUnlessTheyAreNotLookedAt) {
  const Certificate self_signed("IP:127.0.0.1");
  const Certificate wrong_host("DNS:elsewhere.test");
  const Certificate expired("IP:127.0.0.1", -3600);
  EXPECT_EQ(Connect(self_signed, {}), "tls_certificate");
  EXPECT_EQ(Connect(wrong_host, {.insecure = false, .ca_file = wrong_host.file}),
            "tls_certificate");
  EXPECT_EQ(Connect(expired, {.insecure = false, .ca_file = expired.file}), "tls_certificate");
  const TlsOptions insecure{.insecure = true, .ca_file = ""};
  EXPECT_EQ(Connect(self_signed, insecure), "hello");
  EXPECT_EQ(Connect(wrong_host, insecure), "hello");
  EXPECT_EQ(Connect(expired, insecure), "hello");
}

// A client and a server of one TLS version, in one thread.
class Pair {
 public:
  Pair(const TlsContext& tls, const Certificate& certificate, int version)
      : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate(context_.get(), certificate.x509);
    SSL_CTX_use_PrivateKey(context_.get(), certificate.key);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_), 0);
    client = tls.NewSession(ends_[0], "127.0.0.1");
    server.reset(SSL_new(context_.get()));
    SSL_set_fd(server.get(), ends_[1]);
    SSL_set_accept_state(server.get());
    for (int i = 0; i < 4; ++i) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
    EXPECT_EQ(SSL_is_init_finished(client.get()), 1);
    EXPECT_EQ(SSL_version(client.get()), version);
  }
  ~Pair() {
    for (const int end : ends_) close(end);
  }

  // What came of one word each way.
  std::string Exchange() {
    char buffer[16];
    std::string came;
    SSL_write(server.get(), "ping", 4);
    if (const int got = SSL_read(client.get(), buffer, sizeof(buffer)); got > 0) {
      came.append(buffer, static_cast<size_t>(got));
    }
    EXPECT_EQ(SSL_read(client.get(), buffer, sizeof(buffer)), -1);
    SSL_write(client.get(), "pong", 4);
    if (const int got = SSL_read(server.get(), buffer, sizeof(buffer)); got > 0) {
      came.append(buffer, static_cast<size_t>(got));
    }
    return came;
  }

  SslHandle client;
  SslHandle server;

 private:
  std::unique_ptr<SSL_CTX, SslFree> context_;
  int ends_[2];
};

TEST(Tls, AnOpenConnectionKeepsNeitherCertificatesNorTicketsAndGoesOn) {
  const Certificate certificate("IP:127.0.0.1");
  const TlsContext tls = *TlsContext::Make({.ca_file = certificate.file});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair pair(tls, certificate, version);
    EXPECT_NE(SSL_get0_peer_certificate(pair.client.get()), nullptr);
    tls.Shed(pair.client.get());
    EXPECT_EQ(SSL_get0_peer_certificate(pair.client.get()), nullptr);
    const SSL_SESSION* common = SSL_get_session(pair.client.get());
    EXPECT_EQ(pair.Exchange(), "pingpong");
    if (version == TLS1_3_VERSION) {
      EXPECT_EQ(SSL_new_session_ticket(pair.server.get()), 1);
      EXPECT_EQ(pair.Exchange(), "pingpong");
      EXPECT_EQ(SSL_key_update(pair.server.get(), SSL_KEY_UPDATE_REQUESTED), 1);
    }
    for (int i = 0; i < 3; ++i) EXPECT_EQ(pair.Exchange(), "pingpong");
    tls.Shed(pair.client.get());
    EXPECT_EQ(SSL_get_session(pair.client.get()), common);
    EXPECT_EQ(pair.Exchange(), "pingpong");
  }
}

int64_t HeapBytes() {
  const auto heap = mallinfo2();
  return static_cast<int64_t>(heap.uordblks + heap.hblkhd);
}

TEST(Tls, AnIdleConnectionCostsLessThanTheLimit) {
  constexpr int64_t kMaxBytes = 14 * 1024;
  const Certificate certificate("IP:127.0.0.1");
  const TlsContext tls = *TlsContext::Make({.ca_file = certificate.file});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    std::vector<std::unique_ptr<Pair>> pairs;  // many: malloc keeps a few blocks of each size
    for (int i = 0; i < 32; ++i) {
      pairs.push_back(std::make_unique<Pair>(tls, certificate, version));
      // What is sent comes before the tickets are read, as with an HTTP request.
      SSL_write(pairs.back()->client.get(), "pong", 4);
      char byte;
      EXPECT_EQ(SSL_read(pairs.back()->client.get(), &byte, 1), -1);
      tls.Shed(pairs.back()->client.get());
    }
    const int64_t held = HeapBytes();
    if (held == 0) GTEST_SKIP() << "an allocator that does not say what it gave away";
    for (const auto& pair : pairs) pair->client.reset();
    const int64_t a_connection = (held - HeapBytes()) / static_cast<int64_t>(pairs.size());
    EXPECT_LE(a_connection, kMaxBytes);
    EXPECT_GT(a_connection, kMaxBytes / 3) << "less than OpenSSL needs: is it counted?";
  }
}

TEST(Tls, AServerThatSpeaksNoTlsIsNamed) {
  asio::io_context context;
  tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  std::thread server([&] {
    tcp::socket socket(context);
    acceptor.accept(socket);
    boost::system::error_code error;
    asio::write(socket, asio::buffer("HTTP/1.1 400 Bad Request\r\n\r\n", 28), error);
    char byte;
    while (!error) socket.read_some(asio::buffer(&byte, 1), error);
  });
  Loop loop;
  Resolver resolver;
  const TlsContext tls = *TlsContext::Make({});
  Connector connector(loop, resolver, tls);
  std::string result;
  ConnectTimes times;
  Spawn(Read(connector, "127.0.0.1", acceptor.local_endpoint().port(), &result, &times));
  loop.Run();
  server.join();
  EXPECT_EQ(result, "tls_handshake");
}

TEST(Tls, ACaFileThatIsNotThereIsSaid) {
  const auto made = TlsContext::Make({.insecure = false, .ca_file = "/nonexistent.pem"});
  ASSERT_FALSE(made.ok());
  EXPECT_NE(std::string(made.status().message()).find("/nonexistent.pem"), std::string::npos);
}

}  // namespace
}  // namespace rampart::agent
