// https and wss, with a certificate that is made for the test.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "tests/chat/test_client.h"

namespace rampart::chat {
namespace {

using TlsStream = boost::asio::ssl::stream<tcp::socket>;

// Writes a self-signed certificate and its key.
Options SelfSigned() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  Options options{.tls_cert = ::testing::TempDir() + "/chat_cert.pem",
                  .tls_key = ::testing::TempDir() + "/chat_key.pem"};
  std::FILE* out = std::fopen(options.tls_cert.c_str(), "w");
  PEM_write_X509(out, certificate.get());
  std::fclose(out);
  out = std::fopen(options.tls_key.c_str(), "w");
  PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(out);
  return options;
}

TEST(ChatTlsTest, HttpsAndWssWorkAndCloseProperly) {
  RunningServer server(SelfSigned());
  boost::asio::io_context context;
  boost::asio::ssl::context tls(boost::asio::ssl::context::tls_client);

  TlsStream https(context, tls);
  https.next_layer().connect(server.endpoint());
  https.handshake(TlsStream::client);
  http::request<http::empty_body> request{http::verb::get, "/api/health", 11};
  request.keep_alive(false);
  http::write(https, request);
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(https, buffer, response);
  EXPECT_EQ(response.body(), R"({"status":"ok"})");
  char byte;
  boost::system::error_code error;
  boost::asio::read(https, boost::asio::buffer(&byte, 1), error);
  EXPECT_EQ(error, boost::asio::error::eof);  // and not `stream truncated`

  websocket::stream<TlsStream> wss(context, tls);
  wss.next_layer().next_layer().connect(server.endpoint());
  wss.next_layer().handshake(TlsStream::client);
  wss.handshake("localhost", "/api/ws");
  for (const size_t size : {10u, 100'000u}) {
    const json::value ping = {{"type", "ping"}, {"timestamp", std::string(size, 'x')}};
    wss.write(boost::asio::buffer(json::serialize(ping)));
    buffer.clear();
    wss.read(buffer);
    const json::value pong = json::parse(boost::beast::buffers_to_string(buffer.data()));
    EXPECT_EQ(pong.at("timestamp"), ping.at("timestamp"));
  }
  wss.close(websocket::close_code::normal, error);
  EXPECT_FALSE(error) << error.message();
}

TEST(ChatTlsTest, ACertificateThatIsMissingIsNamed) {
  Options options;
  options.tls_cert = "/nonexistent/cert.pem";
  EXPECT_THAT(std::string(Server::Start(options).status().message()),
              ::testing::HasSubstr("go together"));
  options.tls_key = "/nonexistent/key.pem";
  EXPECT_THAT(std::string(Server::Start(options).status().message()),
              ::testing::HasSubstr("/nonexistent/cert.pem"));
}

}  // namespace
}  // namespace rampart::chat
