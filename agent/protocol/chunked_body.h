// ChunkedBody: undoes `Transfer-Encoding: chunked` (RFC 9112, 7.1) as the bytes come.
#ifndef RAMPART_AGENT_PROTOCOL_CHUNKED_BODY_H_
#define RAMPART_AGENT_PROTOCOL_CHUNKED_BODY_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rampart::agent {

// Extensions and trailers are read over.
class ChunkedBody {
 public:
  // Of a chunk's line, and of all trailers together.
  static constexpr uint32_t kMaxLineBytes = 4096;
  static constexpr uint32_t kMaxTrailerBytes = 64 * 1024;

  enum class Step : uint8_t { kData, kMore, kEnd, kBad };

  // Takes bytes off the front: kData gives the next piece of the body in `data`, kMore says that
  // all are used up, kEnd that the body is complete. After kBad: why().
  Step Next(std::string_view* bytes, std::string_view* data);

  const char* why() const { return why_; }

 private:
  enum class State : uint8_t {
    kSize,
    kExtension,
    kSizeEnd,  // a CR has come
    kData,
    kDataEnd,
    kDataEnd2,
    kTrailerBegin,
    kTrailer,
    kTrailerEnd,
    kLastEnd,
    kEnd,
  };

  Step Bad(const char* why) {
    why_ = why;
    return Step::kBad;
  }
  // One byte of what is not data; false when it may not stand there.
  bool Take(char c);
  bool TakeDigit(char c);

  uint64_t left_ = 0;  // of the chunk
  uint32_t line_bytes_ = 0;
  State state_ = State::kSize;
  bool digits_ = false;
  const char* why_ = "";
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_CHUNKED_BODY_H_
