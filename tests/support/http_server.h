// HttpServer: answers requests on loopback as a test says, and remembers them.
#ifndef RAMPART_TESTS_SUPPORT_HTTP_SERVER_H_
#define RAMPART_TESTS_SUPPORT_HTTP_SERVER_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rampart {

using HttpServerRequest = boost::beast::http::request<boost::beast::http::string_body>;
using HttpServerResponse = boost::beast::http::response<boost::beast::http::string_body>;

// A thread a connection. `answer` comes on those threads; nothing closes the connection without an
// answer.
class HttpServer {
 public:
  using Answer = std::function<std::optional<HttpServerResponse>(const HttpServerRequest&)>;

  explicit HttpServer(Answer answer)
      : answer_(std::move(answer)),
        acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}),
        thread_([this] { Accept(); }) {}
  ~HttpServer() {
    // Wakes the accept, then every connection that waits for a request.
    shutdown(acceptor_.native_handle(), SHUT_RDWR);
    thread_.join();
    for (Connection& connection : connections_) {
      shutdown(connection.socket.native_handle(), SHUT_RDWR);
      connection.thread.join();
    }
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
  uint16_t port() const { return acceptor_.local_endpoint().port(); }

  // Read completely so far. A request is here before its answer is sent.
  std::vector<HttpServerRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  struct Connection {
    boost::asio::ip::tcp::socket socket;
    std::thread thread;
  };

  void Accept() {
    for (;;) {
      boost::asio::ip::tcp::socket socket(context_);
      boost::system::error_code error;
      acceptor_.accept(socket, error);
      if (error) return;
      Connection& connection = connections_.emplace_back(Connection{std::move(socket), {}});
      connection.thread = std::thread([this, &connection] { Serve(connection.socket); });
    }
  }

  void Serve(boost::asio::ip::tcp::socket& socket) {
    boost::beast::flat_buffer buffer;
    boost::system::error_code error;
    for (;;) {
      boost::beast::http::request_parser<boost::beast::http::string_body> parser;
      parser.body_limit(boost::none);
      boost::beast::http::read(socket, buffer, parser, error);
      if (error) return;
      const HttpServerRequest request = parser.release();
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      std::optional<HttpServerResponse> response = answer_(request);
      if (!response) break;
      response->version(11);
      response->prepare_payload();
      if (request.method() == boost::beast::http::verb::head) response->body().clear();
      boost::beast::http::write(socket, *response, error);
      if (error) return;
    }
    socket.shutdown(boost::asio::ip::tcp::socket::shutdown_both, error);
  }

  Answer answer_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  mutable std::mutex mutex_;
  std::vector<HttpServerRequest> requests_;  // guarded by mutex_
  std::list<Connection> connections_;        // of the accepting thread until it has ended
  std::thread thread_;
};

// A response with this status, body and JSON's content type.
inline HttpServerResponse Respond(unsigned status, std::string body = "") {
  HttpServerResponse response;
  response.result(status);
  response.set(boost::beast::http::field::content_type, "application/json");
  response.body() = std::move(body);
  return response;
}

}  // namespace rampart

#endif  // RAMPART_TESTS_SUPPORT_HTTP_SERVER_H_
