#include "tests/chat/net/connection.h"

#include "tests/chat/counters.h"
#include "tests/chat/net/loop.h"

namespace rampart::chat {
namespace {

constexpr std::chrono::seconds kFinishTimeout{2};

}  // namespace

Connection::Connection(Loop& loop, Socket socket, asio::ssl::context* tls)
    : loop_(loop), socket_(std::move(socket)) {
  error_code ignored;  // a socket that is broken already shows it at the first read
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  if (tls != nullptr) tls_ = std::make_unique<Tls>(socket_, *tls);
  ++loop_.counters().tcp_connections_open;
  loop_.Track(*this);
}

Connection::~Connection() {
  Close();
  loop_.Forget(*this);
}

Awaitable<error_code> Connection::Handshake() {
  if (tls_ == nullptr) co_return error_code();
  auto [error] = co_await tls_->stream.async_handshake(asio::ssl::stream_base::server, kAwait);
  co_return error;
}

Awaitable<error_code> Connection::Fill(std::string& input) {
  if (tls_ != nullptr) {
    auto [error, n] = co_await tls_->stream.async_read_some(asio::buffer(tls_->buffer), kAwait);
    loop_.counters().bytes_received += n;
    input.append(tls_->buffer.data(), n);
    co_return error;
  }
  for (;;) {
    auto [wait_error] = co_await socket_.async_wait(Socket::wait_read, kAwait);
    if (wait_error) co_return wait_error;
    error_code error;
    const size_t n =
        socket_.read_some(asio::buffer(loop_.scratch().data(), loop_.scratch().size()), error);
    if (error == asio::error::would_block) continue;
    loop_.counters().bytes_received += n;
    input.append(loop_.scratch().data(), n);
    co_return error;
  }
}

void Connection::CountSent(size_t bytes) { loop_.counters().bytes_sent += bytes; }

std::string Connection::peer() const {
  error_code error;
  const auto endpoint = socket_.remote_endpoint(error);
  return error ? "" : endpoint.address().to_string();
}

Awaitable<void> Connection::Finish() {
  ExpireAfter(kFinishTimeout);
  if (tls_ != nullptr) {
    co_await tls_->stream.async_shutdown(kAwait);
  } else {
    error_code error;
    socket_.shutdown(Socket::shutdown_send, error);
    while (!error) {
      std::string discarded;
      error = co_await Fill(discarded);
    }
  }
  Close();
}

void Connection::ExpireAfter(std::chrono::milliseconds duration) {
  if (!expires()) loop_.GotDeadline(*this);
  deadline_ = loop_.now() + duration;
}

void Connection::NeverExpire() {
  if (expires()) loop_.LostDeadline(*this);
  deadline_ = kNever;
}

void Connection::Close() {
  if (closed_) return;
  closed_ = true;
  --loop_.counters().tcp_connections_open;
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace rampart::chat
