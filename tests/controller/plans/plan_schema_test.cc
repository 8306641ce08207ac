// The schema takes what the decoder takes, and nothing else.
#include "controller/plans/plan_schema.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "common/plan/decoder.h"
#include "common/plan/yaml_tree.h"
#include "controller/plans/built_in_plans.h"
#include "controller/report/json_writer.h"
#include "rampart/v1/plan.pb.h"
#include "tests/controller/plans/json_schema.h"

namespace rampart::controller {
namespace {

// As an editor reads YAML.
void Write(const YamlNode& node, JsonWriter* json) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return json->Null();
    case YamlNode::Kind::kList:
      json->BeginArray();
      for (const auto& item : node.items) Write(*item, json);
      return json->EndArray();
    case YamlNode::Kind::kMap:
      json->BeginObject();
      for (size_t i = 0; i < node.map_size(); ++i) {
        json->Key(node.key(i).scalar);
        Write(node.value(i), json);
      }
      return json->EndObject();
    case YamlNode::Kind::kScalar:
      break;
  }
  const std::string& text = node.scalar;
  if (node.quoted) return json->String(text);
  if (text == "true" || text == "false") return json->Bool(text == "true");
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (*end == '\0' && std::isfinite(number)) return json->Double(number);
  json->String(text);
}

std::string JsonOf(std::string_view yaml) {
  Faults faults;
  const std::unique_ptr<YamlNode> root = ReadYaml(yaml, &faults);
  if (root == nullptr) {
    ADD_FAILURE() << "no YAML: " << yaml;
    return "null";
  }
  JsonWriter json;
  Write(*root, &json);
  return json.Take();
}

bool DecoderTakes(const std::string& yaml) {
  Faults faults;
  const std::unique_ptr<YamlNode> root = ReadYaml(yaml, &faults);
  if (root == nullptr) return false;
  const Expand expand = [](std::string_view text) {
    return absl::StatusOr<std::string>(std::string(text));
  };
  v1::Plan plan;
  Decode(*root, expand, &plan, &faults);
  return faults.empty();
}

const JsonSchema& Schema() {
  static const auto& schema = *new JsonSchema(PlanSchema());
  return schema;
}

std::string WithStep(const std::string& step) {
  return "name: p\nscenarios:\n  s:\n    load: { constant_users: { users: 1, duration: 1s } }\n"
         "    steps:\n      - " +
         step + "\n";
}

std::string WithLoad(const std::string& load) {
  return "name: p\nscenarios: { s: { steps: [ { sleep: 1s } ], load: " + load + " } }\n";
}

std::string WithPart(const std::string& part) { return "name: p\n" + part + "\n"; }

TEST(PlanSchema, TakesEveryBuiltInPlan) {
  for (const BuiltInPlan& plan : BuiltInPlans()) {
    EXPECT_TRUE(Schema().Takes(JsonOf(plan.text))) << plan.name;
  }
}

TEST(PlanSchema, TakesWhatTheDecoderTakes) {
  for (const std::string& yaml : {
           WithStep("sleep: 0"),
           WithStep("sleep: 1m30s..2.5m"),
           WithStep("{ when: true, steps: { fail: enough } }"),
           WithStep("{ repeat: 3, steps: [ { record: { n: 1 } } ] }"),
           WithStep("{ for_each: { in: list, as: x }, steps: [ ] }"),
           WithStep("{ choose: [ { weight: 0.5, steps: [ ] }, { steps: { sleep: 1s } } ] }"),
           WithStep("{ record: { values: { n: 1 }, tags: { a: b, c: { value: d } } } }"),
           WithStep("{ set: { a: 1, b: { expression: a + 1 } } }"),
           WithStep("{ set: { variables: { a: 1 } } }"),
           WithStep("{ send: hello }"),
           WithStep("{ send: { json: [ 1, { a: null } ] } }"),
           WithStep("{ close: 1000 }"),
           WithStep("{ http: { get: /a, expect_status: 404, timeout: 5s } }"),
           WithStep("{ http: { get: /a, expect_status: [ 200, 404 ], max_redirects: 0 } }"),
           WithStep("{ http: { post: /a, form: { user: a } } }"),
           WithStep("{ http: { request: { method: PURGE, url: /a } } }"),
           WithStep("{ http: { post: /a, json: \"text\" } }"),
           WithLoad("{ ramping_users: { stages: { duration: 1m, target: 0 } } }"),
           WithLoad("{ constant_arrival_rate: { rate: 0.5/s, duration: \"0\", users: \"5\" } }"),
           WithLoad("{ constant_arrival_rate: { rate: 3/10s, duration: 1h30m, users: 5 } }"),
           WithPart("params: { A: 1, B: [ 1 ], C: { x: 1 }, D: { value: 1 }, E: null }"),
           WithPart("metrics: { a: trend, b: { kind: gauge, merge: sum } }"),
           WithPart("thresholds: { a: p(95)<1, b: [ p(95)<1, { expression: max<9 } ] }"),
           WithPart(
               "thresholds: { a: { conditions: { expression: max<9, abort_on_fail: true } } }"),
           WithPart("http: { headers: { A: b }, insecure: \"false\" }"),
           WithPart("http:\nsetup:\nparams:"),
       }) {
    EXPECT_TRUE(DecoderTakes(yaml)) << yaml;
    EXPECT_TRUE(Schema().Takes(JsonOf(yaml))) << yaml;
  }
}

TEST(PlanSchema, RefusesWhatTheDecoderRefuses) {
  for (const std::string& yaml : {
           // Something is missing.
           std::string("description: no name"),
           WithPart("scenarios: { s: { steps: [ { sleep: 1s } ] } }"),
           WithPart("metrics: { a: { unit: ms } }"),
           WithPart("metrics: { a: }"),
           WithStep("{ for_each: list, steps: [ ] }"),
           WithLoad("{ constant_users: { duration: 1s } }"),
           WithLoad("{ constant_users: }"),
           WithLoad("{ ramping_users: { stages: [ { duration: 1m } ] } }"),
           // A key that is none, or not of a plan file.
           WithPart("scenario: { }"),
           WithPart("file: a.yaml"),
           WithStep("{ http: { get: /a, header: { A: b } } }"),
           WithStep("{ sleep: 1s, at: { line: 1 } }"),
           WithLoad("{ constant_users: { users: 1, duration: 1s, at: 1 } }"),
           WithPart("params: { A: { value: 1, x: 2 } }"),
           WithStep("{ choose: { weight: 1, steps: [ ] } }"),
           // Two of which there can be one.
           WithStep("{ sleep: 1s, fail: enough }"),
           WithStep("{ http: { get: /a, post: /b } }"),
           WithStep("{ http: { post: /b, json: 1, body: a } }"),
           WithLoad(
               "{ constant_users: { users: 1, duration: 1s }, ramping_users: { stages: [] } }"),
           // Of another kind.
           WithPart("name: [ a ]"),
           WithPart("scenarios: [ a ]"),
           WithPart("params: nothing"),
           WithPart("metrics: { a: average }"),
           WithPart("limits: 3"),
           WithPart("limits: { dropped_iterations: few }"),
           WithPart("http: { insecure: 1 }"),
           WithPart("thresholds: { a: { expression: max<9 } }"),
           WithStep("nothing"),
           WithStep("{ http: { get: [ /a ] } }"),
           WithStep("{ http: { get: /a, expect_status: [ ok ] } }"),
           WithStep("{ http: { get: /a, max_redirects: 4294967296 } }"),
           WithStep("{ close: -1 }"),
           WithLoad("{ constant_users: { users: 1.5, duration: 1s } }"),
           WithLoad("{ constant_users: { users: -1, duration: 1s } }"),
           // No duration, no rate.
           WithStep("sleep: 5"),
           WithStep("sleep: 1s.."),
           WithStep("sleep: 5 s"),
           WithLoad("{ constant_users: { users: 1, duration: 30sec } }"),
           WithLoad("{ constant_users: { users: 1, duration: } }"),
           WithLoad("{ constant_arrival_rate: { rate: 10, duration: 1s, users: 1 } }"),
           WithLoad("{ constant_arrival_rate: { rate: 10/fortnight, duration: 1s, users: 1 } }"),
       }) {
    EXPECT_FALSE(DecoderTakes(yaml)) << yaml;
    EXPECT_FALSE(Schema().Takes(JsonOf(yaml))) << yaml;
  }
}

// Whatever a guide teaches, an editor takes: so a new field is in both.
TEST(PlanSchema, TakesEveryWholePlanOfTheGuides) {
  int plans = 0;
  for (const auto& file : std::filesystem::directory_iterator(SOURCE_DIR "/docs")) {
    std::ifstream in(file.path());
    std::string block;
    bool inside = false;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("```")) {
        if (inside && block.starts_with("name:")) {
          EXPECT_TRUE(Schema().Takes(JsonOf(block))) << file.path() << "\n" << block;
          ++plans;
        }
        inside = line == "```yaml";
        block.clear();
      } else if (inside) {
        block += line + "\n";
      }
    }
  }
  EXPECT_GE(plans, 1);
}

TEST(PlanSchema, ParamsMayStandWhereverAScalarIsReadAtLoadTime) {
  EXPECT_TRUE(Schema().Takes(JsonOf(WithLoad(
      "{ constant_arrival_rate: { rate: \"${R}/s\", duration: \"${D}\", users: \"${N}\" } }"))));
  EXPECT_TRUE(Schema().Takes(JsonOf(WithStep("sleep: \"${A}..${B}\""))));
  EXPECT_TRUE(Schema().Takes(JsonOf(WithPart("metrics: { a: \"${KIND}\" }"))));
  EXPECT_TRUE(Schema().Takes(JsonOf(WithPart("limits: { dropped_iterations: \"${X}\" }"))));
  EXPECT_TRUE(Schema().Takes(JsonOf(WithPart("http: { insecure: \"${X}\" }"))));
  EXPECT_FALSE(Schema().Takes(JsonOf(WithStep("sleep: $A"))));
}

TEST(PlanSchema, HasEveryMessageAndFieldOfTheProto) {
  const auto* file = v1::Plan::descriptor()->file();
  int fields = 0;
  for (int m = 0; m < file->message_type_count(); ++m) {
    const auto& message = *file->message_type(m);
    const auto definition = Schema().root()["$defs"][message.name()];
    // Values are read by a rule of their own, and no file says a position.
    if (message.name() == "Position" || message.name() == "Value" || message.name() == "Rate" ||
        message.name() == "DurationRange") {
      continue;
    }
    for (int f = 0; f < message.field_count(); ++f) {
      const auto& field = *message.field(f);
      if (field.number() >= 100) continue;
      ++fields;
      EXPECT_FALSE(definition["anyOf"].at(0)["properties"][field.name()].error())
          << field.full_name();
    }
  }
  EXPECT_GT(fields, 150);
}

TEST(PlanSchema, DescribesFieldsByTheirCommentsInTheProto) {
  const auto described = [](const char* message, const char* field) {
    const auto found =
        Schema().root()["$defs"][message]["anyOf"].at(0)["properties"][field]["description"];
    return found.error() ? std::string() : std::string(found.get_string().value());
  };
  EXPECT_EQ(described("HttpDefaults", "timeout"),
            "of a whole request with its redirects; 60 s when absent");
  EXPECT_EQ(described("Param", "secret"), "its value is never printed");  // by (doc)
  EXPECT_FALSE(Schema().root()["$defs"]["Param"]["description"].error());
}

// Editors show it beside the key.
TEST(PlanSchema, EveryScalarSaysHowItIsWritten) {
  for (const char* name : {"text", "template", "expression", "count", "number", "boolean",
                           "duration", "DurationRange", "Rate", "Value"}) {
    EXPECT_FALSE(Schema().root()["$defs"][name]["description"].error()) << name;
  }
}

}  // namespace
}  // namespace rampart::controller
