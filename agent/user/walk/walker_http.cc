// The `http` step.
#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include "agent/protocol/url.h"
#include "agent/user/walk/walker.h"
#include "common/load/nanoseconds.h"

namespace rampart::agent {
namespace {

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool Expected(const HttpStep& step, int status) {
  if (step.expect_status.empty()) return status >= 200 && status < 400;
  return std::find(step.expect_status.begin(), step.expect_status.end(),
                   static_cast<uint32_t>(status)) != step.expect_status.end();
}

// All lines but those with this name.
void RemoveHeader(std::string_view name, std::string* headers) {
  std::string kept;
  std::string_view rest = *headers;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find("\r\n") + 2, rest.size());
    const std::string_view line = rest.substr(0, end);
    if (!HasHeader(line, name)) kept.append(line);
    rest.remove_prefix(end);
  }
  *headers = std::move(kept);
}

}  // namespace

Flow Walker::RenderRequest(const HttpStep& step, const Step& at, ExchangeBuffers& buffers,
                           std::optional<Failure>* failed) {
  Script& script = context_.script;
  const Environment& user = user_.environment;
  buffers.url.clear();
  buffers.headers.clear();
  buffers.body.clear();
  buffers.response.Clear();  // another user's, until there is an answer
  absl::Status status = RenderUrl(step.url, &buffers.url);
  if (status.ok()) status = script.Render(step.headers.lines, user, &buffers.headers);
  if (status.ok()) {
    if (const auto* json = std::get_if<ValueTemplate>(&step.content)) {
      status = script.RenderJson(*json, user, &buffers.body);
    } else if (const auto* raw = std::get_if<Template>(&step.content)) {
      status = script.Render(*raw, user, &buffers.body);
    } else if (const auto* form =
                   std::get_if<std::vector<std::pair<std::string, Template>>>(&step.content)) {
      std::string value;
      for (const auto& [name, text] : *form) {
        value.clear();
        status = script.Render(text, user, &value);
        if (!status.ok()) break;
        if (!buffers.body.empty()) buffers.body.push_back('&');
        buffers.body.append(name).push_back('=');
        AppendFormEncoded(value, &buffers.body);
      }
    } else if (const auto* parts = std::get_if<std::vector<PartContent>>(&step.content)) {
      status = RenderParts(*parts, buffers, failed);
    }
  }
  if (status.ok() && !*failed) *failed = FaultOfHeaders(buffers.headers, step.headers.count);
  return status.ok() ? Flow::kNext : ScriptError(status, step.name, at.at);
}

Task<Flow> Walker::Http(const HttpStep& step, const Step& at) {
  See();
  std::unique_ptr<ExchangeBuffers> buffers = context_.buffers.Take();
  std::optional<Failure> failed;
  // Null: what is sent stands in the buffers.
  const FixedRequest* fixed = step.fixed.get();
  if (fixed == nullptr && RenderRequest(step, at, *buffers, &failed) != Flow::kNext) {
    context_.buffers.Return(std::move(buffers));
    co_return Flow::kEnd;
  }
  Scope& scope = user_.scope;
  // What this step's expressions see from here on; a message that is being handled comes back
  // after.
  const bool had_message = std::exchange(scope.has_message, false);
  scope.status = 0;
  scope.ok = false;
  scope.error.reset();
  scope.response = nullptr;
  scope.duration_ms = 0;
  Exchanged& exchanged = scope.Exchange();
  exchanged.Clear();

  const bool hashes_sent = step.hashes.sent || context_.hashes.sent;
  const bool hashes_body = step.hashes.body || context_.hashes.body;
  Sha256 sent_hash;
  Sha256 body_hash;
  const int64_t begin_ns = MonotonicNow();
  Begun(begin_ns);
  const int64_t deadline_ns = begin_ns + step.timeout_ns;
  std::string_view method = step.method;
  const bool multipart = std::holds_alternative<std::vector<PartContent>>(step.content);
  bool has_body = !std::holds_alternative<std::monostate>(step.content);
  HttpTimes times;
  uint32_t redirects = 0;
  while (!failed) {
    const absl::StatusOr<Url> url = fixed != nullptr ? fixed->url : Url::Parse(buffers->url);
    if (!url.ok() || url->websocket) {
      failed = Failure{ErrorKind::kBadUrl, url.ok() ? "a WebSocket URL in an `http` step"
                                                    : std::string(url.status().message())};
      CountExchange(step, method, HttpTimes{}, 0, failed, false);
      break;
    }
    const std::string_view headers = fixed != nullptr ? fixed->headers : buffers->headers;
    const std::string_view body = fixed != nullptr ? fixed->body : buffers->body;
    const std::span<const BodyPiece> pieces =
        has_body && multipart ? buffers->multipart.pieces() : std::span<const BodyPiece>();
    const bool keeps = step.reads_response || context_.keeps_response;
    const HttpRequest request{.method = method,
                              .headers = headers,
                              .body = has_body ? body : std::string_view(),
                              .pieces = pieces,
                              .has_body = has_body,
                              .rendered = fixed != nullptr ? fixed->rendered : std::string_view(),
                              .keep_body = keeps,
                              .keep_fields = keeps ? KeepFields::kAll : KeepFields::kNeeded,
                              .started_ns = redirects == 0 ? begin_ns : 0,
                              .measure_body = context_.measures_bodies,
                              .sent_hash = hashes_sent ? &sent_hash : nullptr,
                              .body_hash = hashes_body ? &body_hash : nullptr};
    failed = co_await user_.Http().Exchange(request, *url, deadline_ns, &user_.hard,
                                            &buffers->response, &times);
    scope.duration_ms = Ms(times.duration_ns());
    exchanged.times = times;
    if (has_body && !failed) {
      exchanged.sent_size = multipart ? buffers->multipart.streamed_bytes() : body.size();
      if (hashes_sent && !multipart) sent_hash.Update(body);
      if (hashes_sent) exchanged.sent_hash = sent_hash.Hex();
    }
    const int status = failed ? 0 : buffers->response.status;
    const std::string_view location = !failed && step.max_redirects > 0 && IsRedirect(status)
                                          ? buffers->response.Header("location")
                                          : std::string_view();
    // On the way to the answer, a redirect is what is expected.
    const bool follows = !location.empty() && redirects < step.max_redirects;
    const bool ok = !failed && (location.empty() ? Expected(step, status) : follows);
    CountExchange(step, method, times, status, failed, ok);
    if (failed) break;
    KeepCookies(buffers->response, *url);
    scope.status = status;
    scope.ok = ok;
    if (location.empty()) break;
    if (!follows) {
      failed = Failure{ErrorKind::kTooManyRedirects,
                       "more than " + std::to_string(step.max_redirects) + " redirects"};
      break;
    }
    ++redirects;
    if (fixed != nullptr) {
      buffers->headers = fixed->headers;
      buffers->body = fixed->body;
      fixed = nullptr;
    }
    // RFC 9110, 15.4: what is not asked again with the same method is asked with GET.
    if (status <= 303 && method != "GET" && method != "HEAD") {
      method = "GET";
      has_body = false;
      for (const char* name : {"content-type", "content-length", "transfer-encoding"}) {
        RemoveHeader(name, &buffers->headers);
      }
    }
    buffers->location = ResolveLocation(*url, location);
    const absl::StatusOr<Url> next = Url::Parse(buffers->location);
    if (next.ok() &&
        (next->host != url->host || next->port != url->port || next->secure != url->secure)) {
      // Meant for the other server, or for TLS, only.
      for (const char* name : {"authorization", "proxy-authorization", "cookie", "host"}) {
        RemoveHeader(name, &buffers->headers);
      }
    }
    std::swap(buffers->url, buffers->location);
  }

  if (failed && failed->kind == ErrorKind::kInterrupted) {
    scope.has_message = had_message;
    context_.buffers.Return(std::move(buffers));
    co_return Flow::kInterrupted;
  }
  // A failure has no answer, not even half of one; too many redirects have the last.
  if (failed && failed->kind != ErrorKind::kTooManyRedirects) {
    scope.status = 0;
    scope.ok = false;
    exchanged.sent_hash.clear();
    exchanged.sent_size = 0;
    buffers->response.Clear();
  } else if (hashes_body) {
    exchanged.body_hash = body_hash.Hex();
  }
  if (!failed && step.graphql != nullptr) failed = JudgeGraphql(buffers->response, scope.ok);
  if (!failed && !scope.ok) {
    failed = Failure{ErrorKind::kHttpStatus,
                     std::string(method) + " answered with status " + std::to_string(scope.status)};
  }
  if (failed) {
    scope.ok = false;
    scope.error = failed->kind;
    Error(*failed, step.name, at.at);
  }
  if (step.graphql != nullptr) CountGraphql(*step.graphql, failed.has_value());
  scope.answers_graphql = step.graphql != nullptr;
  exchanged.body_size = buffers->response.decoded_bytes;
  exchanged.url = fixed != nullptr ? fixed->url_text : buffers->url;
  scope.response = &buffers->response;
  scope.version = context_.names.NextVersion();
  const Flow flow = AfterExchange(step, at);
  exchanged.url = {};
  if (context_.keeps_response) {
    context_.buffers.Return(std::exchange(user_.kept, std::move(buffers)));
    scope.response = &user_.kept->response;
  } else {
    scope.response = nullptr;
    context_.buffers.Return(std::move(buffers));
  }
  if (had_message) {
    scope.has_message = true;
    scope.version = context_.names.NextVersion();
  }
  co_return flow;
}

Flow Walker::AfterExchange(const HttpStep& step, const Step& at) {
  const Flow recorded = Judge(step.checks, step.record, at.label, !user_.scope.ok);
  if (recorded != Flow::kNext) return recorded;
  // A failed exchange leaves what was saved before as it was.
  if (lenient_) return Flow::kNext;
  const Flow saved = Keep(step.save, &Script::Store, step.name);
  return saved == Flow::kNext ? Keep(step.append, &Script::Append, step.name) : saved;
}

const HttpSeries& Walker::SeriesOf(const HttpStep& step, std::string_view method, int status,
                                   const std::optional<Failure>& failed) {
  constexpr uint32_t kOtherMethod = 1u << 31;  // a redirect made it GET
  const uint32_t outcome = static_cast<uint32_t>(status) |
                           (failed ? (static_cast<uint32_t>(failed->kind) + 1) << 16 : 0) |
                           (method != step.method ? kOtherMethod : 0);
  const auto make = [&](Tags tags) {
    char digits[8];
    const auto end = std::to_chars(digits, digits + sizeof(digits), status).ptr;
    SetTag("method", method, &tags);
    SetTag("status", std::string_view(digits, static_cast<size_t>(end - digits)), &tags);
    if (failed) SetTag("error", ErrorKindName(failed->kind), &tags);
    return MakeHttpSeries(tags, context_.recorder);
  };
  if (step.tags.rendered.empty()) {
    for (const auto& [known, series] : step.series) {
      if (known == outcome) return series;
    }
    return step.series.emplace_back(outcome, make(step.tags.fixed)).second;
  }
  See();
  Tags tags;
  // A tag that cannot be rendered is left out: the sample counts all the same.
  if (!RenderTags(step.tags, &tags).ok()) tags = step.tags.fixed;
  std::string key = FormatSeries(std::to_string(outcome), tags);
  const auto found = step.rendered_series.find(key);
  if (found != step.rendered_series.end()) return found->second;
  if (step.rendered_series.size() >= HttpStep::kMaxRendered) step.rendered_series.clear();
  return step.rendered_series.emplace(std::move(key), make(std::move(tags))).first->second;
}

void Walker::CountExchange(const HttpStep& step, std::string_view method, const HttpTimes& times,
                           int status, const std::optional<Failure>& failed, bool ok) {
  Recorder& recorder = context_.recorder;
  if (times.bytes_sent > 0) {
    recorder.Count(user_.scenario.series.data_sent, static_cast<double>(times.bytes_sent));
  }
  if (times.bytes_received > 0) {
    recorder.Count(user_.scenario.series.data_received, static_cast<double>(times.bytes_received));
  }
  // The user was stopped: what the server may have seen counts, but nothing is known of its time.
  const bool interrupted = failed && failed->kind == ErrorKind::kInterrupted;
  if (interrupted && !times.sent) return;
  const HttpSeries& series = SeriesOf(step, method, status, failed);
  recorder.Count(series.reqs);
  if (interrupted) return;
  recorder.Rate(series.failed, !ok);
  recorder.Trend(series.blocked, Ms(times.blocked_ns));
  recorder.Trend(series.connecting, Ms(times.connecting_ns));
  recorder.Trend(series.tls, Ms(times.tls_ns));
  if (!times.sent) return;
  recorder.Trend(series.duration, Ms(times.duration_ns()));
  recorder.Trend(series.sending, Ms(times.sending_ns));
  recorder.Trend(series.waiting, Ms(times.waiting_ns));
  recorder.Trend(series.receiving, Ms(times.receiving_ns));
  if (user_.has_due) {
    recorder.Trend(series.intended, Ms(user_.lateness_ns + times.whole_ns()));
  }
}

}  // namespace rampart::agent
