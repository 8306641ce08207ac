#include "tests/faults/hostile_rows.h"

#include <zlib.h>

#include <fstream>
#include <sstream>
#include <utility>

namespace rampart::agent {
namespace {

using Connection = HostileConnection;
using Scheme = HostileRow::Scheme;
using Shown = HostileRow::Shown;
using std::string_literals::operator""s;

// Answers a request with `bytes` and waits for the client to go.
Behaviour Answer(std::string bytes) {
  return [bytes = std::move(bytes)](Connection& connection) {
    if (!connection.ReadHead().empty() && connection.Send(bytes)) connection.AwaitEnd();
  };
}

// Behind `head`, the same for ever, some 30 MB a second: as much as the loopback takes would be the
// machine's share, not the engine's.
Behaviour Endless(std::string head, std::string again) {
  return [head = std::move(head), again = std::move(again)](Connection& connection) {
    if (connection.ReadHead().empty() || !connection.Send(head)) return;
    while (connection.Send(again)) Connection::Rest(1);
  };
}

// Grants an upgrade, then `frames`.
Behaviour Frames(std::string frames) {
  return [frames = std::move(frames)](Connection& connection) {
    const std::string head = connection.ReadHead();
    if (head.empty()) return;
    if (connection.Send(Connection::Granted(head) + frames)) connection.AwaitEnd();
  };
}

// `bytes`, then RST.
Behaviour Reset(std::string bytes) {
  return [bytes = std::move(bytes)](Connection& connection) {
    if (connection.ReadHead().empty()) return;
    connection.Send(bytes);
    connection.Reset();
  };
}

// Some 200 kB that decompress to 200 MiB. It is over every limit before its end, which is missing.
std::string Bomb() {
  constexpr std::string_view kGzipHead("\x1F\x8B\x08\0\0\0\0\0\0\x03", 10);
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
  std::string in(1024 * 1024, '\0');
  std::string out(16 * 1024, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FULL_FLUSH);  // a block that may stand anywhere
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  std::string body(kGzipHead);
  for (int i = 0; i < 200; ++i) body += out;
  return "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::vector<HostileRow> Rows() {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
  std::string interim;
  while (interim.size() < 16 * 1024) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  std::string lines;
  while (lines.size() < 1024 * 1024) lines += "X-Line: " + std::string(100, 'x') + "\r\n";
  return {
      {"EndlessChunks", "timeout", Endless(chunked, chunk), Scheme::kHttp, Shown::kNone, false, 5},
      {"EndlessUntilClose", "timeout", Endless(ok + "\r\n", std::string(0x8000, 'x')),
       Scheme::kHttp, Shown::kNone, false, 5},
      {"SlowHeaders", "timeout",
       [](Connection& connection) {
         if (connection.ReadHead().empty()) return;
         connection.Drip("HTTP/1.1 200 OK\r\nX-Slow: " + std::string(10'000, 'x'), 20);
       }},
      {"SlowBody", "timeout",
       [ok](Connection& connection) {
         if (connection.ReadHead().empty()) return;
         connection.Send(ok + "Content-Length: 10000\r\n\r\n");
         connection.Drip(std::string(10'000, 'x'), 20);
       }},
      {"NeverAnswers", "timeout", Answer("")},
      {"HeaderOfOneMiB", "header_too_large", Answer(ok + "X: " + std::string(1024 * 1024, 'x'))},
      {"HeadersOfOneMiB", "header_too_large", Answer(ok + lines + "\r\n")},
      {"ConflictingLengths", "bad_response",
       Answer(ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!")},
      {"LengthAndChunked", "bad_response",
       Answer(ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
      {"BadChunkSize", "bad_response", Answer(chunked + "5\r\nhello\r\nnope\r\n")},
      {"HugeChunkSize", "bad_response", Answer(chunked + "fffffffffffffffff\r\n")},
      {"ShortLength", "connection_closed",
       [ok](Connection& connection) {
         connection.ReadHead();
         connection.Send(ok + "Content-Length: 100\r\n\r\nhello");
       }},
      {"InterimFlood", "bad_response", Endless("", interim)},
      {"RedirectLoop", "too_many_redirects",
       [](Connection& connection) {
         while (!connection.ReadHead().empty()) {
           connection.Send("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
         }
       }},
      {"DecompressionBomb", "body_too_large", Answer(Bomb()), Scheme::kHttp, Shown::kNone, true, 5,
       1},
      {"NoHttp", "bad_response", Answer("SSH-2.0-OpenSSH_9.2p1\r\n\r\n")},
      {"ClosesAtOnce", "connection_closed", [](Connection& connection) { connection.ReadHead(); }},
      {"ResetInHeader", "connection_reset", Reset("HTTP/1.1 200 OK\r\nConte")},
      {"ResetInBody", "connection_reset", Reset(ok + "Content-Length: 100\r\n\r\nhello")},
      {"TlsGarbage", "tls_handshake",
       [](Connection& connection) {
         connection.Send("this is no TLS record at all, and goes on for a while\r\n\r\n");
         connection.AwaitEnd();
       },
       Scheme::kHttps},
      {"TlsExpired", "tls_certificate", [](Connection& connection) { connection.AwaitEnd(); },
       Scheme::kHttps, Shown::kExpired, false, 5},
      {"TlsWrongHost", "tls_certificate", [](Connection& connection) { connection.AwaitEnd(); },
       Scheme::kHttps, Shown::kWrongHost, false, 5},
      {"TlsSelfSigned", "tls_certificate", [](Connection& connection) { connection.AwaitEnd(); },
       Scheme::kHttps, Shown::kSelfSigned, false, 5},
      {"BadFrame", "websocket_protocol", Frames("\xFF\xFF\xFF"s), Scheme::kWs},
      {"MaskedFrame", "websocket_protocol", Frames("\x81\x85maskhello"s), Scheme::kWs},
      {"TextThatIsNone", "websocket_protocol", Frames("\x81\x02\xC0\x80"s), Scheme::kWs},
      {"OversizeFrame", "message_too_large", Frames("\x82\x7F\x00\x00\x01\x00\x00\x00\x00\x00"s),
       Scheme::kWs},
      {"ResetAfterUpgrade", "connection_reset",
       [](Connection& connection) {
         const std::string head = connection.ReadHead();
         if (head.empty()) return;
         connection.Send(Connection::Granted(head) + "\x81\x05he");
         connection.Reset();
       },
       Scheme::kWs},
      {"NoUpgrade", "websocket_handshake", Answer(ok + "Content-Length: 0\r\n\r\n"), Scheme::kWs},
  };
}

}  // namespace

const std::vector<HostileRow>& HostileRows() {
  static const auto& rows = *new std::vector<HostileRow>(Rows());
  return rows;
}

HostileCase::HostileCase(const HostileRow& row) : row_(row) {
  if (row.shown != Shown::kNone) {
    certificate_ = std::make_unique<Certificate>(
        row.shown == Shown::kWrongHost ? "DNS:other.test" : "IP:127.0.0.1",
        row.shown == Shown::kExpired ? -3600 : 3600);
    if (row.shown != Shown::kSelfSigned) {  // trusted, but for what is wrong with it
      std::stringstream pem;
      pem << std::ifstream(certificate_->file).rdbuf();
      place_.ca_pem = pem.str();
    }
  }
  server_ = std::make_unique<HostileServer>(row.behave, certificate_.get());
}

std::string HostileCase::Plan(const std::string& hostile_load,
                              const std::string& healthy_load) const {
  const auto scenario = [](const std::string& name, const std::string& load,
                           const std::string& step) {
    if (load.empty()) return std::string();
    return "  " + name + ":\n    load: { " + load +
           " }\n    graceful_stop: 0s\n    steps:\n      - " + step + "\n      - sleep: 50ms\n";
  };
  const std::string scheme = row_.scheme == Scheme::kHttp    ? "http"
                             : row_.scheme == Scheme::kHttps ? "https"
                                                             : "ws";
  const std::string request = "\"" + scheme +
                              "://127.0.0.1:" + std::to_string(server_->hostile_port()) +
                              "/\", timeout: " + row_.timeout();
  const std::string bad = row_.scheme == Scheme::kWs
                              ? "websocket: { name: bad, url: " + request + ", hold: 100s }"
                              : "http: { name: bad, get: " + request +
                                    (row_.keeps_body ? ", checks: { body: \"#body > 0\" }" : "") +
                                    " }";
  const std::string good =
      "http: { name: good, get: \"http://127.0.0.1:" + std::to_string(server_->healthy_port()) +
      "/\" }";
  return "name: hostile\nscenarios:\n" + scenario("hostile", hostile_load, bad) +
         scenario("healthy", healthy_load, good);
}

}  // namespace rampart::agent
