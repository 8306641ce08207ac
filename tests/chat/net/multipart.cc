#include "tests/chat/net/multipart.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace rampart::chat {
namespace {

constexpr std::string_view kEnd = "\r\n";

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The next `name=value` or `name="value"` after a semicolon. False: there is none.
bool NextParameter(std::string_view& rest, std::string& name, std::string& value) {
  const size_t semicolon = rest.find(';');
  if (semicolon == std::string_view::npos) return false;
  rest.remove_prefix(semicolon + 1);
  const size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return false;
  name = Lower(Trim(rest.substr(0, equals)));
  rest = Trim(rest.substr(equals + 1));
  value.clear();
  if (!rest.starts_with('"')) {
    const size_t end = std::min(rest.find(';'), rest.size());
    value = Trim(rest.substr(0, end));
    rest.remove_prefix(end);
    return true;
  }
  size_t i = 1;
  for (; i < rest.size() && rest[i] != '"'; ++i) {
    if (rest[i] == '\\' && i + 1 < rest.size() && rest[i + 1] == '"') ++i;
    value.push_back(rest[i]);
  }
  rest.remove_prefix(std::min(i + 1, rest.size()));
  return true;
}

PartHeader ParseHeader(std::string_view text) {
  PartHeader header;
  while (!text.empty()) {
    const size_t end = std::min(text.find(kEnd), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + kEnd.size(), text.size()));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string field = Lower(Trim(line.substr(0, colon)));
    std::string_view value = Trim(line.substr(colon + 1));
    if (field == "content-type") header.content_type = value;
    if (field != "content-disposition") continue;
    std::string name;
    std::string parameter;
    while (NextParameter(value, name, parameter)) {
      if (name == "name") header.field = parameter;
      if (name == "filename") {
        header.file_name = parameter;
        header.has_file = true;
      }
    }
  }
  return header;
}

}  // namespace

std::string MultipartReader::Boundary(std::string_view content_type) {
  if (!Lower(content_type).starts_with("multipart/form-data")) return "";
  std::string name;
  std::string value;
  while (NextParameter(content_type, name, value)) {
    if (name == "boundary" && value.size() <= kMaxBoundaryBytes) return value;
  }
  return "";
}

// The first boundary needs no line end before it: the reader begins as if there had been one.
MultipartReader::MultipartReader(std::string_view boundary, Sink sink)
    : delimiter_("\r\n--" + std::string(boundary)), sink_(std::move(sink)), held_(kEnd) {}

absl::Status MultipartReader::Feed(std::string_view bytes) {
  held_.append(bytes);
  bool progress = true;
  while (progress) {
    if (absl::Status status = Step(progress); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status MultipartReader::Finish() const {
  if (state_ == State::kEpilogue) return absl::OkStatus();
  return absl::InvalidArgumentError("the multipart body ends without its last boundary");
}

absl::Status MultipartReader::StepContent(bool& progress) {
  const size_t found = held_.find(delimiter_);
  // Without a boundary in sight, all but what may be the beginning of one is content.
  const size_t content = found != std::string::npos         ? found
                         : held_.size() < delimiter_.size() ? 0
                                                            : held_.size() - delimiter_.size() + 1;
  if (in_part_ && content > 0) {
    absl::Status status = sink_.on_data(std::string_view(held_).substr(0, content));
    if (!status.ok()) return status;
  }
  if (found != std::string::npos) {
    held_.erase(0, found + delimiter_.size());
    state_ = State::kAfterBoundary;
    progress = true;
  } else {
    held_.erase(0, content);
  }
  return absl::OkStatus();
}

absl::Status MultipartReader::Step(bool& progress) {
  progress = false;
  switch (state_) {
    case State::kContent:
      return StepContent(progress);
    case State::kAfterBoundary:
      if (held_.size() < 2) return absl::OkStatus();
      if (held_.starts_with("--")) {
        held_.clear();
        state_ = State::kEpilogue;
      } else if (held_.starts_with(kEnd)) {
        // The line end stays: with it, a part without header lines ends its header as others do.
        state_ = State::kHeader;
        progress = true;
      } else {
        return absl::InvalidArgumentError("a multipart boundary must be followed by a line end");
      }
      return absl::OkStatus();
    case State::kHeader: {
      const size_t end = held_.find("\r\n\r\n");
      if (end == std::string::npos) {
        if (held_.size() <= kMaxHeaderBytes) return absl::OkStatus();
        return absl::InvalidArgumentError("the header of a part is over 8 KiB");
      }
      absl::Status status = sink_.on_part(ParseHeader(std::string_view(held_).substr(0, end)));
      if (!status.ok()) return status;
      held_.erase(0, end + 4);
      in_part_ = true;
      state_ = State::kContent;
      progress = true;
      return absl::OkStatus();
    }
    case State::kEpilogue:
      held_.clear();
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

}  // namespace rampart::chat
