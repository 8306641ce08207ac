// HttpClient: one user's HTTP/1.1: its kept connections, its cookies, one request at a time.
#ifndef RAMPART_AGENT_PROTOCOL_HTTP_CLIENT_H_
#define RAMPART_AGENT_PROTOCOL_HTTP_CLIENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/engine/failure.h"
#include "agent/engine/task.h"
#include "agent/engine/transport.h"
#include "agent/protocol/cookie_jar.h"
#include "agent/protocol/http_response.h"
#include "agent/protocol/sha256.h"
#include "agent/protocol/url.h"

namespace rampart::agent {

// A stretch of a request's content. Many may point into one block.
struct BodyPiece {
  std::string_view bytes;
  bool hashed = false;  // goes into HttpRequest::sent_hash
};

struct HttpRequest {
  std::string_view method = {};   // upper case
  std::string_view headers = {};  // complete lines with CRLF; nothing that they name is added
  std::string_view body = {};
  std::span<const BodyPiece> pieces = {};  // follow `body`
  bool has_body = false;                   // sends Content-Length also when the body is empty
  // The whole request as RenderRequest makes it, where that is known; empty: it is rendered.
  std::string_view rendered = {};
  bool keep_body = true;  // of the response
  KeepFields keep_fields = KeepFields::kAll;
  int64_t started_ns = 0;     // on MonotonicNow's clock, when the user began with it; 0: now
  bool measure_body = false;  // HttpResponse::decoded_bytes also when its body is not kept
  Sha256* sent_hash = nullptr;
  Sha256* body_hash = nullptr;  // gets the response's decoded body

  uint64_t BodyBytes() const;
};

// What one exchange took, in nanoseconds, with k6's meaning of each.
struct HttpTimes {
  int64_t started_ns = 0;  // on MonotonicNow's clock
  int64_t blocked_ns = 0;  // before the first packet: DNS, waiting for a connection
  int64_t connecting_ns = 0;
  int64_t tls_ns = 0;
  int64_t sending_ns = 0;
  int64_t waiting_ns = 0;    // sent until the first byte
  int64_t receiving_ns = 0;  // first byte until the last
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
  bool connected = false;  // a new connection was opened
  bool sent = false;       // all of the request left this process, or was answered before it had

  int64_t duration_ns() const { return sending_ns + waiting_ns + receiving_ns; }
  // From started_ns until the last byte.
  int64_t whole_ns() const { return blocked_ns + connecting_ns + tls_ns + duration_ns(); }
};

class HttpClient {
 public:
  static constexpr size_t kMaxKept = 8;  // connections, to as many servers

  explicit HttpClient(Connector& connector) : connector_(connector) {}

  // One exchange without redirects. Long bodies are sent and received in slices, between which
  // other coroutines have their turn; a server may answer before it has read all of a body, which
  // ends sending. A kept connection that turns out dead before the first byte of
  // an answer is replaced once, for methods that may be repeated (RFC 9110, 9.2.2). The response's
  // buffers and the request's views must stay until the end.
  Task<std::optional<Failure>> Exchange(const HttpRequest& request, const Url& url,
                                        int64_t deadline_ns, Interrupt* interrupt,
                                        HttpResponse* response, HttpTimes* times);

  // What is sent for a request without pieces while there are no cookies.
  static void RenderRequest(const HttpRequest& request, const Url& url, std::string* out);

  CookieJar& cookies() { return cookies_; }
  void CloseAll() { kept_.clear(); }

 private:
  // After so many bytes other coroutines have their turn.
  static constexpr size_t kSliceBytes = 64 * 1024;
  static constexpr size_t kTurnBytes = 256 * 1024;

  // One request on one connection, and its answer so far.
  struct Attempt {
    std::unique_ptr<Transport> transport = {};
    int64_t deadline_ns = 0;
    Interrupt* interrupt = nullptr;
    HttpTimes* times = nullptr;
    HttpResponseParser parser = {};
    HttpResponseParser::State state = HttpResponseParser::State::kMore;
    int64_t first_byte_ns = 0;
    int64_t last_byte_ns = 0;  // or when the peer closed
    std::optional<Failure> failed = {};

    bool open() const { return !failed && state == HttpResponseParser::State::kMore; }
  };

  struct Kept {
    std::string host;
    uint16_t port;
    bool secure;
    std::unique_ptr<Transport> transport;
  };

  std::unique_ptr<Transport> TakeKept(const Url& url);
  void Keep(const Url& url, std::unique_ptr<Transport> transport);
  static void RenderHead(const HttpRequest& request, const Url& url, const CookieJar& cookies,
                         std::string* out);
  // `begun`: what is left of the head, and of the body where that is `joined`.
  Task<> SendRest(Attempt& attempt, const HttpRequest& request, std::string_view begun,
                  bool joined);
  Task<> SendPiece(Attempt& attempt, std::string_view bytes, Sha256* hash);
  // Sending ended with `moved`: the answer may have come before.
  void SendFailed(Attempt& attempt, const Transport::Moved& moved);
  // Takes what has come of the answer. False when that was nothing.
  bool Receive(Attempt& attempt);
  // Of a body that becomes so large that others shall not wait for it.
  Task<> Decode(Attempt& attempt);
  // Lets others go first; the deadline and the interrupt count also where nothing ever blocks.
  Task<> GiveTurn(Attempt& attempt, std::string_view doing);

  Connector& connector_;
  std::vector<Kept> kept_;
  CookieJar cookies_;
};

// True when the first line of `headers` whose name is `name` (any case) exists.
bool HasHeader(std::string_view headers, std::string_view name);

// A failure when the rendered `lines` are not `count` headers.
std::optional<Failure> FaultOfHeaders(std::string_view lines, int count);

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_HTTP_CLIENT_H_
