// Responses: the same however they come, also with a body that is only counted, or hashed.
#include <tuple>

#include "agent/protocol/http_response.h"
#include "agent/protocol/sha256.h"
#include "tests/fuzz/fuzz_target.h"

namespace rampart {
namespace {

using agent::HttpResponse;
using agent::HttpResponseParser;
using State = HttpResponseParser::State;

struct Parsed {
  State state = State::kMore;
  std::string failure;  // class and words
  int status = 0;
  bool keep_alive = false;
  bool sets_cookies = false;
  std::string head;
  std::string body;
  uint64_t body_bytes = 0;
  uint64_t decoded_bytes = 0;
  std::string hash;
  size_t behind = 0;  // bytes after the response

  bool operator==(const Parsed&) const = default;
};

enum class Body { kKept, kCounted, kHashed, kStreamed };

Parsed Parse(const std::vector<std::string_view>& pieces, bool head_request, Body body) {
  HttpResponse response;
  HttpResponseParser parser;
  agent::Sha256 hash;
  Parsed parsed;
  if (body == Body::kStreamed) {
    parser.BeginStream(&response);
  } else {
    parser.Begin(&response, head_request, body == Body::kKept,
                 body == Body::kHashed ? &hash : nullptr, body == Body::kHashed);
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    parsed.state = parser.Feed(pieces[i]);
    if (body == Body::kStreamed) {
      parsed.body += response.body;
      response.body.clear();
    }
    if (parsed.state == State::kMore) continue;
    parsed.behind = parser.unused_bytes();
    for (++i; i < pieces.size(); ++i) parsed.behind += pieces[i].size();
  }
  if (parsed.state == State::kMore) parsed.state = parser.Finish();
  while (parsed.state == State::kDecoding) parsed.state = parser.Decode();
  if (parsed.state == State::kFailed) {
    // How far it came is nobody's business then.
    Parsed failed;
    failed.state = State::kFailed;
    failed.failure =
        std::string(ErrorKindName(parser.failure().kind)) + ": " + parser.failure().detail;
    FUZZ_CHECK(parser.failure().detail.size() > 0);
    return failed;
  }
  FUZZ_CHECK(parsed.state == State::kComplete);
  FUZZ_CHECK(response.status == 101 || (response.status >= 200 && response.status <= 999));
  FUZZ_CHECK(response.body.size() <= agent::kMaxKeptBodyBytes);
  parsed.status = response.status;
  // Bytes behind the answer, in the same piece, end the connection.
  parsed.keep_alive = response.keep_alive && parsed.behind == 0;
  parsed.sets_cookies = response.sets_cookies;
  parsed.head = response.head;
  if (body != Body::kStreamed) parsed.body = response.body;
  parsed.body_bytes = response.body_bytes;
  if (body != Body::kStreamed) parsed.decoded_bytes = response.decoded_bytes;
  if (body == Body::kHashed) parsed.hash = hash.Hex();
  return parsed;
}

// The lines of a head are what the rest of the agent takes them for.
void CheckHead(const Parsed& parsed) {
  for (std::string_view head = parsed.head; !head.empty();) {
    const size_t end = head.find('\n');
    FUZZ_CHECK(end != std::string_view::npos);
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 1);
    const size_t colon = line.find(": ");
    FUZZ_CHECK(colon != std::string_view::npos && colon > 0);
    for (const char c : line.substr(0, colon)) FUZZ_CHECK(c > ' ' && !(c >= 'A' && c <= 'Z'));
    for (const char c : line) FUZZ_CHECK(c != '\r' && c != '\0');
  }
}

}  // namespace

void FuzzHttpResponse(std::string_view input) {
  const CutInput cut(input);
  const auto with = [](bool head_request, Body body) {
    return [=](const std::vector<std::string_view>& pieces) {
      return Parse(pieces, head_request, body);
    };
  };
  const Parsed kept = SameHoweverCut(cut, with(false, Body::kKept));
  const Parsed counted = SameHoweverCut(cut, with(false, Body::kCounted));
  const Parsed hashed = SameHoweverCut(cut, with(false, Body::kHashed));
  const Parsed streamed = SameHoweverCut(cut, with(false, Body::kStreamed));
  SameHoweverCut(cut, with(true, Body::kKept));
  CheckHead(counted);
  // The answer is the same one, whatever is done with its body.
  const auto frame = [](const Parsed& parsed) {
    return std::tuple(parsed.status, parsed.keep_alive, parsed.head, parsed.body_bytes,
                      parsed.behind);
  };
  if (kept.state == State::kComplete) {
    FUZZ_CHECK(frame(kept) == frame(counted));
    FUZZ_CHECK(frame(kept) == frame(hashed));
    FUZZ_CHECK(kept.body.size() == hashed.decoded_bytes);
    agent::Sha256 hash;
    hash.Update(kept.body);
    FUZZ_CHECK(hash.Hex() == hashed.hash);
  }
  if (streamed.state == State::kComplete) {
    FUZZ_CHECK(frame(streamed) == frame(counted));
    FUZZ_CHECK(streamed.body.size() == streamed.body_bytes);
  }
}

}  // namespace rampart
