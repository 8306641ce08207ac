// MultipartBody: a multipart/form-data body (RFC 7578) as pieces.
#ifndef RAMPART_AGENT_PROTOCOL_MULTIPART_BODY_H_
#define RAMPART_AGENT_PROTOCOL_MULTIPART_BODY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/protocol/http_client.h"

namespace rampart::agent {

// Begin, then for each part Part and its content, then End. Used again, it allocates nothing. What
// is streamed (Stream, Generate) is not copied and is what HttpRequest::sent_hash is of.
class MultipartBody {
 public:
  // `random`: two draws, which make the boundary; no content has it by chance.
  void Begin(uint64_t random_high, uint64_t random_low);
  // Names as they are: what RFC 7578 does not allow in them is escaped. No line for an empty type.
  void Part(std::string_view name, std::optional<std::string_view> filename,
            std::string_view content_type);
  void Text(std::string_view content);    // copied
  void Stream(std::string_view content);  // must stay valid
  // `size` bytes: as much of `head` as fits, then those of ContentBlock, again and again.
  void Generate(std::string_view head, uint64_t size);
  void End();

  std::string_view boundary() const { return boundary_; }
  // After End, until the next Begin.
  std::span<const BodyPiece> pieces() const { return pieces_; }
  uint64_t streamed_bytes() const { return streamed_bytes_; }

 private:
  void Own(std::string_view bytes, bool hashed);

  std::string boundary_;
  std::string text_;  // all that is not streamed
  bool begun_ = false;
  uint64_t streamed_bytes_ = 0;
  // Those that `owned_` names have a length only, until text_ has ceased to move.
  std::vector<BodyPiece> pieces_;
  std::vector<size_t> owned_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_MULTIPART_BODY_H_
