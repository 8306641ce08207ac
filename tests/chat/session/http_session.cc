#include "tests/chat/session/http_session.h"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fstream>
#include <utility>
#include <vector>

#include "tests/chat/api/upload.h"
#include "tests/chat/net/loop.h"
#include "tests/chat/net/websocket_frame.h"
#include "tests/chat/session/websocket_session.h"

namespace rampart::chat {
namespace {

namespace http = boost::beast::http;

constexpr std::chrono::seconds kHeaderTimeout{30};    // for a header, from its first byte
constexpr std::chrono::seconds kProgressTimeout{60};  // for the next part of a body or an answer
constexpr size_t kBlockBytes = 64 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool IsWebSocketUpgrade(const http::request<http::empty_body>& request, std::string_view path) {
  if (path != "/socket.io/" && path != "/socket.io" && path != "/api/ws") return false;
  return request.method() == http::verb::get &&
         http::token_list{request[http::field::upgrade]}.exists("websocket") &&
         http::token_list{request[http::field::connection]}.exists("upgrade");
}

}  // namespace

HttpSession::HttpSession(App& app, std::unique_ptr<Connection> connection)
    : app_(app), connection_(std::move(connection)) {}

Awaitable<void> HttpSession::Serve(std::unique_ptr<HttpSession> session) {
  Connection& connection = *session->connection_;
  connection.ExpireAfter(kHeaderTimeout);
  const error_code error = co_await connection.Handshake();
  if (error) co_return;
  Next next = Next::kKeepAlive;
  while (next == Next::kKeepAlive) {
    if (session->input_.empty()) {
      std::string().swap(session->input_);
      connection.SetIdle(true);
      connection.ExpireAfter(session->app_.options.idle_timeout);
      const error_code ended = co_await connection.Fill(session->input_);
      connection.SetIdle(false);
      if (ended) co_return;
    }
    next = co_await session->ServeOne();
  }
  if (next == Next::kFinish) co_await connection.Finish();
  if (next == Next::kUpgrade) {
    std::make_shared<WebSocketSession>(session->app_, std::move(session->connection_),
                                       std::move(session->input_), std::move(session->user_),
                                       std::move(session->watched_))
        ->Start();
  }
}

Awaitable<bool> HttpSession::More() {
  const error_code error = co_await connection_->Fill(input_);
  co_return !error;
}

Awaitable<HttpSession::Next> HttpSession::ReadHead(HeadParser& parser) {
  parser.header_limit(kMaxHeaderBytes);
  parser.body_limit(Upload::kMaxBodyBytes);
  connection_->ExpireAfter(kHeaderTimeout);
  while (!parser.is_header_done()) {
    error_code error;
    const size_t used = parser.put(asio::buffer(input_), error);
    input_.erase(0, used);
    if (error == http::error::need_more) {
      const bool more = co_await More();
      if (!more) co_return Next::kGone;
    } else if (error) {
      const Next next = co_await Refuse(error);
      co_return next;
    }
  }
  co_return Next::kKeepAlive;
}

absl::Status HttpSession::FillCall(const HeadParser& parser, Call& call) {
  const auto& request = parser.get();
  const std::string_view target = View(request.target());
  const size_t question = std::min(target.find('?'), target.size());
  call.method = request.method() == http::verb::head ? http::verb::get : request.method();
  call.path = target.substr(0, question);
  call.query = target.substr(std::min(question + 1, target.size()));
  const std::string_view authorization = View(request[http::field::authorization]);
  constexpr std::string_view kBearer = "Bearer ";
  if (authorization.starts_with(kBearer)) call.token = authorization.substr(kBearer.size());
  absl::StatusOr<std::optional<User>> user =
      Authenticate(app_, call.token, View(request["X-User-Id"]));
  if (!user.ok()) return user.status();
  call.user = *std::move(user);
  return absl::OkStatus();
}

Awaitable<HttpSession::Next> HttpSession::ServeOne() {
  HeadParser parser;
  Next next = co_await ReadHead(parser);
  if (next != Next::kKeepAlive) co_return next;
  const auto& request = parser.get();
  Call call;
  absl::Status status = FillCall(parser, call);
  if (IsWebSocketUpgrade(request, call.path) && parser.is_done()) {
    user_ = call.user;
    const std::string key(View(request[http::field::sec_websocket_key]));
    if (View(request[http::field::sec_websocket_version]) == "13" && !AcceptKey(key).empty()) {
      next = co_await Upgrade(key, View(request["X-User-Id"]));
      co_return next;
    }
    status = absl::InvalidArgumentError("a WebSocket upgrade needs version 13 and a key");
  }
  Head head;
  head.keep_alive = parser.keep_alive();
  head.is_head = request.method() == http::verb::head;
  head.is_counted = !call.path.starts_with("/api/stats") && call.path != "/api/health";
  head.gzip = app_.options.compress &&
              http::token_list{request[http::field::accept_encoding]}.exists("gzip");
  const bool is_upload =
      call.path == "/api/files/upload" && call.method == http::verb::post && !app_.relay;
  const uint64_t limit = is_upload ? Upload::kMaxBodyBytes : kMaxBodyBytes;
  if (!parser.is_done()) {
    connection_->ExpireAfter(kProgressTimeout);
    if (parser.content_length().value_or(0) > limit) {
      next = co_await Refuse(http::error::body_limit);
      co_return next;
    }
    if (http::token_list{request[http::field::expect]}.exists("100-continue")) {
      auto [error, sent] = co_await connection_->Write(asio::buffer(kContinue), kAwait);
      connection_->CountSent(sent);
      if (error) co_return Next::kGone;
    }
  }
  Reply reply;
  if (is_upload) {
    next = co_await ReadUpload(parser, call, reply);
  } else if (!parser.is_done()) {
    next = co_await ReadBody(parser, call.body);
  }
  if (next != Next::kKeepAlive) co_return next;
  head.is_complete = true;
  ++app_.counters.http_requests_total;
  if (head.is_counted) ++app_.counters.http_requests;
  if (!status.ok()) {
    reply = StatusReply(status);
  } else if (!is_upload) {
    reply = Answer(app_, std::move(call));
  }
  if (app_.options.delay.count() > 0 && head.is_counted) {
    connection_->NeverExpire();
    Timer timer(connection_->loop().context());
    timer.expires_after(app_.options.delay);
    co_await timer.async_wait(kAwait);
  }
  next = co_await Send(std::move(reply), head);
  co_return next;
}

Awaitable<HttpSession::Next> HttpSession::Upgrade(std::string_view key, std::string_view user) {
  std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      AcceptKey(key) + "\r\n\r\n";
  ++app_.counters.http_requests_total;
  app_.counters.CountSocketOpened();
  if (app_.sockets) watched_ = app_.sockets->Open(user, connection_->peer());
  auto [error, sent] = co_await connection_->Write(asio::buffer(answer), kAwait);
  connection_->CountSent(sent);
  if (!error) co_return Next::kUpgrade;
  --app_.counters.ws_connections_opened;
  --app_.counters.ws_connections_open;
  co_return Next::kGone;
}

Awaitable<HttpSession::Next> HttpSession::ReadBody(HeadParser& head, std::string& body) {
  http::request_parser<http::string_body> parser(std::move(head));
  parser.body_limit(kMaxBodyBytes);
  parser.eager(true);
  while (!parser.is_done()) {
    error_code error = http::error::need_more;
    if (!input_.empty()) input_.erase(0, parser.put(asio::buffer(input_), error));
    if (parser.is_done()) break;
    if (error && error != http::error::need_more) {
      const Next next = co_await Refuse(error);
      co_return next;
    }
    connection_->ExpireAfter(kProgressTimeout);
    const bool more = co_await More();
    if (!more) co_return Next::kGone;
  }
  body = std::move(parser.get().body());
  co_return Next::kKeepAlive;
}

Awaitable<HttpSession::Next> HttpSession::ReadUpload(HeadParser& head, const Call& call,
                                                     Reply& reply) {
  const std::string content_type(View(head.get()[http::field::content_type]));
  Upload upload(app_, call.user, content_type);
  http::request_parser<http::buffer_body> parser(std::move(head));
  parser.body_limit(Upload::kMaxBodyBytes);
  parser.eager(true);
  std::vector<char> block(kBlockBytes);
  while (!parser.is_done()) {
    error_code error = http::error::need_more;
    if (!input_.empty()) {
      auto& body = parser.get().body();
      body.data = block.data();
      body.size = block.size();
      body.more = true;
      input_.erase(0, parser.put(asio::buffer(input_), error));
      upload.Feed(std::string_view(block.data(), block.size() - body.size));
    }
    if (parser.is_done() || error == http::error::need_buffer) continue;
    if (error && error != http::error::need_more) {
      const Next next = co_await Refuse(error);
      co_return next;
    }
    connection_->ExpireAfter(kProgressTimeout);
    const bool more = co_await More();
    if (!more) co_return Next::kGone;
  }
  reply = upload.Finish();
  co_return Next::kKeepAlive;
}

// The request could not be read completely. What still comes of it is dropped by Finish.
Awaitable<HttpSession::Next> HttpSession::Refuse(error_code error) {
  ++app_.counters.http_requests_incomplete;
  Reply reply;
  if (error == http::error::body_limit) {
    reply = ErrorReply(413, "the body is too large: 8 MiB at most, an upload 200 MiB");
  } else if (error == http::error::header_limit) {
    reply = ErrorReply(431, "the header is over 16 KiB");
  } else {
    reply = ErrorReply(400, "this is no valid HTTP request: " + error.message());
  }
  Head head;
  head.is_counted = true;
  const Next next = co_await Send(std::move(reply), head);
  co_return next;
}

Awaitable<HttpSession::Next> HttpSession::Send(Reply reply, Head head) {
  ReplyFraming framing;
  framing.keep_alive = head.keep_alive && head.is_complete && !connection_->loop().stopping();
  framing.gzip = head.gzip;
  framing.omit_body = head.is_head;
  const unsigned status = reply.status;
  const std::string path = head.is_head ? std::string() : reply.file_path;
  const int64_t size = reply.file_size;
  const std::string text = Serialize(std::move(reply), framing);
  connection_->ExpireAfter(kProgressTimeout);
  if (head.is_counted) app_.counters.CountResponse(status);
  auto [error, sent] = co_await connection_->Write(asio::buffer(text), kAwait);
  connection_->CountSent(sent);
  bool ok = !error;
  if (ok && !path.empty()) ok = co_await SendFile(path, size);
  if (ok) co_return framing.keep_alive ? Next::kKeepAlive : Next::kFinish;
  if (head.is_counted) app_.counters.UncountResponse(status);
  co_return Next::kGone;
}

Awaitable<bool> HttpSession::SendFile(std::string path, int64_t size) {
  std::ifstream in(path, std::ios::binary);
  std::vector<char> block(kBlockBytes);
  while (size > 0) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    const std::streamsize n = in.gcount();
    // The header promised more: only ending the connection tells the client.
    if (n <= 0 || n > size) co_return false;
    connection_->ExpireAfter(kProgressTimeout);
    const auto buffer = asio::buffer(block.data(), static_cast<size_t>(n));
    auto [error, sent] = co_await connection_->Write(buffer, kAwait);
    connection_->CountSent(sent);
    if (error) co_return false;
    size -= n;
  }
  co_return true;
}

}  // namespace rampart::chat
