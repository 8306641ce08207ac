// A client for the tests of the chat server: blocking, over loopback, on Beast.
#ifndef RAMPART_TESTS_CHAT_TEST_CLIENT_H_
#define RAMPART_TESTS_CHAT_TEST_CLIENT_H_

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include "gtest/gtest.h"
#include "tests/chat/server.h"

namespace rampart::chat {

namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
namespace json = boost::json;
using boost::asio::ip::tcp;

// A server that runs on its own thread.
class RunningServer {
 public:
  explicit RunningServer(const Options& options) {
    absl::StatusOr<std::unique_ptr<Server>> started = Server::Start(options);
    if (!started.ok()) {
      ADD_FAILURE() << started.status();
      std::abort();
    }
    server_ = *std::move(started);
    thread_ = std::thread([this] { server_->Run(); });
  }
  ~RunningServer() {
    server_->Stop();
    thread_.join();
  }
  tcp::endpoint endpoint() const {
    return {boost::asio::ip::address_v4::loopback(), server_->port()};
  }

 private:
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

struct Answered {
  unsigned status = 0;
  std::string body;
  std::string encoding;

  json::value Json() const { return json::parse(body); }
  std::string Text(const char* member) const {
    return std::string(Json().as_object().at(member).as_string());
  }
};

// One keep-alive connection.
class Client {
 public:
  explicit Client(const RunningServer& server) : Client(server.endpoint()) {}
  explicit Client(const tcp::endpoint& server) : socket_(context_) { socket_.connect(server); }

  Answered Do(http::verb verb, std::string target, std::string body = "",
              std::string content_type = "application/json") {
    http::request<http::string_body> request{verb, target, 11, std::move(body)};
    request.set(http::field::host, "localhost");
    if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
    if (!user_header.empty()) request.set("X-User-Id", user_header);
    if (accept_gzip) request.set(http::field::accept_encoding, "gzip");
    if (verb == http::verb::post) request.set(http::field::content_type, content_type);
    request.prepare_payload();
    http::write(socket_, request);
    return Read();
  }
  Answered Get(std::string target) { return Do(http::verb::get, std::move(target)); }
  Answered Post(std::string target, const json::value& body) {
    return Do(http::verb::post, std::move(target), json::serialize(body));
  }

  // Bytes as they are, and the answer to them.
  Answered Raw(std::string_view bytes) {
    boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()));
    return Read();
  }
  Answered Read() {
    http::response_parser<http::string_body> parser;
    parser.body_limit(1 << 30);
    http::read(socket_, buffer_, parser);
    const auto& response = parser.get();
    return {response.result_int(), response.body(),
            std::string(response[http::field::content_encoding])};
  }

  // Signs in, keeps the token and returns the user's id.
  std::string SignIn(const std::string& name) {
    const Answered answer =
        Post("/api/auth/signin", {{"email", name}, {"password", "secret of " + name}});
    EXPECT_EQ(answer.status, 200u) << answer.body;
    token = answer.Text("token");
    return std::string(answer.Json().at("user").at("id").as_string());
  }
  std::string NewChannel() {
    return Post("/api/channels", {{"name", "c"}, {"type", "public"}}).Text("id");
  }
  std::string NewMessage(const std::string& channel, const std::string& content,
                         const std::string& type = "message") {
    const Answered answer =
        Post("/api/messages", {{"channel_id", channel}, {"content", content}, {"type", type}});
    EXPECT_EQ(answer.status, 201u) << answer.body;
    return answer.Text("id");
  }

  bool ReadsEof() {
    char byte;
    boost::system::error_code error;
    boost::asio::read(socket_, boost::asio::buffer(&byte, 1), error);
    return error == boost::asio::error::eof;
  }

  std::string token;
  std::string user_header;
  bool accept_gzip = false;

 private:
  boost::asio::io_context context_;
  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

// A WebSocket by Beast: not the frame code that is under test.
class SocketClient {
 public:
  explicit SocketClient(const RunningServer& server, std::string target = "/api/ws")
      : SocketClient(server.endpoint(), std::move(target)) {}
  explicit SocketClient(const tcp::endpoint& server, std::string target = "/api/ws")
      : stream_(context_) {
    // A small window, so that a client that does not read is soon felt by the server.
    stream_.next_layer().open(tcp::v4());
    stream_.next_layer().set_option(boost::asio::socket_base::receive_buffer_size(4096));
    stream_.next_layer().connect(server);
    stream_.handshake("localhost", target);
  }

  void Send(const json::value& message) {
    stream_.text(true);
    stream_.write(boost::asio::buffer(json::serialize(message)));
  }
  json::object Receive() {
    boost::beast::flat_buffer buffer;
    stream_.read(buffer);
    return json::parse(boost::beast::buffers_to_string(buffer.data())).as_object();
  }
  json::object Ask(const json::value& message) {
    Send(message);
    return Receive();
  }
  void SignInAndJoin(const std::string& token, const std::string& channel) {
    EXPECT_EQ(Ask({{"type", "auth"}, {"token", token}}).at("type"), "auth_ok");
    EXPECT_EQ(Ask({{"type", "join"}, {"channel_id", channel}}).at("type"), "joined");
  }

  websocket::stream<tcp::socket>& stream() { return stream_; }

 private:
  boost::asio::io_context context_;
  websocket::stream<tcp::socket> stream_;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_TEST_CLIENT_H_
