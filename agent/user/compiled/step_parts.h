// What compiled steps are made of.
#ifndef RAMPART_AGENT_USER_COMPILED_STEP_PARTS_H_
#define RAMPART_AGENT_USER_COMPILED_STEP_PARTS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/stats/recorder.h"
#include "common/script/script.h"
#include "common/stats/metric.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::agent {

struct Step;
using Steps = std::vector<Step>;

struct NamedCode {
  std::string name;
  Expression code;
  v1::Position at;
};

struct CheckCode {
  Expression code;
  v1::Position at;
  SeriesId series = 0;
};

// Tags of samples: those known now, and those that are rendered each time.
struct SampleTags {
  Tags fixed;
  std::vector<std::pair<std::string, Template>> rendered;
};

// `metric: expression` pairs.
struct Recordings {
  struct One {
    std::string metric;
    Expression code;
    v1::Position at;
    SeriesId series = 0;  // when no tag is rendered
  };
  std::vector<One> all;
  SampleTags tags;
};

// Complete header lines as one text; `count` of them.
struct HeaderText {
  Template lines;
  int count = 0;
};

// Where one that begins with `/` goes to http.base_url, also when that is known only once it is
// rendered.
struct UrlText {
  Template text;
  std::string base;  // put before one that turns out to begin so

  // `url` is the rendered text.
  void Complete(std::string* url) const {
    if (url->starts_with('/')) url->insert(0, base);
  }
};

// Which hashes of an exchange's contents expressions ask for.
struct HashUses {
  bool sent = false;  // sent_hash
  bool body = false;  // body_hash
};

struct DurationNs {
  int64_t min = 0;
  int64_t max = 0;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_COMPILED_STEP_PARTS_H_
