#include "agent/protocol/http_client.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/match.h"

namespace rampart::agent {
namespace {

bool Repeatable(std::string_view method) { return method != "POST" && method != "PATCH"; }

}  // namespace

bool HasHeader(std::string_view headers, std::string_view name) {
  while (!headers.empty()) {
    const size_t end = std::min(headers.find("\r\n"), headers.size());
    const std::string_view line = headers.substr(0, end);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        absl::EqualsIgnoreCase({line.data(), name.size()}, {name.data(), name.size()})) {
      return true;
    }
    headers.remove_prefix(std::min(end + 2, headers.size()));
  }
  return false;
}

void HttpClient::Render(const HttpRequest& request, const Url& url, std::string* out) const {
  out->clear();
  out->append(request.method).append(" ");
  if (!url.target.starts_with('/')) out->push_back('/');
  out->append(url.target).append(" HTTP/1.1\r\n");
  if (!HasHeader(request.headers, "host")) {
    out->append("Host: ").append(url.authority).append("\r\n");
  }
  if (!HasHeader(request.headers, "user-agent")) out->append("User-Agent: rampart/0.1\r\n");
  out->append(request.headers);
  if (!cookies_.empty() && !HasHeader(request.headers, "cookie")) {
    cookies_.AppendHeader(url.host, url.target, url.secure, out);
  }
  // Two of them, or both, make it a request that no server may accept (RFC 9112, 6.3).
  if (request.has_body && !HasHeader(request.headers, "content-length") &&
      !HasHeader(request.headers, "transfer-encoding")) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof(digits), request.body.size()).ptr;
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
  times->started_ns = MonotonicNow();
  response->Clear();
  if (parser_ == nullptr) parser_ = std::make_unique<HttpResponseParser>();
  Loop& loop = connector_.loop();

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

    // Rendered into the thread's scratch and sent at once; what the kernel does not take is copied.
    static thread_local std::string scratch;
    const int64_t sending_ns = MonotonicNow();
    if (!reused && !repeated && times->connected) {
      // What connecting did not account for (the allocation of a socket) was waiting for a
      // connection.
      times->blocked_ns = std::max<int64_t>(
          sending_ns - times->started_ns - times->connecting_ns - times->tls_ns, 0);
    } else if (reused) {
      times->blocked_ns = sending_ns - times->started_ns;
    }
    Render(request, url, &scratch);
    const size_t head_bytes = scratch.size();
    constexpr size_t kMaxJoined = 16 * 1024;
    const bool joined = request.body.size() <= kMaxJoined;
    if (joined) scratch.append(request.body);

    std::optional<Failure> failed;
    Transport::Moved moved = transport->Send(scratch);
    if (moved.step == Transport::Step::kDone && moved.bytes < scratch.size()) {
      std::string rest = scratch.substr(moved.bytes);
      failed = co_await transport->SendAll(rest, deadline_ns, interrupt);
    } else if (moved.step == Transport::Step::kBlocked) {
      std::string rest = scratch;
      failed = co_await transport->SendAll(rest, deadline_ns, interrupt);
    } else if (moved.step == Transport::Step::kFailed) {
      failed = transport->failure();
    } else if (moved.step == Transport::Step::kClosed) {
      failed = Failure{ErrorKind::kConnectionClosed, "send: the peer has closed"};
    }
    if (!failed && !joined) {
      failed = co_await transport->SendAll(request.body, deadline_ns, interrupt);
    }
    const int64_t sent_ns = MonotonicNow();
    times->sending_ns = sent_ns - sending_ns;

    HttpResponseParser::State state = HttpResponseParser::State::kMore;
    int64_t first_byte_ns = 0;
    if (!failed) {
      times->sent = true;
      times->bytes_sent += head_bytes + request.body.size();
      parser_->Begin(response, request.method == "HEAD", request.keep_body);
    }
    while (!failed && state == HttpResponseParser::State::kMore) {
      moved = transport->Receive(loop.read_buffer(), Loop::kReadBufferBytes);
      switch (moved.step) {
        case Transport::Step::kDone:
          if (first_byte_ns == 0) first_byte_ns = MonotonicNow();
          times->bytes_received += moved.bytes;
          state = parser_->Feed({loop.read_buffer(), moved.bytes});
          break;
        case Transport::Step::kBlocked: {
          const Wake wake = co_await transport->ToReceive(deadline_ns, interrupt);
          if (wake != Wake::kReady) failed = FailureFromWake(wake, "wait for the response");
          break;
        }
        case Transport::Step::kClosed:
          state = parser_->Finish();
          break;
        case Transport::Step::kFailed:
          failed = transport->failure();
          break;
      }
      if (state == HttpResponseParser::State::kFailed) failed = parser_->failure();
    }
    const int64_t end_ns = MonotonicNow();
    if (times->sent) {
      times->waiting_ns = (first_byte_ns == 0 ? end_ns : first_byte_ns) - sent_ns;
      times->receiving_ns = first_byte_ns == 0 ? 0 : end_ns - first_byte_ns;
    }
    if (!failed) {
      if (response->keep_alive) Keep(url, std::move(transport));
      co_return std::nullopt;
    }
    const bool dead_before_answer =
        first_byte_ns == 0 && (failed->kind == ErrorKind::kConnectionClosed ||
                               failed->kind == ErrorKind::kConnectionReset);
    if (!reused || repeated || !dead_before_answer || !Repeatable(request.method)) {
      co_return failed;
    }
    times->sent = false;
  }
}

}  // namespace rampart::agent
