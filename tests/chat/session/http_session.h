// One connection's HTTP/1.1, until it ends or becomes a WebSocket.
#ifndef RAMPART_TESTS_CHAT_SESSION_HTTP_SESSION_H_
#define RAMPART_TESTS_CHAT_SESSION_HTTP_SESSION_H_

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <memory>
#include <optional>
#include <string>

#include "tests/chat/api/app.h"
#include "tests/chat/api/reply.h"
#include "tests/chat/api/routes.h"
#include "tests/chat/net/connection.h"

namespace rampart::chat {

// Serves requests one after the other; pipelined ones wait their turn. Owned by its coroutine, on
// the thread of its connection's loop. Invariant: while it waits for a request it holds neither a
// parser nor a buffer. Malformed and too large requests are answered, then the connection ends.
class HttpSession {
 public:
  static constexpr uint64_t kMaxBodyBytes = 8 << 20;  // but for uploads
  static constexpr uint32_t kMaxHeaderBytes = 16 * 1024;

  HttpSession(App& app, std::unique_ptr<Connection> connection);

  // The connection's whole life.
  static Awaitable<void> Serve(std::unique_ptr<HttpSession> session);

 private:
  using HeadParser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  enum class Next { kKeepAlive, kFinish, kGone, kUpgrade };

  // What answering needs of a request's header, once its body is read.
  struct Head {
    bool keep_alive = false;
    bool gzip = false;
    bool is_head = false;     // HEAD: the answer has no body
    bool is_counted = false;  // neither /api/stats nor /api/health
    bool is_complete = false;
  };

  Awaitable<Next> ServeOne();
  Awaitable<Next> Upgrade(std::string_view key, std::string_view user);
  // Reads the header into `parser`; kKeepAlive: done.
  Awaitable<Next> ReadHead(HeadParser& parser);
  // Reads the body into `body`; kKeepAlive: done.
  Awaitable<Next> ReadBody(HeadParser& head, std::string& body);
  // The same into an upload, and its reply.
  Awaitable<Next> ReadUpload(HeadParser& head, const Call& call, Reply& reply);
  Awaitable<bool> More();
  Awaitable<Next> Refuse(error_code error);
  Awaitable<Next> Send(Reply reply, Head head);
  Awaitable<bool> SendFile(std::string path, int64_t size);
  absl::Status FillCall(const HeadParser& parser, Call& call);

  App& app_;
  std::unique_ptr<Connection> connection_;
  std::string input_;  // read and not yet used
  // Of an upgrade.
  std::optional<User> user_;
  std::unique_ptr<SocketLedger::Socket> watched_;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_SESSION_HTTP_SESSION_H_
