#include "agent/protocol/sse_parser.h"

#include <algorithm>

namespace rampart::agent {

SseParser::Step SseParser::Feed(std::string_view* bytes) {
  if (delivered_) Forget();
  while (!bytes->empty()) {
    if (after_cr_) {
      after_cr_ = false;
      if (bytes->front() == '\n') {
        bytes->remove_prefix(1);
        continue;
      }
    }
    const auto end =
        std::find_if(bytes->begin(), bytes->end(), [](char c) { return c == '\n' || c == '\r'; });
    const std::string_view piece(bytes->begin(), end);
    if (line_.size() + piece.size() + data_.size() + event_.size() + id_.size() > kMaxEventBytes) {
      failure_.detail = "an event of over " + std::to_string(kMaxEventBytes) + " bytes";
      return Step::kFailed;
    }
    if (end == bytes->end()) {
      line_.append(piece);
      *bytes = {};
      return Step::kMore;
    }
    after_cr_ = *end == '\r';
    bytes->remove_prefix(piece.size() + 1);
    bool ended;
    if (line_.empty()) {
      ended = TakeLine(piece);
    } else {
      line_.append(piece);
      ended = TakeLine(line_);
      line_ = std::string();
    }
    if (ended) return Step::kEvent;
  }
  return Step::kMore;
}

bool SseParser::TakeLine(std::string_view line) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (first_line_ && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  first_line_ = false;
  if (line.empty()) {
    if (!has_data_) {
      event_.clear();
      return false;
    }
    data_.pop_back();  // the line end behind the last
    delivered_ = true;
    return true;
  }
  const size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    data_.append(value).push_back('\n');
    has_data_ = true;
  } else if (name == "event") {
    event_.assign(value);
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    id_.assign(value);
  }
  return false;
}

void SseParser::Forget() {
  constexpr size_t kKeptBytes = 4096;  // of thousands of streams that wait
  delivered_ = false;
  has_data_ = false;
  data_.clear();
  event_.clear();
  if (data_.capacity() > kKeptBytes) data_ = std::string();
}

}  // namespace rampart::agent
