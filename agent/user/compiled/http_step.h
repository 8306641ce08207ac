// HttpStep: an `http` step, compiled.
#ifndef RAMPART_AGENT_USER_COMPILED_HTTP_STEP_H_
#define RAMPART_AGENT_USER_COMPILED_HTTP_STEP_H_

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "agent/protocol/url.h"
#include "agent/user/compiled/sample_series.h"
#include "agent/user/compiled/step_parts.h"

namespace rampart::agent {

// A part of a multipart body.
struct PartContent {
  enum class Kind { kValue, kFile, kGenerated };

  Kind kind = Kind::kValue;
  std::string name;
  Template text;                      // the value, or the size to generate
  const std::string* file = nullptr;  // its content
  bool has_filename = false;
  Template filename;
  std::string content_type;
  v1::Position at;
};

// What makes an `http` step a `graphql` step.
struct GraphqlMark {
  SampleTags tags;      // of graphql_failed
  SeriesId failed = 0;  // when no tag is rendered
};

// A request that no expression is part of, as it is sent each time. Stays where it is made.
struct FixedRequest {
  std::string url_text;
  Url url;  // views into url_text
  std::string headers;
  std::string body;
  std::string rendered;  // all of it, where there are no cookies
};

struct HttpStep {
  std::string name;
  std::string method;
  UrlText url;
  HeaderText headers;
  std::variant<std::monostate, ValueTemplate, std::vector<std::pair<std::string, Template>>,
               Template, std::vector<PartContent>>
      content;  // none, json, form, raw, multipart
  // What all of these come to; null where an expression or a form is part of them, and where they
  // cannot be sent, which each request finds out.
  std::unique_ptr<const FixedRequest> fixed;
  std::vector<CheckCode> checks;
  Recordings record;
  std::vector<NamedCode> save;
  std::vector<NamedCode> append;
  SampleTags tags;
  int64_t timeout_ns = 0;
  uint32_t max_redirects = 0;
  std::vector<uint32_t> expect_status;
  bool reads_response = false;  // one of its expressions asks for body, json or headers
  HashUses hashes;              // that its expressions ask for

  std::unique_ptr<GraphqlMark> graphql;  // or null

  // By outcome (status and error), filled as outcomes come; and by rendered tags and outcome.
  static constexpr size_t kMaxRendered = 1000;
  mutable std::vector<std::pair<uint32_t, HttpSeries>> series;
  mutable std::unordered_map<std::string, HttpSeries> rendered_series;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_COMPILED_HTTP_STEP_H_
