// Answers to an upgrade, cut anywhere; and the request for one, from a URL and subprotocols.
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "agent/protocol/http_response.h"
#include "agent/protocol/websocket_handshake.h"
#include "tests/fuzz/fuzz_target.h"

namespace rampart {
namespace {

namespace http = boost::beast::http;
using agent::HttpResponse;
using agent::HttpResponseParser;
using State = HttpResponseParser::State;

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

struct Answered {
  std::string refused;  // why; empty: granted
  std::string subprotocol;
  size_t behind = 0;  // bytes of frames

  bool operator==(const Answered&) const = default;
};

Answered Answer(const std::vector<std::string_view>& pieces) {
  HttpResponse response;
  HttpResponseParser parser;
  parser.Begin(&response, /*head_request=*/true, /*keep_body=*/false);
  State state = State::kMore;
  Answered answered;
  for (const std::string_view piece : pieces) {
    if (state == State::kMore) {
      state = parser.Feed(piece);
      if (state == State::kComplete) answered.behind = parser.unused_bytes();
    } else {
      answered.behind += piece.size();
    }
  }
  if (state == State::kMore) state = parser.Finish();
  if (state == State::kFailed) return {.refused = parser.failure().detail, .subprotocol = {}};
  if (auto failure = CheckUpgradeResponse(response, kKey, "chat, v2")) {
    FUZZ_CHECK(failure->kind == agent::ErrorKind::kWebsocketHandshake);
    return {.refused = failure->detail, .subprotocol = {}};
  }
  FUZZ_CHECK(response.status == 101);
  FUZZ_CHECK(response.head.find("sec-websocket-accept: " + std::string(kAccept) + "\n") !=
             std::string::npos);
  answered.subprotocol = response.Header("sec-websocket-protocol");
  FUZZ_CHECK(answered.subprotocol.empty() || answered.subprotocol == "chat" ||
             answered.subprotocol == "v2");
  return answered;
}

// `url \n subprotocols`. What may be sent is one request with the fields that were meant.
void Ask(std::string_view input) {
  const size_t line = std::min(input.find('\n'), input.size());
  const absl::StatusOr<agent::Url> url = agent::Url::Parse(input.substr(0, line));
  if (!url.ok()) return;
  const std::string_view subprotocols = input.substr(std::min(line + 1, input.size()));
  const agent::WebsocketRequest request = {.headers = "X-User: 1\r\n",
                                           .subprotocols = subprotocols};
  if (CheckUpgradeRequest(request, *url)) return;
  std::string out;
  AppendUpgradeRequest(request, *url, kKey, &out);
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<uint32_t>(out.size() + 1));
  boost::system::error_code error;
  const size_t used = parser.put(boost::asio::buffer(out), error);
  // Beast takes fewer characters than servers do; what it takes it must see as we meant it.
  if (error) return;
  FUZZ_CHECK(used == out.size() && parser.is_done());
  const auto& fields = parser.get();
  FUZZ_CHECK(fields["Sec-WebSocket-Key"] == kKey);
  FUZZ_CHECK(fields["Host"] == url->authority);
  FUZZ_CHECK(fields["X-User"] == "1");
  size_t count = 0;
  for (const auto& field : fields) {
    (void)field;
    ++count;
  }
  FUZZ_CHECK(count == (subprotocols.empty() ? 7u : 8u));
}

}  // namespace

void FuzzWebsocketHandshake(std::string_view input) {
  const CutInput cut(input);
  SameHoweverCut(cut, Answer);
  Ask(cut.whole);
}

}  // namespace rampart
