#include "agent/protocol/http_response.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "agent/protocol/body_decoder.h"

namespace rampart::agent {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

// Puts the pieces that Beast finds where an HttpResponse wants them.
class Pieces final : public http::basic_parser<false> {
 public:
  Pieces(HttpResponse* response, bool keep_body, bool streamed, Sha256* hash, bool measure_body)
      : response_(response),
        keep_body_(keep_body),
        streamed_(streamed),
        hash_(hash),
        measure_body_(measure_body) {
    header_limit(kMaxHeadBytes);
    body_limit(boost::none);  // counted here, where only a kept body costs memory
    eager(true);
  }

  // Why the body cannot be hashed.
  const std::optional<Failure>& hash_failure() const { return hash_failure_; }
  // The body is complete: is all of it hashed?
  std::optional<Failure> FinishHash() const { return decoder_ ? decoder_->Finish() : std::nullopt; }

 private:
  void on_request_impl(http::verb, boost::beast::string_view, boost::beast::string_view, int,
                       error_code&) override {}
  void on_response_impl(int code, boost::beast::string_view, int, error_code&) override {
    response_->status = code;
  }
  void on_field_impl(http::field, boost::beast::string_view name, boost::beast::string_view value,
                     error_code&) override {
    std::string& head = response_->head;
    for (const char c : name) {
      head.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    }
    head.append(": ");
    head.append(value.data(), value.size());
    head.push_back('\n');
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>& length, error_code& error) override {
    if (!keep_body_ || streamed_ || !length) return;
    if (*length > kMaxKeptBodyBytes) {
      error = http::error::body_limit;
    } else {
      response_->body.reserve(*length);
    }
  }
  size_t on_body_impl(boost::beast::string_view piece, error_code& error) override {
    response_->body_bytes += piece.size();
    if (keep_body_) {
      if (response_->body.size() + piece.size() > kMaxKeptBodyBytes) {
        error = http::error::body_limit;
        return 0;
      }
      response_->body.append(piece.data(), piece.size());
    }
    if (hash_ != nullptr || measure_body_) {
      if (!decoder_) decoder_.emplace(response_->Header("content-encoding"), kMaxHashedBytes);
      hash_failure_ = decoder_->Feed({piece.data(), piece.size()}, [this](std::string_view bytes) {
        response_->decoded_bytes += bytes.size();
        if (hash_ != nullptr) hash_->Update(bytes);
      });
      if (hash_failure_) {
        error = http::error::bad_value;
        return 0;
      }
    }
    return piece.size();
  }
  void on_chunk_header_impl(uint64_t, boost::beast::string_view, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, boost::beast::string_view piece, error_code& error) override {
    return on_body_impl(piece, error);
  }
  void on_finish_impl(error_code&) override {}

  HttpResponse* response_;
  bool keep_body_;
  bool streamed_;
  Sha256* hash_;
  bool measure_body_;
  std::optional<BodyDecoder> decoder_;
  std::optional<Failure> hash_failure_;
};

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
  head.clear();
  body.clear();
  body_bytes = 0;
  decoded_bytes = 0;
}

struct HttpResponseParser::Impl {
  std::optional<Pieces> pieces;
  HttpResponse* response = nullptr;
  bool head_request = false;
  bool keep_body = false;
  bool streamed = false;
  Sha256* hash = nullptr;
  bool measure_body = false;
  bool started = false;
  int interim = 0;
  size_t unused_bytes = 0;
  std::string stash;  // the part of a head that is not complete yet

  void Restart() {
    response->Clear();
    pieces.emplace(response, keep_body, streamed, hash, measure_body);
    if (head_request) pieces->skip(true);
  }
};

HttpResponseParser::HttpResponseParser() : impl_(std::make_unique<Impl>()) {}
HttpResponseParser::~HttpResponseParser() = default;

void HttpResponseParser::Begin(HttpResponse* response, bool head_request, bool keep_body,
                               Sha256* hash, bool measure_body) {
  impl_->response = response;
  impl_->head_request = head_request;
  impl_->keep_body = keep_body;
  impl_->streamed = false;
  impl_->hash = hash;
  impl_->measure_body = measure_body;
  if (hash != nullptr) hash->Reset();
  impl_->started = false;
  impl_->interim = 0;
  impl_->unused_bytes = 0;
  impl_->stash.clear();
  impl_->Restart();
}

void HttpResponseParser::BeginStream(HttpResponse* response) {
  Begin(response, /*head_request=*/false, /*keep_body=*/true);
  impl_->streamed = true;
  impl_->Restart();
}

bool HttpResponseParser::head_done() const {
  return impl_->pieces && impl_->pieces->is_header_done();
}
bool HttpResponseParser::started() const { return impl_->started; }
size_t HttpResponseParser::unused_bytes() const { return impl_->unused_bytes; }

HttpResponseParser::State HttpResponseParser::Fail(ErrorKind kind, std::string detail) {
  failure_ = {kind, std::move(detail)};
  return State::kFailed;
}

HttpResponseParser::State HttpResponseParser::Feed(std::string_view bytes) {
  if (!bytes.empty()) impl_->started = true;
  if (impl_->stash.empty()) return Consume(bytes);
  std::string joined = std::move(impl_->stash);
  impl_->stash.clear();
  joined.append(bytes);
  return Consume(joined);
}

HttpResponseParser::State HttpResponseParser::Consume(std::string_view bytes) {
  for (;;) {
    Pieces& pieces = *impl_->pieces;
    error_code error;
    const size_t used =
        bytes.empty() ? 0 : pieces.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    bytes.remove_prefix(used);
    if (error && error != http::error::need_more) {
      if (const std::optional<Failure>& failure = pieces.hash_failure()) {
        return Fail(failure->kind, failure->detail);
      }
      if (error == http::error::header_limit) {
        return Fail(ErrorKind::kHeaderTooLarge,
                    "the response's head is over " + std::to_string(kMaxHeadBytes) + " bytes");
      }
      if (error == http::error::body_limit) {
        return Fail(ErrorKind::kBodyTooLarge,
                    "the response's body is over " + std::to_string(kMaxKeptBodyBytes) + " bytes");
      }
      return Fail(ErrorKind::kBadResponse, "not an HTTP response: " + error.message());
    }
    const int status = impl_->response->status;
    // 1xx other than 101 comes before the response proper, and has no body whatever its head says.
    if (pieces.is_header_done() && status >= 100 && status < 200 && status != 101) {
      if (++impl_->interim > kMaxInterim) {
        return Fail(ErrorKind::kBadResponse, "too many interim (1xx) responses");
      }
      impl_->Restart();
      if (bytes.empty()) return State::kMore;
      continue;
    }
    if (pieces.is_done()) {
      const State state = Complete();
      // Bytes after the end belong to no request of ours; the connection is not to be trusted
      // again.
      if (!bytes.empty()) impl_->response->keep_alive = false;
      impl_->unused_bytes = bytes.size();
      return state;
    }
    if (used == 0 || error == http::error::need_more || bytes.empty()) {
      if (bytes.size() > kMaxHeadBytes) {
        return Fail(ErrorKind::kHeaderTooLarge,
                    "the response's head is over " + std::to_string(kMaxHeadBytes) + " bytes");
      }
      impl_->stash.assign(bytes);
      return State::kMore;
    }
  }
}

HttpResponseParser::State HttpResponseParser::Complete() {
  HttpResponse& response = *impl_->response;
  response.keep_alive = impl_->pieces->keep_alive();
  if (impl_->keep_body && !impl_->streamed && !response.body.empty()) {
    if (auto failure = DecodeBody(response.Header("content-encoding"), &response.body)) {
      failure_ = std::move(*failure);
      return State::kFailed;
    }
  }
  if (impl_->keep_body) response.decoded_bytes = response.body.size();
  if (std::optional<Failure> failure = impl_->pieces->FinishHash()) {
    return Fail(failure->kind, std::move(failure->detail));
  }
  return State::kComplete;
}

HttpResponseParser::State HttpResponseParser::Finish() {
  if (!impl_->started) {
    return Fail(ErrorKind::kConnectionClosed, "the server closed the connection without an answer");
  }
  error_code error;
  impl_->pieces->put_eof(error);
  if (error || !impl_->pieces->is_done()) {
    return Fail(ErrorKind::kConnectionClosed,
                "the server closed the connection in the middle of a response");
  }
  const State state = Complete();
  impl_->response->keep_alive = false;
  return state;
}

std::optional<Failure> DecodeBody(std::string_view encoding, std::string* body) {
  if (!BodyDecoder::Decodes(encoding)) return std::nullopt;
  BodyDecoder decoder(encoding, kMaxKeptBodyBytes);
  std::string decoded;
  std::optional<Failure> failure =
      decoder.Feed(*body, [&decoded](std::string_view bytes) { decoded.append(bytes); });
  if (!failure) failure = decoder.Finish();
  if (!failure) *body = std::move(decoded);
  return failure;
}

}  // namespace rampart::agent
