// BodyDecoder: undoes a response's Content-Encoding, piece by piece.
#ifndef RAMPART_AGENT_PROTOCOL_BODY_DECODER_H_
#define RAMPART_AGENT_PROTOCOL_BODY_DECODER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/engine/failure.h"

struct z_stream_s;

namespace rampart::agent {

// gzip and deflate; what has another encoding, or none, comes out as it goes in. Keeps some 50 kB
// while it decompresses.
class BodyDecoder {
 public:
  using Sink = std::function<void(std::string_view)>;

  // At most `max_bytes` come out of a compressed body.
  BodyDecoder(std::string_view encoding, uint64_t max_bytes);
  ~BodyDecoder();

  std::optional<Failure> Feed(std::string_view bytes, const Sink& sink);
  // Takes from the front of `bytes` until some `out_bytes` have come out: `more` says that they
  // have, and that this is to be called again with what is left, also when nothing is.
  std::optional<Failure> FeedSome(std::string_view* bytes, uint64_t out_bytes, const Sink& sink,
                                  bool* more);
  // The body has ended: was it whole?
  std::optional<Failure> Finish() const;

  static bool Decodes(std::string_view encoding);

 private:
  enum class State { kPlain, kBegin, kInflating, kEnded };

  bool Begin(unsigned char first, unsigned char second);
  std::optional<Failure> Inflate(std::string_view* bytes, uint64_t out_bytes, const Sink& sink,
                                 bool* more);
  Failure Bad() const;

  const std::string encoding_;
  const uint64_t max_bytes_;
  State state_;
  std::string held_;  // a first byte that waits for the second
  uint64_t out_bytes_ = 0;
  std::unique_ptr<z_stream_s> stream_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_BODY_DECODER_H_
