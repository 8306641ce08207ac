// URLs: what is taken is what was written; where Location headers lead; forms.
#include "agent/protocol/engineio.h"
#include "agent/protocol/url.h"
#include "tests/fuzz/fuzz_target.h"

namespace rampart {
namespace {

using agent::Url;

void Check(std::string_view text, const Url& url) {
  FUZZ_CHECK(!url.host.empty() && url.port != 0);
  FUZZ_CHECK(url.authority.find_first_of("/?#@") == std::string_view::npos);
  FUZZ_CHECK(url.target.empty() || url.target[0] == '/' || url.target[0] == '?');
  FUZZ_CHECK(url.target.find('#') == std::string_view::npos);
  for (const char c : text) FUZZ_CHECK(static_cast<unsigned char>(c) > ' ' && c != 0x7f);
  // Put together again it is the same.
  const std::string scheme =
      url.websocket ? (url.secure ? "wss://" : "ws://") : (url.secure ? "https://" : "http://");
  const std::string again = scheme + std::string(url.authority) + std::string(url.target);
  const absl::StatusOr<Url> parsed = Url::Parse(again);
  FUZZ_CHECK(parsed.ok());
  FUZZ_CHECK(parsed->secure == url.secure && parsed->websocket == url.websocket);
  FUZZ_CHECK(parsed->host == url.host && parsed->authority == url.authority);
  FUZZ_CHECK(parsed->port == url.port && parsed->target == url.target);
}

// As servers read forms.
std::string FormDecoded(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      FUZZ_CHECK(i + 2 < text.size());
      out.push_back(static_cast<char>(digit(text[i + 1]) << 4 | digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

}  // namespace

// `url \n location`.
void FuzzUrl(std::string_view input) {
  const size_t line = std::min(input.find('\n'), input.size());
  const std::string_view text = input.substr(0, line);
  const std::string_view location = input.substr(std::min(line + 1, input.size()));

  std::string form;
  agent::AppendFormEncoded(input, &form);
  FUZZ_CHECK(form.find_first_of("&=\r\n #") == std::string::npos);
  FUZZ_CHECK(FormDecoded(form) == input);

  const absl::StatusOr<Url> url = Url::Parse(text);
  if (!url.ok()) {
    FUZZ_CHECK(url.status().message().find('\n') == absl::string_view::npos);
    return;
  }
  Check(text, *url);
  const std::string resolved = agent::ResolveLocation(*url, location);
  const absl::StatusOr<Url> next = Url::Parse(resolved);
  if (next.ok()) {
    Check(resolved, *next);
    // Without an address of its own it stays where it is.
    if (location.find("//") == std::string_view::npos) {
      FUZZ_CHECK(next->authority == url->authority && next->secure == url->secure);
    }
  }
  const absl::StatusOr<std::string> address = agent::SocketioAddress(text);
  if (address.ok()) {
    const absl::StatusOr<Url> socketio = Url::Parse(*address);
    FUZZ_CHECK(socketio.ok() && socketio->websocket);
    FUZZ_CHECK(socketio->authority == url->authority && socketio->secure == url->secure);
    const absl::StatusOr<std::string> twice = agent::SocketioAddress(*address);
    FUZZ_CHECK(twice.ok() && *twice == *address);
  }
}

}  // namespace rampart
