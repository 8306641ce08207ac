#include "agent/protocol/body_decoder.h"

#include <zlib.h>

#include <algorithm>

#include "agent/protocol/header_text.h"

namespace rampart::agent {
namespace {

bool IsGzip(std::string_view encoding) {
  return SameInAnyCase(encoding, "gzip") || SameInAnyCase(encoding, "x-gzip");
}

}  // namespace

bool BodyDecoder::Decodes(std::string_view encoding) {
  return IsGzip(encoding) || SameInAnyCase(encoding, "deflate");
}

BodyDecoder::BodyDecoder(std::string_view encoding, uint64_t max_bytes)
    : encoding_(encoding),
      max_bytes_(max_bytes),
      state_(Decodes(encoding) ? State::kBegin : State::kPlain) {}

BodyDecoder::~BodyDecoder() {
  if (stream_ != nullptr) inflateEnd(stream_.get());
}

Failure BodyDecoder::Bad() const {
  return {ErrorKind::kBadEncoding, "the body says `" + encoding_ + "` but does not decompress"};
}

bool BodyDecoder::Begin(unsigned char first, unsigned char second) {
  constexpr int kGzip = 15 + 16;
  constexpr int kZlib = 15;
  constexpr int kRawDeflate = -15;
  // Some servers send deflate without the zlib header (RFC 1950, 2.2) that RFC 9110 asks for.
  const bool zlib = (first & 15) == Z_DEFLATED && (first * 256 + second) % 31 == 0;
  stream_ = std::make_unique<z_stream_s>();
  const int bits = IsGzip(encoding_) ? kGzip : zlib ? kZlib : kRawDeflate;
  if (inflateInit2(stream_.get(), bits) == Z_OK) return true;
  stream_.reset();
  return false;
}

std::optional<Failure> BodyDecoder::Feed(std::string_view bytes, const Sink& sink) {
  bool more = false;
  return FeedSome(&bytes, UINT64_MAX, sink, &more);
}

std::optional<Failure> BodyDecoder::FeedSome(std::string_view* bytes, uint64_t out_bytes,
                                             const Sink& sink, bool* more) {
  *more = false;
  if (state_ == State::kPlain) {
    sink(*bytes);
    *bytes = {};
    return std::nullopt;
  }
  if (state_ == State::kBegin) {
    if (held_.size() + bytes->size() < 2) {
      held_.append(*bytes);
      *bytes = {};
      return std::nullopt;
    }
    const auto byte = [](char c) { return static_cast<unsigned char>(c); };
    const bool held = !held_.empty();
    if (!Begin(byte(held ? held_[0] : (*bytes)[0]), byte((*bytes)[held ? 0 : 1]))) return Bad();
    state_ = State::kInflating;
    std::string_view first = held_;
    if (held) {
      if (auto failure = Inflate(&first, UINT64_MAX, sink, more)) return failure;
    }
  }
  return Inflate(bytes, out_bytes, sink, more);
}

std::optional<Failure> BodyDecoder::Inflate(std::string_view* bytes, uint64_t out_bytes,
                                            const Sink& sink, bool* more) {
  if (state_ == State::kEnded) {  // what follows the stream is nobody's
    *bytes = {};
    return std::nullopt;
  }
  char out[16 * 1024];
  uint64_t out_here = 0;
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes->data()));
  stream_->avail_in = static_cast<uInt>(bytes->size());
  for (;;) {
    stream_->next_out = reinterpret_cast<Bytef*>(out);
    stream_->avail_out = sizeof(out);
    const int result = inflate(stream_.get(), Z_NO_FLUSH);
    const size_t got = sizeof(out) - stream_->avail_out;
    out_bytes_ += got;
    out_here += got;
    if (out_bytes_ > max_bytes_) {
      return Failure{ErrorKind::kBodyTooLarge,
                     "the body decompresses to over " + std::to_string(max_bytes_) + " bytes"};
    }
    if (got > 0) sink({out, got});
    if (result == Z_STREAM_END) {
      state_ = State::kEnded;
      *bytes = {};
      return std::nullopt;
    }
    // Z_BUF_ERROR: it has had all that there is for now.
    if (result != Z_OK && result != Z_BUF_ERROR) return Bad();
    *bytes = bytes->substr(bytes->size() - stream_->avail_in);
    if (stream_->avail_out > 0) return std::nullopt;
    if (out_here >= out_bytes) {
      *more = true;
      return std::nullopt;
    }
  }
}

std::optional<Failure> BodyDecoder::Finish() const {
  if (state_ == State::kPlain || state_ == State::kEnded) return std::nullopt;
  if (state_ == State::kBegin && held_.empty()) return std::nullopt;  // no body at all
  return Bad();
}

}  // namespace rampart::agent
