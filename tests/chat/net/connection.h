// One accepted TCP connection, plain or TLS, that holds no buffer while it is idle.
#ifndef RAMPART_TESTS_CHAT_NET_CONNECTION_H_
#define RAMPART_TESTS_CHAT_NET_CONNECTION_H_

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace rampart::chat {

namespace asio = boost::asio;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
template <class T>
using Awaitable = asio::awaitable<T, Executor>;
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> kAwait{};

class Loop;

// Who must be told on this connection that the server ends.
class ShutdownListener {
 public:
  virtual ~ShutdownListener() = default;
  virtual void OnShutdown() = 0;
};

// A connection that was accepted. Owned by the session that it serves; lives on the thread of its
// Loop, which closes it when its deadline has passed. A plain connection waits for something to
// read before it takes a buffer, and that buffer is its thread's; a TLS connection keeps its own.
// Errors are Asio's codes. What is read and written is counted in bytes.
class Connection : public boost::intrusive::list_base_hook<> {
 public:
  Connection(Loop& loop, Socket socket, asio::ssl::context* tls);
  ~Connection();

  // TLS: the server's side of the handshake. Plain: nothing.
  Awaitable<error_code> Handshake();

  // Waits for bytes and appends them to `input`.
  Awaitable<error_code> Fill(std::string& input);

  // Writes all of `buffers`, then calls `token` with (error_code, bytes).
  template <class Buffers, class Token>
  auto Write(const Buffers& buffers, Token&& token) {
    if (tls_ != nullptr)
      return asio::async_write(tls_->stream, buffers, std::forward<Token>(token));
    return asio::async_write(socket_, buffers, std::forward<Token>(token));
  }
  void CountSent(size_t bytes);

  // Ends the sending side, lets the peer finish (bounded in time), and closes. So nothing that was
  // written is lost by a reset.
  Awaitable<void> Finish();

  // The loop closes the connection when this much has passed.
  void ExpireAfter(std::chrono::milliseconds duration);
  void NeverExpire();
  bool expires() const { return deadline_ != kNever; }
  bool Expired(std::chrono::steady_clock::time_point now) const { return now >= deadline_; }

  // Cancels what is under way. Repeating it does nothing.
  void Close();

  // Between two requests: a shutdown may close it at once.
  void SetIdle(bool idle) { idle_ = idle; }
  bool idle() const { return idle_; }
  void SetShutdownListener(ShutdownListener* listener) { listener_ = listener; }
  ShutdownListener* shutdown_listener() const { return listener_; }

  // The client's address, without its port; empty when the connection is gone.
  std::string peer() const;

  Loop& loop() { return loop_; }

 private:
  static constexpr auto kNever = std::chrono::steady_clock::time_point::max();
  static constexpr size_t kTlsReadBytes = 4096;

  struct Tls {
    Tls(Socket& socket, asio::ssl::context& context) : stream(socket, context) {}
    asio::ssl::stream<Socket&> stream;
    std::array<char, kTlsReadBytes> buffer;
  };

  Loop& loop_;
  Socket socket_;
  std::unique_ptr<Tls> tls_;
  std::chrono::steady_clock::time_point deadline_ = kNever;
  ShutdownListener* listener_ = nullptr;
  bool idle_ = false;
  bool closed_ = false;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_NET_CONNECTION_H_
