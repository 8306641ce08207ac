// The `http` step.
#include <utility>

#include "absl/strings/match.h"
#include "agent/protocol/http_client.h"
#include "agent/protocol/url.h"
#include "agent/user/compiled/compiler.h"

namespace rampart::agent {
namespace {

constexpr uint32_t kDefaultMaxRedirects = 10;

// All of a text that no expression is part of. One that was refused is no text.
const std::string* FixedText(const Template& text) {
  return text.constant() && !text.literals.empty() ? &text.literals[0] : nullptr;
}

const std::string* FixedContent(const HttpStep& step) {
  static const auto& none = *new std::string;
  if (std::holds_alternative<std::monostate>(step.content)) return &none;
  if (const auto* body = std::get_if<Template>(&step.content)) return FixedText(*body);
  const auto* json = std::get_if<ValueTemplate>(&step.content);
  if (json == nullptr || !json->holes.empty() || json->literals.empty()) return nullptr;
  return &json->literals[0];
}

std::unique_ptr<const FixedRequest> FixedOf(const HttpStep& step) {
  const std::string* const url_text = FixedText(step.url.text);
  const std::string* const headers = FixedText(step.headers.lines);
  const std::string* const body = FixedContent(step);
  if (url_text == nullptr || headers == nullptr || body == nullptr) return nullptr;
  if (FaultOfHeaders(*headers, step.headers.count)) return nullptr;
  auto fixed = std::make_unique<FixedRequest>();
  fixed->url_text = *url_text;
  step.url.Complete(&fixed->url_text);
  const absl::StatusOr<Url> url = Url::Parse(fixed->url_text);
  if (!url.ok() || url->websocket) return nullptr;
  fixed->url = *url;
  fixed->headers = *headers;
  fixed->body = *body;
  HttpClient::RenderRequest({.method = step.method,
                             .headers = fixed->headers,
                             .body = fixed->body,
                             .has_body = !std::holds_alternative<std::monostate>(step.content)},
                            fixed->url, &fixed->rendered);
  return fixed;
}

}  // namespace

std::unique_ptr<HttpStep> Compiler::HttpOf(const v1::Http& proto, const Around& around) {
  auto step = std::make_unique<HttpStep>();
  std::string url;
  std::tie(step->method, url) = MethodAndUrl(proto);
  step->name = proto.name().empty() ? url : proto.name();
  step->url = UrlOf(url, proto.at(), around);

  std::vector<v1::Field> headers = Headers(proto.headers());
  const auto content_type = [&](const char* type) {
    for (const v1::Field& field : headers) {
      if (absl::EqualsIgnoreCase(field.name(), "content-type")) return;
    }
    headers.emplace_back();
    headers.back().set_name("Content-Type");
    headers.back().set_value(type);
  };
  switch (proto.content_case()) {
    case v1::Http::kJson:
      step->content = ValueOf(proto.json(), proto.at(), around);
      content_type("application/json");
      break;
    case v1::Http::kForm: {
      std::vector<std::pair<std::string, Template>> fields;
      for (const v1::Field& field : proto.form().fields()) {
        std::string name;
        AppendFormEncoded(field.name(), &name);
        fields.emplace_back(std::move(name), TextOf(field.value(), field.at(), around));
      }
      step->content = std::move(fields);
      content_type("application/x-www-form-urlencoded");
      break;
    }
    case v1::Http::kBody:
      step->content = TextOf(proto.body(), proto.at(), around);
      break;
    case v1::Http::kMultipart:
      // Its Content-Type is made each time, with the boundary: one for everything is not meant.
      std::erase_if(headers, [](const v1::Field& field) {
        return absl::EqualsIgnoreCase(field.name(), "content-type");
      });
      step->content = PartsOf(proto.multipart(), around);
      break;
    case v1::Http::CONTENT_NOT_SET:
      break;
  }
  step->headers = HeadersOf(headers, around);
  if (proto.has_multipart()) ++step->headers.count;
  step->fixed = FixedOf(*step);

  Around own = around;
  own.in_message = true;  // json is this step's response: nothing has to be kept for later
  const bool kept_before = keeps_response_;
  const HashUses hashes_before = later_hashes_;
  reads_response_ = false;
  hashes_ = {};
  step->checks = ChecksOf(proto.checks(), own);
  step->save = Named(proto.save(), own);
  step->append = Named(proto.append(), own);
  SampleTags custom = around.tags;
  AddTags(proto.tags(), &custom);
  step->record = RecordingsOf(proto.record(), custom, own);
  step->reads_response = reads_response_;
  step->hashes = hashes_;
  keeps_response_ = kept_before;
  later_hashes_ = hashes_before;

  step->tags = std::move(custom);
  SetTag("name", step->name, &step->tags.fixed);
  SetTag("method", step->method, &step->tags.fixed);
  step->timeout_ns = NsOr(proto.has_timeout(), proto.timeout(), DefaultTimeout());
  step->max_redirects = proto.has_max_redirects()          ? proto.max_redirects()
                        : plan_.http().has_max_redirects() ? plan_.http().max_redirects()
                                                           : kDefaultMaxRedirects;
  step->expect_status.assign(proto.expect_status().begin(), proto.expect_status().end());
  return step;
}

std::pair<std::string, std::string> Compiler::MethodAndUrl(const v1::Http& proto) {
  switch (proto.target_case()) {
    case v1::Http::kGet:
      return {"GET", proto.get()};
    case v1::Http::kPost:
      return {"POST", proto.post()};
    case v1::Http::kPut:
      return {"PUT", proto.put()};
    case v1::Http::kPatch:
      return {"PATCH", proto.patch()};
    case v1::Http::kDelete:
      return {"DELETE", proto.delete_()};
    case v1::Http::kHead:
      return {"HEAD", proto.head()};
    case v1::Http::kOptions:
      return {"OPTIONS", proto.options()};
    default:
      return {proto.request().method(), proto.request().url()};
  }
}

UrlText Compiler::UrlOf(const std::string& url, const v1::Position& at, const Around& around) {
  std::string base = plan_.http().base_url();
  if (base.ends_with('/')) base.pop_back();
  if (url.starts_with('/')) return {TextOf(AsTemplate(base) + url, at, around), ""};
  if (url.starts_with("${")) return {TextOf(url, at, around), std::move(base)};
  return {TextOf(url, at, around), ""};
}

int64_t Compiler::DefaultTimeout() const {
  return NsOr(plan_.http().has_timeout(), plan_.http().timeout(), kDefaultTimeoutNs);
}

}  // namespace rampart::agent
