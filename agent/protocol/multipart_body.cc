#include "agent/protocol/multipart_body.h"

#include <algorithm>

#include "agent/protocol/content_block.h"

namespace rampart::agent {
namespace {

// As browsers do it: WHATWG HTML, "multipart/form-data encoding algorithm".
void AppendEscaped(std::string_view name, std::string* out) {
  for (const char c : name) {
    switch (c) {
      case '"':
        out->append("%22");
        break;
      case '\r':
        out->append("%0D");
        break;
      case '\n':
        out->append("%0A");
        break;
      default:
        out->push_back(c);
    }
  }
}

}  // namespace

void MultipartBody::Begin(uint64_t random_high, uint64_t random_low) {
  constexpr char kDigits[] = "0123456789abcdef";
  boundary_ = "rampart-";
  for (const uint64_t random : {random_high, random_low}) {
    for (int shift = 60; shift >= 0; shift -= 4) {
      boundary_.push_back(kDigits[(random >> shift) & 15]);
    }
  }
  text_.clear();
  pieces_.clear();
  owned_.clear();
  begun_ = false;
  streamed_bytes_ = 0;
}

void MultipartBody::Own(std::string_view bytes, bool hashed) {
  text_.append(bytes);
  if (!owned_.empty() && owned_.back() + 1 == pieces_.size() && pieces_.back().hashed == hashed) {
    pieces_.back().bytes = {text_.data(), pieces_.back().bytes.size() + bytes.size()};
    return;
  }
  owned_.push_back(pieces_.size());
  pieces_.push_back({{text_.data(), bytes.size()}, hashed});
}

void MultipartBody::Part(std::string_view name, std::optional<std::string_view> filename,
                         std::string_view content_type) {
  std::string head = begun_ ? "\r\n--" : "--";
  begun_ = true;
  head.append(boundary_).append("\r\nContent-Disposition: form-data; name=\"");
  AppendEscaped(name, &head);
  head.push_back('"');
  if (filename) {
    head.append("; filename=\"");
    AppendEscaped(*filename, &head);
    head.push_back('"');
  }
  head.append("\r\n");
  if (!content_type.empty()) head.append("Content-Type: ").append(content_type).append("\r\n");
  head.append("\r\n");
  Own(head, false);
}

void MultipartBody::Text(std::string_view content) { Own(content, false); }

void MultipartBody::Stream(std::string_view content) {
  streamed_bytes_ += content.size();
  pieces_.push_back({content, true});
}

void MultipartBody::Generate(std::string_view head, uint64_t size) {
  streamed_bytes_ += size;
  head = head.substr(0, size);
  Own(head, true);
  const std::string_view block = ContentBlock();
  for (uint64_t left = size - head.size(); left > 0;) {
    const std::string_view piece = block.substr(0, left);
    pieces_.push_back({piece, true});
    left -= piece.size();
  }
}

void MultipartBody::End() {
  Own(begun_ ? "\r\n--" : "--", false);
  Own(boundary_, false);
  Own("--\r\n", false);
  size_t begin = 0;
  for (const size_t index : owned_) {
    std::string_view& bytes = pieces_[index].bytes;
    bytes = std::string_view(text_).substr(begin, bytes.size());
    begin += bytes.size();
  }
}

}  // namespace rampart::agent
