#include "agent/protocol/http_response.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "agent/protocol/cookie_jar.h"
#include "agent/protocol/url.h"

namespace rampart::agent {
namespace {

using State = HttpResponseParser::State;

State Parse(std::string_view bytes, size_t chunk, HttpResponse* response,
            Failure* failure = nullptr, bool head_request = false) {
  HttpResponseParser parser;
  parser.Begin(response, head_request, true);
  State state = State::kMore;
  while (state == State::kMore && !bytes.empty()) {
    state = parser.Feed(bytes.substr(0, chunk));
    bytes.remove_prefix(std::min(chunk, bytes.size()));
  }
  if (state == State::kMore) state = parser.Finish();
  while (state == State::kDecoding) state = parser.Decode();
  if (failure != nullptr) *failure = parser.failure();
  return state;
}

TEST(HttpResponse, IsTheSameHoweverItIsCut) {
  constexpr std::string_view kBytes =
      "HTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A:  b \r\nTransfer-Encoding: "
      "chunked\r\n\r\n"
      "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n";
  for (size_t chunk = 1; chunk <= kBytes.size(); ++chunk) {
    HttpResponse response;
    ASSERT_EQ(Parse(kBytes, chunk, &response), State::kComplete) << chunk;
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello world");
    EXPECT_EQ(response.Header("x-a"), "b");
    EXPECT_EQ(response.Header("x-b"), "");
    EXPECT_TRUE(response.keep_alive);
  }
}

TEST(HttpResponse, EndsByLengthCloseOrNothing) {
  HttpResponse response;
  EXPECT_EQ(Parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", 100, &response),
            State::kComplete);
  EXPECT_EQ(response.body, "ab");
  EXPECT_EQ(Parse("HTTP/1.0 200 OK\r\n\r\nuntil the end", 7, &response), State::kComplete);
  EXPECT_EQ(response.body, "until the end");
  EXPECT_FALSE(response.keep_alive);
  EXPECT_EQ(Parse("HTTP/1.1 204 No Content\r\n\r\n", 100, &response), State::kComplete);
  EXPECT_EQ(Parse("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 100, &response, nullptr, true),
            State::kComplete);
}

TEST(HttpResponse, HostileServersGetANameForTheirFault) {
  HttpResponse response;
  Failure failure{ErrorKind::kSystem, ""};
  EXPECT_EQ(Parse("SSH-2.0-OpenSSH\r\n", 100, &response, &failure), State::kFailed);
  EXPECT_EQ(failure.kind, ErrorKind::kBadResponse);
  EXPECT_EQ(Parse("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 100, &response, &failure),
            State::kFailed);
  EXPECT_EQ(failure.kind, ErrorKind::kConnectionClosed);
  EXPECT_EQ(Parse("", 1, &response, &failure), State::kFailed);
  EXPECT_EQ(failure.kind, ErrorKind::kConnectionClosed);
  const std::string huge = "HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'a');
  EXPECT_EQ(Parse(huge, 4096, &response, &failure), State::kFailed);
  EXPECT_EQ(failure.kind, ErrorKind::kHeaderTooLarge);
  EXPECT_EQ(Parse("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 100,
                  &response, &failure),
            State::kFailed);
  EXPECT_EQ(failure.kind, ErrorKind::kBadResponse);
  std::string interim;
  for (int i = 0; i < 100; ++i) interim += "HTTP/1.1 103 Early Hints\r\n\r\n";
  EXPECT_EQ(Parse(interim, 50, &response, &failure), State::kFailed);
  EXPECT_EQ(failure.kind, ErrorKind::kBadResponse);
}

// `window_bits`: 31 is gzip, 15 zlib, -15 neither.
std::string Compressed(const std::string& text, int window_bits) {
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, 0);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Gzip(const std::string& text) { return Compressed(text, 31); }

std::string Encoded(const std::string& encoding, const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Encoding: " + encoding +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
// The body, or the class of the failure.
std::string Decoded(const std::string& encoding, const std::string& body) {
  HttpResponse response;
  Failure failure{ErrorKind::kSystem, ""};
  if (Parse(Encoded(encoding, body), 1 << 20, &response, &failure) == State::kComplete) {
    EXPECT_EQ(response.decoded_bytes, response.body.size());
    return response.body;
  }
  return std::string(ErrorKindName(failure.kind));
}

TEST(HttpResponse, DeflateMayLackItsZlibHeader) {
  for (const int window_bits : {15, -15}) {
    EXPECT_EQ(Decoded("Deflate", Compressed("hello", window_bits)), "hello");
  }
}

TEST(HttpResponse, IsHashedDecodedHoweverItIsCutAndWithoutBeingKept) {
  const std::string text(100'000, 'a');
  Sha256 hash;
  hash.Update(text);
  const std::string expected = hash.Hex();
  const std::string gzip = Gzip(text);
  const auto parse = [&hash](const std::string& bytes, size_t chunk, bool keep) {
    HttpResponse response;
    HttpResponseParser parser;
    parser.Begin(&response, false, keep, &hash);
    State state = State::kMore;
    for (size_t at = 0; at < bytes.size() && state == State::kMore; at += chunk) {
      state = parser.Feed(std::string_view(bytes).substr(at, chunk));
    }
    while (state == State::kDecoding) state = parser.Decode();
    EXPECT_EQ(response.body.empty(), !keep);
    return state == State::kComplete ? hash.Hex()
                                     : std::string(ErrorKindName(parser.failure().kind));
  };
  const auto answer = [](const std::string& encoding, const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Encoding: " + encoding +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  for (const size_t chunk : {1u, 3u, 1000u, 1'000'000u}) {
    for (const bool keep : {false, true}) {
      EXPECT_EQ(parse(answer("identity", text), chunk, keep), expected);
      EXPECT_EQ(parse(answer("gzip", gzip), chunk, keep), expected);
    }
  }
  EXPECT_EQ(parse(answer("gzip", gzip.substr(0, gzip.size() - 9)), 100, false), "bad_encoding");
  EXPECT_EQ(parse(answer("gzip", "this is not gzip"), 100, false), "bad_encoding");
}

TEST(HttpResponse, IsMeasuredDecodedWithoutBeingKept) {
  const std::string text(100'000, 'a');
  const std::string gzip = Gzip(text);
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                             std::to_string(gzip.size()) + "\r\n\r\n" + gzip;
  for (const bool keep : {false, true}) {
    HttpResponse response;
    HttpResponseParser parser;
    parser.Begin(&response, false, keep, nullptr, true);
    State state = parser.Feed(answer);
    while (state == State::kDecoding) state = parser.Decode();
    EXPECT_EQ(state, State::kComplete);
    EXPECT_EQ(response.decoded_bytes, text.size());
    EXPECT_EQ(response.body_bytes, gzip.size());
    EXPECT_EQ(response.body.empty(), !keep);
  }
}

TEST(Sha256, IsTheStandardsAndBeginsAnew) {
  Sha256 hash;
  constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  hash.Update("a");
  hash.Update("bc");
  EXPECT_EQ(hash.Hex(), kAbc);
  EXPECT_EQ(hash.Hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  hash.Update("other");
  hash.Reset();
  hash.Update("abc");
  EXPECT_EQ(hash.Hex(), kAbc);
}

// Known at once when it comes in one piece, at the end when it does not.
TEST(HttpResponse, AWrongLineOfAHeadThatNeverEndsIsNamedHoweverItIsCut) {
  for (const std::string bytes :
       {"HTTP/1.1 200 OK\r\nno colon\r\n", "HTTP/1.1 200 OK\nA: b\n\n", "HTTP/1.1 2x0 OK\r\n"}) {
    for (const size_t chunk : {size_t{1}, size_t{7}, size_t{20}, bytes.size()}) {
      HttpResponse response;
      Failure failure{ErrorKind::kSystem, ""};
      EXPECT_EQ(Parse(bytes, chunk, &response, &failure), State::kFailed);
      EXPECT_EQ(failure.kind, ErrorKind::kBadResponse) << bytes << " by " << chunk;
    }
  }
}

TEST(HttpResponse, InflatesAndRefusesBombs) {
  EXPECT_EQ(Decoded("gzip", Gzip("hello")), "hello");
  EXPECT_EQ(Decoded("gzip", Gzip(std::string(kMaxKeptBodyBytes + 1, 'a'))), "body_too_large");
  EXPECT_EQ(Decoded("gzip", "not gzip"), "bad_encoding");
  EXPECT_EQ(Decoded("gzip", "n"), "bad_encoding");
  EXPECT_EQ(Decoded("identity", "as it is"), "as it is");
}

TEST(HttpResponse, ALargeBodyIsDecompressedInTurnsAndKeptOnceItIsKnownToFit) {
  std::string text;
  while (text.size() < 3'000'000) text += "line " + std::to_string(text.size()) + "\n";
  HttpResponse response;
  HttpResponseParser parser;
  parser.Begin(&response, false, true);
  State state = parser.Feed(Encoded("gzip", Gzip(text)));
  int turns = 1;
  for (; state == State::kDecoding; ++turns) state = parser.Decode();
  EXPECT_EQ(state, State::kComplete);
  EXPECT_GE(turns, static_cast<int>(2 * text.size() / (2 * HttpResponseParser::kDecodedAtOnce)));
  EXPECT_TRUE(response.body == text);
  EXPECT_EQ(response.body.capacity(), text.size());
}

TEST(CookieJar, KeepsWhatTheServerMaySet) {
  CookieJar jar;
  jar.Set("a=1; Path=/", "example.test", "/x/y");
  jar.Set("b=2", "example.test", "/x/y");
  jar.Set("c=3; Domain=other.test", "example.test", "/");
  jar.Set("d=4; Secure; Path=/", "example.test", "/");
  const auto header = [&jar](std::string_view host, std::string_view path, bool secure) {
    std::string out;
    jar.AppendHeader(host, path, secure, &out);
    return out;
  };
  EXPECT_EQ(header("example.test", "/x/z?q", false), "Cookie: a=1; b=2\r\n");
  EXPECT_EQ(header("example.test", "/", true), "Cookie: a=1; d=4\r\n");
  EXPECT_EQ(header("sub.example.test", "/x", false), "");
  EXPECT_EQ(header("other.test", "/", false), "");
  jar.Set("a=; Max-Age=0; Path=/", "example.test", "/");
  EXPECT_EQ(header("example.test", "/", false), "");
}

TEST(Url, Parses) {
  const Url url = *Url::Parse("wss://[::1]:8443/a?b#c");
  EXPECT_TRUE(url.secure);
  EXPECT_TRUE(url.websocket);
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.authority, "[::1]:8443");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.target, "/a?b");
  EXPECT_EQ(Url::Parse("HTTP://h")->port, 80);
  for (const char* bad : {"", "h/x", "ftp://h", "http://", "http://h:0", "http://h:99999",
                          "http://u@h", "http://h/a b", "http://h/\r\nX: y", "http://[::1"}) {
    EXPECT_FALSE(Url::Parse(bad).ok()) << bad;
  }
}

TEST(Url, ResolvesLocations) {
  const Url base = *Url::Parse("https://h:1/a/b?c");
  EXPECT_EQ(ResolveLocation(base, "/x"), "https://h:1/x");
  EXPECT_EQ(ResolveLocation(base, "x?y"), "https://h:1/a/x?y");
  EXPECT_EQ(ResolveLocation(base, "?y"), "https://h:1/a/b?y");
  EXPECT_EQ(ResolveLocation(base, "//o/x"), "https://o/x");
  EXPECT_EQ(ResolveLocation(base, "http://o/"), "http://o/");
}

}  // namespace
}  // namespace rampart::agent
