// HttpResponse and the parser that fills it from bytes as they come.
#ifndef RAMPART_AGENT_PROTOCOL_HTTP_RESPONSE_H_
#define RAMPART_AGENT_PROTOCOL_HTTP_RESPONSE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/engine/failure.h"
#include "agent/protocol/body_decoder.h"
#include "agent/protocol/chunked_body.h"
#include "agent/protocol/http_head.h"
#include "agent/protocol/sha256.h"

namespace rampart::agent {

// One response. `head` and `body` are buffers that are reused from request to request.
struct HttpResponse {
  int status = 0;
  bool keep_alive = false;
  bool sets_cookies = false;   // the head has a Set-Cookie
  std::string head;            // `name: value\n` lines, names in lower case; see Header
  std::string body;            // decoded; empty when it is not kept
  uint64_t body_bytes = 0;     // as they came, also when not kept
  uint64_t decoded_bytes = 0;  // when the body is kept, hashed or measured

  // The first header with this lower-case name; empty when there is none.
  std::string_view Header(std::string_view name) const;
  void Clear();
};

// What a response may cost beside its head (kMaxHeadBytes); more is a failure and closes the
// connection. A body that is not kept may have any length.
inline constexpr uint64_t kMaxKeptBodyBytes = 64ull * 1024 * 1024;
// What may come out of a compressed body that is hashed without being kept.
inline constexpr uint64_t kMaxHashedBytes = 4ull * 1024 * 1024 * 1024;

// Incremental. Feed it chunks until it says that the response is complete. Interim (1xx) responses
// are skipped, kMaxInterim of them at most. A whole response in one chunk costs no copy but what is
// kept, and no allocation once the response's buffers have grown.
class HttpResponseParser {
 public:
  static constexpr int kMaxInterim = 16;

  // What is decompressed before others of the thread may have their turn: a few dozen microseconds.
  static constexpr size_t kDecodedAtOnce = 64 * 1024;
  // What a body may become before it is measured: of more only what is known to fit is kept.
  static constexpr size_t kKeptUnmeasured = 256 * 1024;

  // kDecoding: the response has come, Decode goes on with its body.
  enum class State : uint8_t { kMore, kDecoding, kComplete, kFailed };

  // For the next response. `head_request`: it has no body whatever its head says. `keep_body`: it
  // is put into response->body, else only counted. `hash`, if there is one, gets the decoded body;
  // `measure_body` counts it as decoded. `fields`: what of the head is put into response->head.
  // `response` and `hash` must outlive the parsing.
  void Begin(HttpResponse* response, bool head_request, bool keep_body, Sha256* hash = nullptr,
             bool measure_body = false, KeepFields fields = KeepFields::kAll);

  // For a body that comes as a stream: it is put into response->body as it is, and who reads it
  // takes it out between the calls of Feed.
  void BeginStream(HttpResponse* response);

  // Takes `bytes`; what belongs to a head that is not complete yet is kept inside.
  State Feed(std::string_view bytes);
  // The peer has closed: completes a body that ends with its connection.
  State Finish();
  // After kDecoding. Says so again while there is more to do.
  State Decode();

  bool head_done() const { return part_ != Part::kHead; }  // of the response proper
  // After kComplete and kDecoding: how many bytes at the end of the last Feed's come after the
  // response. What follows a 101 belongs to the protocol that was switched to.
  size_t unused_bytes() const { return unused_bytes_; }
  const Failure& failure() const { return failure_; }

 private:
  enum class Part : uint8_t { kHead, kLength, kChunks, kUntilClose, kDone };

  // Takes the heads off the front of `bytes`, interim ones too.
  State ReadHead(std::string_view* bytes);
  State ReadStashedHead(std::string_view* bytes);
  State ReadBody(std::string_view bytes);
  // False when it failed.
  bool TakeHead(const HttpHead& head);
  bool Take(std::string_view piece);
  bool TooLarge();
  State Complete(size_t unused_bytes);
  State EndBody();
  State Fail(ErrorKind kind, std::string detail);
  State FailHead(HeadRead read, const char* why);

  // Of a kept body that has an encoding.
  struct Decoding {
    explicit Decoding(std::string_view encoding)
        : decoder(std::make_unique<BodyDecoder>(encoding, kMaxKeptBodyBytes)) {}

    std::unique_ptr<BodyDecoder> decoder;
    std::string decoded;
    uint64_t bytes = 0;
    size_t at = 0;  // of the response's body
    bool measuring = false;
    bool measured = false;
  };

  HttpResponse* response_ = nullptr;
  Sha256* hash_ = nullptr;
  uint64_t left_ = 0;  // of a body with a length
  size_t unused_bytes_ = 0;
  std::string stash_;  // the part of a head that is not complete yet
  std::unique_ptr<BodyDecoder> decoder_;
  std::unique_ptr<Decoding> decoding_;
  ChunkedBody chunks_;
  Part part_ = Part::kHead;
  KeepFields fields_ = KeepFields::kAll;
  int interim_ = 0;
  bool head_request_ = false;
  bool keep_body_ = false;
  bool streamed_ = false;
  bool measure_body_ = false;
  bool started_ = false;  // a byte of the response has come
  Failure failure_{ErrorKind::kBadResponse, ""};
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_HTTP_RESPONSE_H_
