// HttpHead: the head of an HTTP/1.x response, read in one pass.
//
// Our own parser, because this is the hot path (docs/decisions/0011-own-response-parser.md). Strict
// where a lenient reader could be led to see another message than the server sent (RFC 9112).
#ifndef RAMPART_AGENT_PROTOCOL_HTTP_HEAD_H_
#define RAMPART_AGENT_PROTOCOL_HTTP_HEAD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rampart::agent {

// What a response's head may cost.
inline constexpr uint32_t kMaxHeadBytes = 64 * 1024;

struct HttpHead {
  int status = 0;
  bool keep_alive = false;  // what the version and Connection say; the body may say otherwise
  bool chunked = false;
  bool coded = false;  // a Transfer-Encoding whose last is not chunked: ends with the connection
  std::optional<uint64_t> length;
  bool sets_cookies = false;
};

enum class HeadRead : uint8_t { kDone, kMore, kTooLarge, kBad };

// Which headers are kept: all, or only those that are always needed: Set-Cookie, Location and
// Content-Encoding.
enum class KeepFields : uint8_t { kAll, kNeeded };

// Reads from the status line to the empty line. kDone: `used` bytes were the head, and `fields` is
// its `name: value\n` lines, names in lower case, values trimmed, folded lines joined. kMore: the
// empty line has not come. kBad: `why` says what is wrong.
HeadRead ReadHttpHead(std::string_view bytes, KeepFields keep, HttpHead* head, std::string* fields,
                      size_t* used, const char** why);

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_HTTP_HEAD_H_
