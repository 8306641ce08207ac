#include "agent/protocol/http_response.h"

#include <algorithm>
#include <utility>

namespace rampart::agent {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

bool IsInterim(int status) { return status < 200 && status != 101; }

// RFC 9112, 6.3.
bool HasNoBody(int status) { return status == 101 || status == 204 || status == 304; }

}  // namespace

std::string_view HttpResponse::Header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    if (line.size() >= name.size() + 2 && line.starts_with(name) && line[name.size()] == ':') {
      return line.substr(name.size() + 2);
    }
    rest.remove_prefix(end + 1);
  }
  return {};
}

void HttpResponse::Clear() {
  status = 0;
  keep_alive = false;
  sets_cookies = false;
  head.clear();
  body.clear();
  body_bytes = 0;
  decoded_bytes = 0;
}

void HttpResponseParser::Begin(HttpResponse* response, bool head_request, bool keep_body,
                               Sha256* hash, bool measure_body, KeepFields fields) {
  response_ = response;
  response_->Clear();
  hash_ = hash;
  if (hash_ != nullptr) hash_->Reset();
  unused_bytes_ = 0;
  stash_.clear();
  decoder_.reset();
  decoding_.reset();
  part_ = Part::kHead;
  interim_ = 0;
  head_request_ = head_request;
  keep_body_ = keep_body;
  streamed_ = false;
  measure_body_ = measure_body;
  fields_ = fields;
  started_ = false;
}

void HttpResponseParser::BeginStream(HttpResponse* response) {
  Begin(response, /*head_request=*/false, /*keep_body=*/true);
  streamed_ = true;
}

HttpResponseParser::State HttpResponseParser::Fail(ErrorKind kind, std::string detail) {
  failure_ = {kind, std::move(detail)};
  return State::kFailed;
}

HttpResponseParser::State HttpResponseParser::FailHead(HeadRead read, const char* why) {
  if (read == HeadRead::kTooLarge) {
    return Fail(ErrorKind::kHeaderTooLarge,
                "the response's head is over " + std::to_string(kMaxHeadBytes) + " bytes");
  }
  return Fail(ErrorKind::kBadResponse, std::string("not an HTTP response: ") + why);
}

HttpResponseParser::State HttpResponseParser::Feed(std::string_view bytes) {
  if (bytes.empty()) return State::kMore;
  started_ = true;
  if (part_ == Part::kHead) {
    const State state = stash_.empty() ? ReadHead(&bytes) : ReadStashedHead(&bytes);
    if (state == State::kFailed || part_ == Part::kHead) return state;
  }
  return ReadBody(bytes);
}

HttpResponseParser::State HttpResponseParser::ReadHead(std::string_view* bytes) {
  while (part_ == Part::kHead && !bytes->empty()) {
    HttpHead head;
    size_t used = 0;
    const char* why = "";
    const HeadRead read = ReadHttpHead(*bytes, fields_, &head, &response_->head, &used, &why);
    if (read == HeadRead::kMore) {
      stash_.assign(*bytes);
      break;
    }
    if (read != HeadRead::kDone) return FailHead(read, why);
    bytes->remove_prefix(used);
    if (IsInterim(head.status)) {
      if (++interim_ > kMaxInterim) {
        return Fail(ErrorKind::kBadResponse, "too many interim (1xx) responses");
      }
      response_->head.clear();
      continue;
    }
    if (!TakeHead(head)) return State::kFailed;
  }
  return State::kMore;
}

// The end is looked for where it can be new, so that a head that comes byte by byte is read once.
HttpResponseParser::State HttpResponseParser::ReadStashedHead(std::string_view* bytes) {
  const size_t before = stash_.size();
  const size_t from = before - std::min(before, kHeadEnd.size() - 1);
  stash_.append(bytes->substr(0, kMaxHeadBytes + 1));
  size_t end = stash_.find(kHeadEnd, from);
  if (end == std::string::npos) {
    if (stash_.size() > kMaxHeadBytes) return FailHead(HeadRead::kTooLarge, "");
    constexpr size_t kVersionBytes = 8;
    if (before >= kVersionBytes) return State::kMore;
    end = stash_.size();  // another protocol is known by its first bytes
  } else {
    end += kHeadEnd.size();
  }
  const size_t used = std::min(end - before, bytes->size());
  bytes->remove_prefix(used);
  std::string head = std::move(stash_);
  stash_.clear();
  head.resize(end);
  std::string_view rest = head;
  const State state = ReadHead(&rest);
  // After an interim head the next may have begun in what is left.
  if (state == State::kFailed || part_ != Part::kHead || bytes->empty()) return state;
  return stash_.empty() ? ReadHead(bytes) : ReadStashedHead(bytes);
}

bool HttpResponseParser::TakeHead(const HttpHead& head) {
  response_->status = head.status;
  response_->keep_alive = head.keep_alive;
  response_->sets_cookies = head.sets_cookies;
  left_ = 0;
  if (head_request_ || HasNoBody(head.status)) {
    part_ = Part::kLength;
    return true;
  }
  if (head.chunked) {
    part_ = Part::kChunks;
    chunks_ = {};
  } else if (head.length) {
    part_ = Part::kLength;
    left_ = *head.length;
    if (keep_body_ && !streamed_) {
      if (left_ > kMaxKeptBodyBytes) return TooLarge();
      response_->body.reserve(left_);
    }
  } else {
    part_ = Part::kUntilClose;
    response_->keep_alive = false;
  }
  return true;
}

bool HttpResponseParser::TooLarge() {
  Fail(ErrorKind::kBodyTooLarge,
       "the response's body is over " + std::to_string(kMaxKeptBodyBytes) + " bytes");
  return false;
}

bool HttpResponseParser::Take(std::string_view piece) {
  response_->body_bytes += piece.size();
  if (keep_body_) {
    if (response_->body.size() + piece.size() > kMaxKeptBodyBytes) return TooLarge();
    response_->body.append(piece);
  }
  if (hash_ != nullptr || measure_body_) {
    if (decoder_ == nullptr) {
      decoder_ =
          std::make_unique<BodyDecoder>(response_->Header("content-encoding"), kMaxHashedBytes);
    }
    std::optional<Failure> failed = decoder_->Feed(piece, [this](std::string_view bytes) {
      response_->decoded_bytes += bytes.size();
      if (hash_ != nullptr) hash_->Update(bytes);
    });
    if (failed) {
      failure_ = *std::move(failed);
      return false;
    }
  }
  return true;
}

HttpResponseParser::State HttpResponseParser::ReadBody(std::string_view bytes) {
  switch (part_) {
    case Part::kLength: {
      const std::string_view piece = bytes.substr(0, left_);
      if (!piece.empty() && !Take(piece)) return State::kFailed;
      left_ -= piece.size();
      return left_ == 0 ? Complete(bytes.size() - piece.size()) : State::kMore;
    }
    case Part::kChunks:
      for (std::string_view piece;;) {
        switch (chunks_.Next(&bytes, &piece)) {
          case ChunkedBody::Step::kData:
            if (!Take(piece)) return State::kFailed;
            break;
          case ChunkedBody::Step::kMore:
            return State::kMore;
          case ChunkedBody::Step::kEnd:
            return Complete(bytes.size());
          case ChunkedBody::Step::kBad:
            return Fail(ErrorKind::kBadResponse,
                        std::string("not an HTTP response: ") + chunks_.why());
        }
      }
    case Part::kUntilClose:
      return bytes.empty() || Take(bytes) ? State::kMore : State::kFailed;
    default:
      return State::kMore;
  }
}

HttpResponseParser::State HttpResponseParser::Complete(size_t unused_bytes) {
  HttpResponse& response = *response_;
  part_ = Part::kDone;
  // Bytes after the end belong to no request of ours; the connection is not to be trusted again.
  unused_bytes_ = unused_bytes;
  if (unused_bytes > 0) response.keep_alive = false;
  if (keep_body_ && !streamed_ && !response.body.empty()) {
    const std::string_view encoding = response.Header("content-encoding");
    if (BodyDecoder::Decodes(encoding)) {
      decoding_ = std::make_unique<Decoding>(encoding);
      return Decode();
    }
  }
  return EndBody();
}

HttpResponseParser::State HttpResponseParser::Decode() {
  Decoding& it = *decoding_;
  std::string_view rest = std::string_view(response_->body).substr(it.at);
  bool more = false;
  std::optional<Failure> failed = it.decoder->FeedSome(
      &rest, kDecodedAtOnce,
      [&it](std::string_view piece) {
        it.bytes += piece.size();
        if (it.bytes > kKeptUnmeasured && !it.measured) {
          it.measuring = true;
          it.decoded = std::string();
        }
        if (!it.measuring) it.decoded.append(piece);
      },
      &more);
  it.at = response_->body.size() - rest.size();
  if (!failed && more) return State::kDecoding;
  if (!failed) failed = it.decoder->Finish();
  if (failed) return Fail(failed->kind, std::move(failed->detail));
  if (it.measuring) {
    const uint64_t bytes = it.bytes;
    it = Decoding(response_->Header("content-encoding"));
    it.measured = true;
    it.decoded.reserve(bytes);
    return State::kDecoding;
  }
  response_->body = std::move(it.decoded);
  decoding_.reset();
  return EndBody();
}

HttpResponseParser::State HttpResponseParser::EndBody() {
  if (keep_body_) response_->decoded_bytes = response_->body.size();
  if (decoder_ != nullptr) {
    if (auto failed = decoder_->Finish()) return Fail(failed->kind, std::move(failed->detail));
  }
  return State::kComplete;
}

HttpResponseParser::State HttpResponseParser::Finish() {
  if (!started_) {
    return Fail(ErrorKind::kConnectionClosed, "the server closed the connection without an answer");
  }
  if (part_ == Part::kHead && !stash_.empty()) {
    // A line of it may have been wrong.
    HttpHead head;
    size_t used = 0;
    const char* why = "";
    const HeadRead read = ReadHttpHead(stash_, fields_, &head, &response_->head, &used, &why);
    if (read == HeadRead::kBad) return FailHead(read, why);
  }
  if (part_ != Part::kUntilClose) {
    return Fail(ErrorKind::kConnectionClosed,
                "the server closed the connection in the middle of a response");
  }
  return Complete(0);
}

}  // namespace rampart::agent
