#include "agent/protocol/http_head.h"

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <random>
#include <string>
#include <vector>

#include "agent/protocol/http_response.h"

namespace rampart::agent {
namespace {

struct Read {
  HeadRead read;
  HttpHead head;
  std::string fields;
  size_t used = 0;
  std::string why;
};

Read ReadAll(std::string_view bytes, KeepFields keep = KeepFields::kAll) {
  Read one;
  const char* why = "";
  one.read = ReadHttpHead(bytes, keep, &one.head, &one.fields, &one.used, &why);
  one.why = why;
  return one;
}

TEST(HttpHead, IsReadInOnePass) {
  const std::string head =
      "HTTP/1.1 200 OK\r\nServer: x\r\nX-Empty:\r\nContent-Length:  12 \r\nX-Folded: a\r\n\tb "
      "\r\n\r\n";
  const Read one = ReadAll(head + "and more");
  ASSERT_EQ(one.read, HeadRead::kDone) << one.why;
  EXPECT_EQ(one.used, head.size());
  EXPECT_EQ(one.head.status, 200);
  EXPECT_TRUE(one.head.keep_alive);
  EXPECT_EQ(one.head.length, 12u);
  EXPECT_EQ(one.fields, "server: x\nx-empty: \ncontent-length: 12\nx-folded: a b\n");
  for (size_t cut = 0; cut < head.size(); ++cut) {
    EXPECT_EQ(ReadAll(head.substr(0, cut)).read, HeadRead::kMore) << cut;
  }
}

TEST(HttpHead, KeepsOnlyWhatIsNeededWhenNobodyReadsIt) {
  const Read one = ReadAll(
      "HTTP/1.1 302 Found\r\nServer: x\r\nContent-Type: a/b\r\nLOCATION: /there\r\nSet-Cookie: "
      "a=1\r\n"
      "Expires: never\r\nX-Ten-Long: 1\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n",
      KeepFields::kNeeded);
  ASSERT_EQ(one.read, HeadRead::kDone) << one.why;
  EXPECT_EQ(one.fields, "location: /there\nset-cookie: a=1\ncontent-encoding: gzip\n");
  EXPECT_TRUE(one.head.sets_cookies);
  EXPECT_FALSE(one.head.keep_alive);
}

TEST(HttpHead, WhatCouldMeanTwoThingsIsRefused) {
  const auto with = [](std::string_view field) {
    return ReadAll("HTTP/1.1 200 OK\r\n" + std::string(field) + "\r\n\r\n");
  };
  for (const char* bad :
       {"Content-Length: 1\r\nContent-Length: 2", "Content-Length: 1, 2", "Content-Length: -1",
        "Content-Length: 1x", "Content-Length:", "Content-Length: 99999999999999999999",
        "Content-Length: 3\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "X : a", ": a", "no colon",
        "X: a\x01", "X: a\x7f", "X: a\rb", "X: a\nY: b", " folded", "X\x01: a",
        "X: 12345678\x02"}) {
    EXPECT_EQ(with(bad).read, HeadRead::kBad) << bad;
    EXPECT_FALSE(with(bad).why.empty()) << bad;
  }
  EXPECT_EQ(with(std::string_view("X: a\0b", 6)).read, HeadRead::kBad);
  EXPECT_EQ(with("Content-Length: 3\r\nContent-Length: 3").head.length, 3u);
  EXPECT_EQ(with("Content-Length: 3, 3").head.length, 3u);
  EXPECT_TRUE(with("Transfer-Encoding: gzip, Chunked").head.chunked);
  EXPECT_TRUE(with("Transfer-Encoding: gzip").head.coded);
  for (const char* line : {"HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.1 200 Fine by me"}) {
    EXPECT_EQ(ReadAll(line + std::string("\r\n\r\n")).head.status, 200) << line;
  }
  for (const char* line : {"HTTP/2.0 200 OK", "HTTP/1.2 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000",
                           "HTTP/1.1  200 OK", "HTTP/1.1 099 OK", "http/1.1 200 OK", "\r\n"}) {
    EXPECT_EQ(ReadAll(line + std::string("\r\n\r\n")).read, HeadRead::kBad) << line;
  }
  EXPECT_EQ(ReadAll("SSH").read, HeadRead::kBad);
  EXPECT_EQ(ReadAll("HTTP/1.1 200 OK\r\nX: " + std::string(kMaxHeadBytes, 'a') + "\r\n\r\n").read,
            HeadRead::kTooLarge);
}

TEST(HttpHead, ConnectionSaysWhetherItIsKept) {
  const auto kept = [](std::string_view version, std::string_view connection) {
    return ReadAll("HTTP/" + std::string(version) +
                   " 200 OK\r\nConnection: " + std::string(connection) + "\r\n\r\n")
        .head.keep_alive;
  };
  EXPECT_TRUE(kept("1.1", "Keep-Alive"));
  EXPECT_TRUE(kept("1.1", "Upgrade"));
  EXPECT_FALSE(kept("1.1", "upgrade, Close"));
  EXPECT_FALSE(kept("1.1", "close, keep-alive"));
  EXPECT_TRUE(kept("1.0", "keep-alive"));
  EXPECT_FALSE(kept("1.0", "x"));
}

// Beast's parser, in one piece.
struct Beast {
  bool complete = false;
  int status = 0;
  std::string body;
  bool keep_alive = false;
};

Beast ByBeast(const std::string& bytes) {
  namespace http = boost::beast::http;
  http::response_parser<http::string_body> parser;
  parser.eager(true);
  boost::system::error_code error;
  size_t used = 0;
  while (used < bytes.size() && !parser.is_done() && !error) {
    const size_t more =
        parser.put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), error);
    used += more;
    if (more == 0) break;
  }
  if (!error && !parser.is_done() && parser.is_header_done()) parser.put_eof(error);
  Beast beast;
  beast.complete = !error && parser.is_done();
  beast.status = parser.get().result_int();
  beast.body = parser.get().body();
  beast.keep_alive = beast.complete && parser.keep_alive() && used == bytes.size();
  return beast;
}

// Messages from a grammar, some of them broken at one place: who reads one and is not stricter
// reads the same.
TEST(HttpHead, AgreesWithBeast) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto any = [&random](const std::vector<std::string>& of) {
    return of[random() % of.size()];
  };
  int both = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = any({"HTTP/1.1 200 OK\r\n", "HTTP/1.1 404 Not Found\r\n",
                             "HTTP/1.0 200 OK\r\n", "HTTP/1.1 204 No Content\r\n"});
    for (uint64_t n = random() % 4; n > 0; --n) {
      bytes +=
          any({"Server: a\r\n", "X-Y:b\r\n", "Connection: close\r\n", "Connection: keep-alive\r\n",
               "Date: Thu,  1 Jan\r\n", "X: \xc3\xa9\r\n", "X-Fold: a\r\n b\r\n", "Vary:\r\n"});
    }
    bytes += any({"Content-Length: 5\r\n\r\nhello", "Content-Length: 0\r\n\r\n",
                  "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                  "Transfer-Encoding: chunked\r\n\r\na;x=y\r\n0123456789\r\n00\r\nT: x\r\n\r\n",
                  "\r\nuntil the end"});
    if (random() % 2 == 0) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size() + 1);

    const Beast beast = ByBeast(bytes);
    HttpResponse response;
    HttpResponseParser parser;
    parser.Begin(&response, false, true);
    auto state = HttpResponseParser::State::kMore;
    const size_t chunk = random() % 20 + 1;
    const bool whole = random() % 2 == 0;
    for (size_t at = 0; at < bytes.size() && state == HttpResponseParser::State::kMore;
         at += whole ? bytes.size() : chunk) {
      state = parser.Feed(std::string_view(bytes).substr(at, whole ? bytes.size() : chunk));
    }
    if (state == HttpResponseParser::State::kMore) state = parser.Finish();
    if (state != HttpResponseParser::State::kComplete || !beast.complete) continue;
    ++both;
    ASSERT_EQ(response.status, beast.status) << bytes;
    ASSERT_EQ(response.body, beast.body) << bytes;
    // `close` and `keep-alive` together are `close` here, for a 1.0 server too.
    if (whole) {
      ASSERT_LE(response.keep_alive, beast.keep_alive) << bytes;
    }
  }
  EXPECT_GT(both, 8'000);
}

}  // namespace
}  // namespace rampart::agent
