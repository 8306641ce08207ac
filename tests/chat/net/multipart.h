// multipart/form-data, read as it arrives.
#ifndef RAMPART_TESTS_CHAT_NET_MULTIPART_H_
#define RAMPART_TESTS_CHAT_NET_MULTIPART_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace rampart::chat {

// What a part says of itself. `has_file`: it names a file, be the name empty.
struct PartHeader {
  std::string field;
  std::string file_name;
  std::string content_type;
  bool has_file = false;
};

// Splits a multipart/form-data body into parts. Owned by one upload. Pure. Invariant: keeps at most
// a part's header, kMaxHeaderBytes, or a boundary's length of content. Errors: kInvalidArgument.
class MultipartReader {
 public:
  static constexpr size_t kMaxHeaderBytes = 8 * 1024;
  static constexpr size_t kMaxBoundaryBytes = 70;  // RFC 2046

  struct Sink {
    std::function<absl::Status(const PartHeader&)> on_part;
    std::function<absl::Status(std::string_view)>
        on_data;  // content of the part that on_part named
  };

  // The boundary in a Content-Type; empty when it is not multipart/form-data or has none.
  static std::string Boundary(std::string_view content_type);

  MultipartReader(std::string_view boundary, Sink sink);

  absl::Status Feed(std::string_view bytes);
  // The body has ended: was it whole?
  absl::Status Finish() const;

 private:
  enum class State { kContent, kAfterBoundary, kHeader, kEpilogue };

  absl::Status Step(bool& progress);
  absl::Status StepContent(bool& progress);

  std::string delimiter_;  // CRLF, two dashes, the boundary
  Sink sink_;
  State state_ = State::kContent;
  bool in_part_ = false;  // false: the preamble
  std::string held_;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_NET_MULTIPART_H_
