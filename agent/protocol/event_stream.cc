#include "agent/protocol/event_stream.h"

#include <utility>
#include <variant>

#include "agent/protocol/header_text.h"
#include "agent/protocol/http_client.h"

namespace rampart::agent {
namespace {

using State = HttpResponseParser::State;

std::string RequestOf(const Url& url, std::string_view headers, const CookieJar& cookies) {
  std::string text = "GET ";
  if (!url.target.starts_with('/')) text.push_back('/');
  text.append(url.target).append(" HTTP/1.1\r\n");
  if (!HasHeader(headers, "host")) text.append("Host: ").append(url.authority).append("\r\n");
  if (!HasHeader(headers, "user-agent")) text.append("User-Agent: rampart/0.1\r\n");
  if (!HasHeader(headers, "accept")) text.append("Accept: text/event-stream\r\n");
  if (!HasHeader(headers, "cache-control")) text.append("Cache-Control: no-store\r\n");
  text.append(headers);
  if (!cookies.empty() && !HasHeader(headers, "cookie")) {
    cookies.AppendHeader(url.host, url.target, url.secure, &text);
  }
  return text.append("\r\n");
}

}  // namespace

void EventStream::Fail(Failure failure) {
  failure_ = std::move(failure);
  state_ = State::kFailed;
}

std::optional<Failure> EventStream::CheckHead() const {
  if (response_.status != 200) {
    return Failure{ErrorKind::kSse,
                   "no event stream: answered with status " + std::to_string(response_.status)};
  }
  const std::string_view type = response_.Header("content-type");
  if (!SameInAnyCase(TrimBlanks(type.substr(0, type.find(';'))), "text/event-stream")) {
    return Failure{ErrorKind::kSse, "no event stream: its content type is `" +
                                        std::string(type.substr(0, 100)) + "`"};
  }
  const std::string_view encoding = response_.Header("content-encoding");
  if (!encoding.empty() && encoding != "identity") {
    return Failure{ErrorKind::kSse, "a compressed event stream (`" +
                                        std::string(encoding.substr(0, 100)) +
                                        "`), which was not asked for"};
  }
  return std::nullopt;
}

Transport::Step EventStream::Read() {
  char* buffer = connector_.loop().read_buffer();
  const Transport::Moved moved = transport_->Receive(buffer, Loop::kReadBufferBytes);
  switch (moved.step) {
    case Transport::Step::kDone:
      bytes_received_ += moved.bytes;
      state_ = http_.Feed({buffer, moved.bytes});
      break;
    case Transport::Step::kClosed:
      state_ = http_.Finish();
      break;
    case Transport::Step::kFailed:
      Fail(transport_->failure());
      return moved.step;
    case Transport::Step::kBlocked:
      return moved.step;
  }
  if (state_ == State::kFailed) failure_ = http_.failure();
  return moved.step;
}

Task<std::optional<Failure>> EventStream::Open(const Url& url, std::string_view headers,
                                               const CookieJar& cookies, int64_t deadline_ns,
                                               Interrupt* interrupt) {
  ConnectTimes times;
  Connector::Result connected = co_await connector_.Connect(
      std::string(url.host), url.port, url.secure, deadline_ns, interrupt, &times);
  if (auto* failed = std::get_if<Failure>(&connected)) co_return std::move(*failed);
  transport_ = std::move(std::get<std::unique_ptr<Transport>>(connected));
  const std::string request = RequestOf(url, headers, cookies);
  if (auto failed = co_await transport_->SendAll(request, deadline_ns, interrupt)) {
    co_return std::move(*failed);
  }
  bytes_sent_ = request.size();
  http_.BeginStream(&response_);
  while (!http_.head_done() && state_ == State::kMore) {
    if (Read() != Transport::Step::kBlocked) continue;
    const Wake wake = co_await transport_->ToReceive(deadline_ns, interrupt);
    if (wake != Wake::kReady) co_return FailureFromWake(wake, "wait for the response's head");
  }
  if (state_ == State::kFailed && !http_.head_done()) co_return failure_;
  co_return CheckHead();
}

Task<EventStream::Event> EventStream::Next(int64_t deadline_ns, Interrupt* interrupt) {
  Loop& loop = connector_.loop();
  for (;;) {
    if (interrupt != nullptr && interrupt->requested()) co_return Event::kInterrupted;
    if (deadline_ns != kNever && MonotonicNow() >= deadline_ns) {
      co_await loop.Yield();
      co_return Event::kDeadline;
    }
    if (body_at_ < response_.body.size()) {
      std::string_view bytes = std::string_view(response_.body).substr(body_at_);
      const SseParser::Step step = parser_.Feed(&bytes);
      body_at_ = response_.body.size() - bytes.size();
      if (step == SseParser::Step::kEvent) co_return Event::kEvent;
      if (step == SseParser::Step::kFailed) {
        Fail(parser_.failure());
        body_at_ = response_.body.size();
      }
      continue;
    }
    response_.body.clear();
    body_at_ = 0;
    if (state_ == State::kComplete) co_return Event::kEnded;
    if (state_ == State::kFailed) co_return Event::kFailed;
    if (++reads_in_a_row_ > kMaxReadsInARow) {
      reads_in_a_row_ = 0;
      co_await loop.Yield();
      continue;
    }
    if (Read() != Transport::Step::kBlocked) continue;
    reads_in_a_row_ = 0;
    response_.body = std::string();  // nobody that waits holds a buffer
    const Wake wake = co_await transport_->ToReceive(deadline_ns, interrupt);
    if (wake == Wake::kTimeout) co_return Event::kDeadline;
    if (wake == Wake::kInterrupted) co_return Event::kInterrupted;
  }
}

}  // namespace rampart::agent
