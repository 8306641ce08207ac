// The answer to a request, as a value.
#ifndef RAMPART_TESTS_CHAT_API_REPLY_H_
#define RAMPART_TESTS_CHAT_API_REPLY_H_

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace rampart::chat {

// `body`, or a file that is streamed when `file_path` is not empty.
struct Reply {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::string file_path = {};
  int64_t file_size = 0;
};

Reply JsonReply(unsigned status, const boost::json::value& body);
// {"error": text}.
Reply ErrorReply(unsigned status, std::string_view text);
// An error by its kind: 400, 401, 404, 413, 507, and 500 for those that are ours.
Reply StatusReply(const absl::Status& status);

// How a reply goes onto the wire. Gzip only when asked for and worth it: over kMinGzipBytes.
struct ReplyFraming {
  bool keep_alive = true;
  bool gzip = false;
  bool omit_body = false;  // the answer to HEAD: its header alone
};
inline constexpr size_t kMinGzipBytes = 1024;

// Header and body; of a file, the header alone.
std::string Serialize(Reply reply, const ReplyFraming& framing);

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_API_REPLY_H_
