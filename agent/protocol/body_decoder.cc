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
  if (state_ == State::kPlain) {
    sink(bytes);
    return std::nullopt;
  }
  std::string joined;
  if (state_ == State::kBegin) {
    joined = std::move(held_);
    joined.append(bytes);
    bytes = joined;
    if (bytes.size() < 2) {
      held_ = std::move(joined);
      return std::nullopt;
    }
    if (!Begin(static_cast<unsigned char>(bytes[0]), static_cast<unsigned char>(bytes[1]))) {
      return Bad();
    }
    state_ = State::kInflating;
  }
  if (state_ == State::kEnded) return std::nullopt;  // what follows the stream is nobody's
  char out[16 * 1024];
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream_->avail_in = static_cast<uInt>(bytes.size());
  for (;;) {
    stream_->next_out = reinterpret_cast<Bytef*>(out);
    stream_->avail_out = sizeof(out);
    const int result = inflate(stream_.get(), Z_NO_FLUSH);
    const size_t got = sizeof(out) - stream_->avail_out;
    out_bytes_ += got;
    if (out_bytes_ > max_bytes_) {
      return Failure{ErrorKind::kBodyTooLarge,
                     "the body decompresses to over " + std::to_string(max_bytes_) + " bytes"};
    }
    if (got > 0) sink({out, got});
    if (result == Z_STREAM_END) {
      state_ = State::kEnded;
      return std::nullopt;
    }
    // Z_BUF_ERROR: it has had all that there is for now.
    if (result != Z_OK && result != Z_BUF_ERROR) return Bad();
    if (stream_->avail_out > 0) return std::nullopt;
  }
}

std::optional<Failure> BodyDecoder::Finish() const {
  if (state_ == State::kPlain || state_ == State::kEnded) return std::nullopt;
  if (state_ == State::kBegin && held_.empty()) return std::nullopt;  // no body at all
  return Bad();
}

}  // namespace rampart::agent
