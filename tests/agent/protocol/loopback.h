// Loopback for tests of protocols: servers on a thread, users on a loop, and both ends of a
// WebSocket.
#ifndef RAMPART_TESTS_AGENT_PROTOCOL_LOOPBACK_H_
#define RAMPART_TESTS_AGENT_PROTOCOL_LOOPBACK_H_

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/protocol/websocket.h"

namespace rampart::agent {

using BoostTcp = boost::asio::ip::tcp;

// Serves `connections` connections in turn on a thread of its own, each by `serve`.
class LoopbackServer {
 public:
  LoopbackServer(int connections, std::function<void(BoostTcp::socket&)> serve)
      : acceptor_(context_, BoostTcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
        thread_([this, connections, serve = std::move(serve)] {
          for (int i = 0; i < connections; ++i) {
            BoostTcp::socket socket(context_);
            acceptor_.accept(socket);
            serve(socket);
            const std::lock_guard lock(mutex_);
            ++served_;
            changed_.notify_all();
          }
        }) {}
  ~LoopbackServer() { thread_.join(); }

  // Waits until so many connections were served: what `serve` noted of them may be read after it.
  void Served(int connections) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return served_ >= connections; });
  }

  std::string Url(const std::string& path = "/", const std::string& scheme = "ws") const {
    return scheme + "://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + path;
  }

 private:
  boost::asio::io_context context_;
  BoostTcp::acceptor acceptor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int served_ = 0;  // guarded by mutex_
  std::thread thread_;
};

// Runs `users` side by side on a loop of their own until all have ended.
inline void RunUsers(const std::vector<std::function<Task<>(Connector&)>>& users,
                     const TlsOptions& options = {}) {
  Loop loop;
  Resolver resolver;
  const TlsContext tls = *TlsContext::Make(options);
  Connector connector(loop, resolver, tls);
  size_t running = users.size();
  for (const auto& user : users) {
    Spawn(user(connector), [&loop, &running] {
      if (--running == 0) loop.Stop();
    });
  }
  loop.Run();
}

inline int64_t Seconds(int64_t seconds) { return MonotonicNow() + seconds * 1'000'000'000; }

// What one Open came to.
struct Opened {
  std::unique_ptr<Websocket> websocket;  // null when it failed
  Failure failure{ErrorKind::kSystem, ""};
  HttpResponse response;
  WebsocketTimes times;
};

inline Task<> Open(Connector& connector, std::string url_text, WebsocketRequest request,
                   int64_t deadline_ns, Opened* opened) {
  const Url url = *Url::Parse(url_text);
  Websocket::Result result = co_await Websocket::Open(connector, request, url, deadline_ns, nullptr,
                                                      &opened->response, &opened->times);
  if (auto* failed = std::get_if<Failure>(&result)) {
    opened->failure = std::move(*failed);
  } else {
    opened->websocket = std::move(std::get<std::unique_ptr<Websocket>>(result));
  }
}

// Reads a request's head and gives back the value of its Sec-WebSocket-Key.
inline std::string ReadUpgrade(BoostTcp::socket& socket) {
  boost::asio::streambuf buffer;
  boost::system::error_code error;
  boost::asio::read_until(socket, buffer, "\r\n\r\n", error);
  const std::string head(boost::asio::buffers_begin(buffer.data()),
                         boost::asio::buffers_end(buffer.data()));
  const std::string name = "Sec-WebSocket-Key: ";
  const size_t begin = head.find(name);
  if (begin == std::string::npos) return "";
  return head.substr(begin + name.size(), head.find("\r\n", begin) - begin - name.size());
}

// The head that grants an upgrade; `more` are further header lines.
inline std::string GrantUpgrade(const std::string& key, const std::string& more = "") {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n"
         "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: " +
         WebsocketAcceptFor(key) + "\r\n" + more + "\r\n";
}

// Everything until the client ends the connection.
inline std::string ReadToEnd(BoostTcp::socket& socket) {
  std::string all;
  char piece[4096];
  boost::system::error_code error;
  for (;;) {
    const size_t got = socket.read_some(boost::asio::buffer(piece), error);
    if (error) return all;
    all.append(piece, got);
  }
}

// A server's frame, unmasked; `first` is FIN, reserved bits and opcode.
inline std::string ServerFrame(unsigned char first, const std::string& payload) {
  std::string frame(1, static_cast<char>(first));
  const size_t size = payload.size();
  if (size < 126) {
    frame.push_back(static_cast<char>(size));
  } else if (size <= 0xFFFF) {
    frame.push_back(126);
    for (int shift = 8; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(size >> shift));
  } else {
    frame.push_back(127);
    for (int shift = 56; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(size >> shift));
  }
  return frame + payload;
}

}  // namespace rampart::agent

#endif  // RAMPART_TESTS_AGENT_PROTOCOL_LOOPBACK_H_
