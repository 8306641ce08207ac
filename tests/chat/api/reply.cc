#include "tests/chat/api/reply.h"

#include <zlib.h>

#include <boost/beast/http/status.hpp>
#include <boost/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace rampart::chat {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for a gzip header

// False: zlib failed and `body` is as it was.
bool Gzip(std::string& body) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return false;
  }
  std::string packed(deflateBound(&stream, body.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (done) body = std::move(packed);
  return done;
}

}  // namespace

Reply JsonReply(unsigned status, const boost::json::value& body) {
  return Reply{status, boost::json::serialize(body)};
}

Reply ErrorReply(unsigned status, std::string_view text) {
  return JsonReply(status, {{"error", boost::json::string_view(text.data(), text.size())}});
}

Reply StatusReply(const absl::Status& status) {
  unsigned code = 500;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      code = 400;
      break;
    case absl::StatusCode::kUnauthenticated:
      code = 401;
      break;
    case absl::StatusCode::kNotFound:
      code = 404;
      break;
    case absl::StatusCode::kOutOfRange:
      code = 413;
      break;
    case absl::StatusCode::kResourceExhausted:
      code = 507;
      break;
    default:
      break;
  }
  return ErrorReply(code, std::string_view(status.message().data(), status.message().size()));
}

std::string Serialize(Reply reply, const ReplyFraming& framing) {
  const bool is_file = !reply.file_path.empty();
  const bool packed =
      framing.gzip && !is_file && reply.body.size() > kMinGzipBytes && Gzip(reply.body);
  const auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(reply.status));
  const bool has_body = reply.status != 204;
  std::string text =
      absl::StrCat("HTTP/1.1 ", reply.status, " ", absl::string_view(reason.data(), reason.size()),
                   "\r\nConnection: ", framing.keep_alive ? "keep-alive" : "close", "\r\n");
  if (has_body) {
    absl::StrAppend(&text, "Content-Type: ", reply.content_type, "\r\nContent-Length: ",
                    is_file ? static_cast<uint64_t>(reply.file_size) : reply.body.size(), "\r\n");
  }
  if (packed) text += "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n";
  text += "\r\n";
  if (has_body && !framing.omit_body) text += reply.body;
  return text;
}

}  // namespace rampart::chat
