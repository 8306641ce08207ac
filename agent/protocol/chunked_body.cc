#include "agent/protocol/chunked_body.h"

#include <algorithm>

namespace rampart::agent {

bool ChunkedBody::TakeDigit(char c) {
  uint64_t digit;
  if (c >= '0' && c <= '9') {
    digit = static_cast<uint64_t>(c - '0');
  } else if (c >= 'a' && c <= 'f') {
    digit = static_cast<uint64_t>(c - 'a' + 10);
  } else if (c >= 'A' && c <= 'F') {
    digit = static_cast<uint64_t>(c - 'A' + 10);
  } else {
    return false;
  }
  if (left_ >> 59 != 0) return false;  // no body is that long
  left_ = left_ << 4 | digit;
  digits_ = true;
  return true;
}

bool ChunkedBody::Take(char c) {
  const auto to = [this](State state) {
    state_ = state;
    return true;
  };
  switch (state_) {
    case State::kSize:
      if (TakeDigit(c)) return true;
      if (!digits_) return false;
      if (c == '\r') return to(State::kSizeEnd);
      return (c == ';' || c == ' ' || c == '\t') && to(State::kExtension);
    case State::kExtension:
      if (c == '\r') return to(State::kSizeEnd);
      return c != '\n';
    case State::kSizeEnd:
      line_bytes_ = 0;
      return c == '\n' && to(left_ == 0 ? State::kTrailerBegin : State::kData);
    case State::kDataEnd:
      return c == '\r' && to(State::kDataEnd2);
    case State::kDataEnd2:
      digits_ = false;
      line_bytes_ = 0;
      return c == '\n' && to(State::kSize);
    case State::kTrailerBegin:
      return to(c == '\r' ? State::kLastEnd : State::kTrailer);
    case State::kTrailer:
      if (c == '\r') return to(State::kTrailerEnd);
      return c != '\n';
    case State::kTrailerEnd:
      return c == '\n' && to(State::kTrailerBegin);
    case State::kLastEnd:
      return c == '\n' && to(State::kEnd);
    default:
      return false;
  }
}

ChunkedBody::Step ChunkedBody::Next(std::string_view* bytes, std::string_view* data) {
  for (;;) {
    if (state_ == State::kEnd) return Step::kEnd;
    if (bytes->empty()) return Step::kMore;
    if (state_ == State::kData) {
      *data = bytes->substr(0, left_);
      bytes->remove_prefix(data->size());
      left_ -= data->size();
      if (left_ == 0) state_ = State::kDataEnd;
      return Step::kData;
    }
    const bool trailers = state_ >= State::kTrailerBegin;
    if (++line_bytes_ > (trailers ? kMaxTrailerBytes : kMaxLineBytes)) {
      return Bad(trailers ? "its trailers are too long" : "a chunk's line is too long");
    }
    if (!Take(bytes->front())) return Bad("its chunks are malformed");
    bytes->remove_prefix(1);
  }
}

}  // namespace rampart::agent
