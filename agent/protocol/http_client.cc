#include "agent/protocol/http_client.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "agent/protocol/header_text.h"

namespace rampart::agent {
namespace {

bool Repeatable(std::string_view method) { return method != "POST" && method != "PATCH"; }

}  // namespace

bool HasHeader(std::string_view headers, std::string_view name) {
  while (!headers.empty()) {
    const size_t end = std::min(headers.find("\r\n"), headers.size());
    const std::string_view line = headers.substr(0, end);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        SameInAnyCase(line.substr(0, name.size()), name)) {
      return true;
    }
    headers.remove_prefix(std::min(end + 2, headers.size()));
  }
  return false;
}

std::optional<Failure> FaultOfHeaders(std::string_view lines, int count) {
  const auto returns = std::count(lines.begin(), lines.end(), '\r');
  const auto breaks = std::count(lines.begin(), lines.end(), '\n');
  if (returns == count && breaks == count && lines.find('\0') == std::string_view::npos) {
    return std::nullopt;
  }
  return Failure{ErrorKind::kBadRequest, "a header's value has a line break or a NUL in it"};
}

uint64_t HttpRequest::BodyBytes() const {
  uint64_t bytes = body.size();
  for (const BodyPiece& piece : pieces) bytes += piece.bytes.size();
  return bytes;
}

void HttpClient::RenderRequest(const HttpRequest& request, const Url& url, std::string* out) {
  RenderHead(request, url, CookieJar(), out);
  out->append(request.body);
}

void HttpClient::RenderHead(const HttpRequest& request, const Url& url, const CookieJar& cookies,
                            std::string* out) {
  out->clear();
  out->append(request.method).append(" ");
  if (!url.target.starts_with('/')) out->push_back('/');
  out->append(url.target).append(" HTTP/1.1\r\n");
  if (!HasHeader(request.headers, "host")) {
    out->append("Host: ").append(url.authority).append("\r\n");
  }
  if (!HasHeader(request.headers, "user-agent")) out->append("User-Agent: rampart/0.1\r\n");
  out->append(request.headers);
  if (!cookies.empty() && !HasHeader(request.headers, "cookie")) {
    cookies.AppendHeader(url.host, url.target, url.secure, out);
  }
  // Two of them, or both, make it a request that no server may accept (RFC 9112, 6.3).
  if (request.has_body && !HasHeader(request.headers, "content-length") &&
      !HasHeader(request.headers, "transfer-encoding")) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof(digits), request.BodyBytes()).ptr;
    out->append("Content-Length: ").append(digits, end).append("\r\n");
  }
  out->append("\r\n");
}

std::unique_ptr<Transport> HttpClient::TakeKept(const Url& url) {
  for (Kept& kept : kept_) {
    if (kept.transport == nullptr || kept.port != url.port || kept.secure != url.secure ||
        kept.host != url.host) {
      continue;
    }
    std::unique_ptr<Transport> transport = std::move(kept.transport);
    if (transport->Reusable()) return transport;
  }
  return nullptr;
}

void HttpClient::Keep(const Url& url, std::unique_ptr<Transport> transport) {
  for (Kept& kept : kept_) {
    if (kept.transport == nullptr && kept.port == url.port && kept.secure == url.secure &&
        kept.host == url.host) {
      kept.transport = std::move(transport);
      return;
    }
  }
  if (kept_.size() >= kMaxKept) kept_.erase(kept_.begin());
  kept_.push_back({std::string(url.host), url.port, url.secure, std::move(transport)});
}

Task<std::optional<Failure>> HttpClient::Exchange(const HttpRequest& request, const Url& url,
                                                  int64_t deadline_ns, Interrupt* interrupt,
                                                  HttpResponse* response, HttpTimes* times) {
  *times = {};
  times->started_ns = request.started_ns != 0 ? request.started_ns : MonotonicNow();
  response->Clear();

  for (bool repeated = false;; repeated = true) {
    std::unique_ptr<Transport> transport = repeated ? nullptr : TakeKept(url);
    const bool reused = transport != nullptr;
    if (!reused) {
      ConnectTimes connect_times;
      Connector::Result connected = co_await connector_.Connect(
          std::string(url.host), url.port, url.secure, deadline_ns, interrupt, &connect_times);
      times->blocked_ns += connect_times.lookup_ns;
      times->connecting_ns = connect_times.connecting_ns;
      times->tls_ns = connect_times.tls_ns;
      if (auto* failed = std::get_if<Failure>(&connected)) co_return std::move(*failed);
      transport = std::move(std::get<std::unique_ptr<Transport>>(connected));
      times->connected = true;
    }

    // With a kept connection nothing came before sending.
    const int64_t sending_ns = reused ? times->started_ns : MonotonicNow();
    if (!reused) {
      // What connecting did not account for (a first attempt that failed, the allocation of a
      // socket) was waiting for a connection.
      times->blocked_ns = std::max<int64_t>(
          sending_ns - times->started_ns - times->connecting_ns - times->tls_ns, 0);
    }
    // Rendered into the thread's scratch and sent at once; what the kernel does not take is copied.
    static thread_local std::string scratch;
    constexpr size_t kMaxJoined = 16 * 1024;
    std::string_view head = request.rendered;
    bool joined = true;
    if (head.empty() || !cookies_.empty()) {
      RenderHead(request, url, cookies_, &scratch);
      joined = request.body.size() <= kMaxJoined;
      if (joined) scratch.append(request.body);
      head = scratch;
    }

    Attempt attempt{.transport = std::move(transport),
                    .deadline_ns = deadline_ns,
                    .interrupt = interrupt,
                    .times = times};
    attempt.parser.Begin(response, request.method == "HEAD", request.keep_body, request.body_hash,
                         request.measure_body, request.keep_fields);
    const Transport::Moved moved = attempt.transport->Send(head);
    if (moved.step == Transport::Step::kDone) times->bytes_sent += moved.bytes;
    if (moved.step == Transport::Step::kFailed || moved.step == Transport::Step::kClosed) {
      SendFailed(attempt, moved);
    } else if (moved.bytes < head.size() || !joined || !request.pieces.empty()) {
      const std::string begun(head.substr(moved.bytes));
      co_await SendRest(attempt, request, begun, joined);
    }
    const bool whole = attempt.open();  // else it has failed, or was answered before
    const int64_t sent_ns =
        whole || attempt.first_byte_ns == 0 ? MonotonicNow() : attempt.first_byte_ns;
    times->sending_ns = sent_ns - sending_ns;
    if (whole) times->sent = true;
    uint64_t turn_bytes = 0;  // received when others last had their turn
    while (attempt.open()) {
      if (!attempt.transport->MayReceive() || !Receive(attempt)) {
        const Wake wake = co_await attempt.transport->ToReceive(deadline_ns, interrupt);
        if (wake != Wake::kReady) attempt.failed = FailureFromWake(wake, "wait for the response");
        turn_bytes = times->bytes_received;
      } else if (attempt.open() && times->bytes_received - turn_bytes >= kTurnBytes) {
        co_await GiveTurn(attempt, "receive the response");
        turn_bytes = times->bytes_received;
      }
    }
    if (!attempt.failed && attempt.state == HttpResponseParser::State::kDecoding) {
      co_await Decode(attempt);
    }
    const int64_t end_ns = attempt.failed ? MonotonicNow() : attempt.last_byte_ns;
    if (!attempt.failed) times->sent = true;
    if (times->sent) {
      const int64_t first_ns =
          attempt.first_byte_ns == 0 ? end_ns : std::max(attempt.first_byte_ns, sent_ns);
      times->waiting_ns = first_ns - sent_ns;
      times->receiving_ns = end_ns - first_ns;
    }
    if (!attempt.failed) {
      // What was not sent would be taken for the next request.
      if (!whole) response->keep_alive = false;
      if (response->keep_alive) Keep(url, std::move(attempt.transport));
      co_return std::nullopt;
    }
    const bool dead_before_answer =
        attempt.first_byte_ns == 0 && (attempt.failed->kind == ErrorKind::kConnectionClosed ||
                                       attempt.failed->kind == ErrorKind::kConnectionReset);
    if (!reused || repeated || !dead_before_answer || !Repeatable(request.method)) {
      co_return std::move(attempt.failed);
    }
    times->sent = false;
  }
}

Task<> HttpClient::SendRest(Attempt& attempt, const HttpRequest& request, std::string_view begun,
                            bool joined) {
  if (request.sent_hash != nullptr) request.sent_hash->Reset();
  co_await SendPiece(attempt, begun, nullptr);
  if (!joined && attempt.open()) co_await SendPiece(attempt, request.body, nullptr);
  for (const BodyPiece& piece : request.pieces) {
    if (!attempt.open()) co_return;
    co_await SendPiece(attempt, piece.bytes, piece.hashed ? request.sent_hash : nullptr);
  }
}

Task<> HttpClient::SendPiece(Attempt& attempt, std::string_view bytes, Sha256* hash) {
  Transport& transport = *attempt.transport;
  while (!bytes.empty() && attempt.open()) {
    std::string_view slice = bytes.substr(0, kSliceBytes);
    bytes.remove_prefix(slice.size());
    if (hash != nullptr) hash->Update(slice);
    while (!slice.empty() && attempt.open()) {
      const Transport::Moved moved = transport.Send(slice);
      switch (moved.step) {
        case Transport::Step::kDone:
          slice.remove_prefix(moved.bytes);
          attempt.times->bytes_sent += moved.bytes;
          break;
        case Transport::Step::kBlocked: {
          const Wake wake =
              co_await transport.ToReceiveOrSend(attempt.deadline_ns, attempt.interrupt);
          if (wake != Wake::kReady) {
            attempt.failed = FailureFromWake(wake, "send");
          } else {
            Receive(attempt);
          }
          break;
        }
        default:
          SendFailed(attempt, moved);
      }
    }
    if (!bytes.empty() && attempt.open()) co_await GiveTurn(attempt, "send");
  }
}

void HttpClient::SendFailed(Attempt& attempt, const Transport::Moved& moved) {
  Failure failure = moved.step == Transport::Step::kFailed
                        ? attempt.transport->failure()
                        : Failure{ErrorKind::kConnectionClosed, "send: the peer has closed"};
  while (attempt.open() && Receive(attempt)) {
  }
  const bool answered = attempt.state == HttpResponseParser::State::kComplete ||
                        attempt.state == HttpResponseParser::State::kDecoding;
  if (!answered) attempt.failed = std::move(failure);
}

bool HttpClient::Receive(Attempt& attempt) {
  char* const buffer = connector_.loop().read_buffer();
  const Transport::Moved moved = attempt.transport->Receive(buffer, Loop::kReadBufferBytes);
  switch (moved.step) {
    case Transport::Step::kBlocked:
      return false;
    case Transport::Step::kDone:
      attempt.last_byte_ns = MonotonicNow();
      if (attempt.first_byte_ns == 0) attempt.first_byte_ns = attempt.last_byte_ns;
      attempt.times->bytes_received += moved.bytes;
      attempt.state = attempt.parser.Feed({buffer, moved.bytes});
      break;
    case Transport::Step::kClosed:
      attempt.last_byte_ns = MonotonicNow();
      attempt.state = attempt.parser.Finish();
      break;
    case Transport::Step::kFailed:
      attempt.failed = attempt.transport->failure();
      break;
  }
  if (attempt.state == HttpResponseParser::State::kFailed)
    attempt.failed = attempt.parser.failure();
  return true;
}

Task<> HttpClient::Decode(Attempt& attempt) {
  while (!attempt.failed && attempt.state == HttpResponseParser::State::kDecoding) {
    co_await GiveTurn(attempt, "decompress the response");
    if (attempt.failed) co_return;
    attempt.state = attempt.parser.Decode();
    if (attempt.state == HttpResponseParser::State::kFailed) {
      attempt.failed = attempt.parser.failure();
    }
  }
}

Task<> HttpClient::GiveTurn(Attempt& attempt, std::string_view doing) {
  co_await connector_.loop().Yield();
  if (attempt.interrupt != nullptr && attempt.interrupt->requested()) {
    attempt.failed = FailureFromWake(Wake::kInterrupted, doing);
  } else if (MonotonicNow() >= attempt.deadline_ns) {
    attempt.failed = FailureFromWake(Wake::kTimeout, doing);
  }
}

}  // namespace rampart::agent
