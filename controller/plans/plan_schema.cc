#include "controller/plans/plan_schema.h"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "controller/plans/plan_comments.h"
#include "controller/report/json_writer.h"
#include "google/protobuf/descriptor.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::OneofDescriptor;

// From here on, fields are not written in a plan file.
constexpr int kFirstUnwritten = 100;

// A text that the plan's params complete when it is loaded may stand for any scalar.
constexpr std::string_view kOrParams = R"(|\$\{)";
constexpr std::string_view kDecimal = R"(([0-9]+(\.[0-9]*)?|\.[0-9]+))";
constexpr std::string_view kUnit = "(ns|us|ms|s|m|h|d)";

std::string Join(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text.append(part);
  return text;
}

std::string DurationPattern() { return Join({"(0|(", kDecimal, kUnit, ")+)"}); }

bool IsDuration(const Descriptor& type) { return type.full_name() == "google.protobuf.Duration"; }

// Read by a rule of its own, not as a map of settings.
bool IsSpecial(const Descriptor& type) {
  return &type == v1::Value::descriptor() || &type == v1::DurationRange::descriptor() ||
         &type == v1::Rate::descriptor() || IsDuration(type);
}

// Messages and enums are named as in plan.proto; what begins with a small letter is ours.
template <typename Type>
std::string NameOf(const Type& type) {
  constexpr std::string_view kPackage = "rampart.v1.";
  std::string name(type.full_name());
  if (name.starts_with(kPackage)) name.erase(0, kPackage.size());
  return name == "google.protobuf.Duration" ? "duration" : name;
}

std::string ItemName(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return NameOf(*field.message_type());
    case FieldDescriptor::CPPTYPE_ENUM:
      return NameOf(*field.enum_type());
    case FieldDescriptor::CPPTYPE_BOOL:
      return "boolean";
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "number";
    case FieldDescriptor::CPPTYPE_STRING:
      switch (field.options().GetExtension(v1::written)) {
        case v1::TEMPLATE:
          return "template";
        case v1::EXPRESSION:
          return "expression";
        default:
          return "text";
      }
    case FieldDescriptor::CPPTYPE_UINT32:
      return "count32";
    default:
      return "count";
  }
}

class SchemaText {
 public:
  std::string Make() {
    Collect(*v1::Plan::descriptor());
    json_.BeginObject();
    json_.Member("$schema", "https://json-schema.org/draft/2020-12/schema");
    json_.Member("title", "Rampart load plan");
    json_.Member("$ref", "#/$defs/Plan");
    json_.Key("$defs");
    json_.BeginObject();
    Scalars();
    for (const auto& [name, type] : enums_) Enum(name, *type);
    for (const auto& [name, type] : messages_) Message(name, *type);
    json_.EndObject();
    json_.EndObject();
    return json_.Take();
  }

 private:
  static std::vector<const FieldDescriptor*> Fields(const Descriptor& type) {
    std::vector<const FieldDescriptor*> fields;
    for (int i = 0; i < type.field_count(); ++i) {
      if (type.field(i)->number() < kFirstUnwritten) fields.push_back(type.field(i));
    }
    return fields;
  }

  void Collect(const Descriptor& type) {
    if (IsSpecial(type) || !messages_.emplace(NameOf(type), &type).second) return;
    for (const FieldDescriptor* field : Fields(type)) {
      if (field->enum_type() != nullptr) {
        enums_.emplace(NameOf(*field->enum_type()), field->enum_type());
      }
      if (field->message_type() != nullptr) Collect(*field->message_type());
    }
  }

  void Strings(std::string_view key, const std::vector<std::string>& values) {
    json_.Key(key);
    json_.BeginArray();
    for (const std::string& value : values) json_.String(value);
    json_.EndArray();
  }

  // A definition up to its first keyword; the caller closes it.
  void BeginDefinition(std::string_view name, std::string_view description) {
    json_.Key(name);
    json_.BeginObject();
    if (!description.empty()) json_.Member("description", description);
  }

  void Pattern(std::string_view pattern) {
    json_.BeginObject();
    json_.Member("type", "string");
    json_.Member("pattern", pattern);
    json_.EndObject();
  }

  void AnyScalar(std::string_view name, std::string_view description) {
    BeginDefinition(name, description);
    Strings("type", {"string", "number", "boolean"});
    json_.EndObject();
  }

  void Count(std::string_view name, bool narrow) {
    BeginDefinition(name, "A whole number from 0.");
    json_.Key("anyOf");
    json_.BeginArray();
    json_.BeginObject();
    json_.Member("type", "integer");
    json_.Member("minimum", 0);
    if (narrow) json_.Member("maximum", uint64_t{std::numeric_limits<uint32_t>::max()});
    json_.EndObject();
    Pattern(Join({R"(^\+?[0-9]+$)", kOrParams}));
    json_.EndArray();
    json_.EndObject();
  }

  // `type` or a text that reads like one.
  void Scalar(std::string_view name, std::string_view description, std::string_view type,
              std::string_view pattern) {
    BeginDefinition(name, description);
    json_.Key("anyOf");
    json_.BeginArray();
    json_.BeginObject();
    json_.Member("type", type);
    json_.EndObject();
    Pattern(Join({"^", pattern, "$", kOrParams}));
    json_.EndArray();
    json_.EndObject();
  }

  void Time(std::string_view name, std::string_view description, std::string_view pattern) {
    BeginDefinition(name, description);
    json_.Key("anyOf");
    json_.BeginArray();
    Pattern(Join({"^", pattern, "$", kOrParams}));
    json_.BeginObject();
    json_.Member("const", 0);  // the one duration that needs no unit
    json_.EndObject();
    json_.EndArray();
    json_.EndObject();
  }

  void Scalars() {
    AnyScalar("text", "A text; `${...}` sees the plan's params.");
    AnyScalar("template", "A text; `${expression}` is replaced each time the step runs.");
    AnyScalar("expression", "A Lua expression, run each time.");
    Count("count", false);
    Count("count32", true);
    Scalar("number", "A number.", "number", Join({"[+-]?", kDecimal, "([eE][+-]?[0-9]+)?"}));
    Scalar("boolean", "true or false.", "boolean", "(true|false)");
    const std::string duration = DurationPattern();
    Time("duration", "A duration: `30s`, `1h30m`, `500ms`.", duration);
    Time("DurationRange", "A duration, `1s`, or one drawn anew each time: `1s..3s`.",
         Join({duration, R"((\.\.)", duration, ")?"}));
    BeginDefinition("Rate", "So many a time: `1000/s`, `0.5/s`, `100/m`, `3/10s`.");
    json_.Member("type", "string");
    json_.Member("pattern", Join({"^", kDecimal, "/([0-9]+)?", kUnit, "$", kOrParams}));
    json_.EndObject();
    BeginDefinition("Value", "Any value: a scalar, a list or a map.");
    json_.EndObject();
  }

  void Enum(std::string_view name, const EnumDescriptor& type) {
    std::vector<std::string> names;
    for (int i = 0; i < type.value_count(); ++i) {
      std::string value = absl::AsciiStrToLower(type.value(i)->name());
      if (value.find("unspecified") == std::string::npos) names.push_back(std::move(value));
    }
    BeginDefinition(name, "");
    json_.Key("anyOf");
    json_.BeginArray();
    json_.BeginObject();
    Strings("enum", names);
    json_.EndObject();
    Pattern(kOrParams.substr(1));
    json_.EndArray();
    json_.EndObject();
  }

  void Reference(std::string_view name) { json_.Member("$ref", Join({"#/$defs/", name})); }

  // The keywords of a field's value, into an open object.
  void FieldKeywords(const FieldDescriptor& field) {
    if (!field.is_repeated()) return Reference(ItemName(field));
    if (!field.options().GetExtension(v1::keyed_by).empty()) {
      Strings("type", {"object", "null"});
      return Entries(field);
    }
    json_.Key("anyOf");  // one item may stand without its list
    json_.BeginArray();
    json_.BeginObject();
    json_.Member("type", "array");
    json_.Key("items");
    json_.BeginObject();
    Reference(ItemName(field));
    json_.EndObject();
    json_.EndObject();
    json_.BeginObject();
    Reference(ItemName(field));
    json_.EndObject();
    json_.BeginObject();
    json_.Member("type", "null");
    json_.EndObject();
    json_.EndArray();
  }

  void Entries(const FieldDescriptor& field) {
    json_.Key("additionalProperties");
    json_.BeginObject();
    Reference(ItemName(field));
    json_.EndObject();
  }

  void Message(std::string_view name, const Descriptor& type) {
    std::vector<std::string> required;
    for (const FieldDescriptor* field : Fields(type)) {
      if (field->options().GetExtension(v1::required)) required.emplace_back(field->name());
    }
    const FieldDescriptor* brief =
        type.FindFieldByName(std::string(type.options().GetExtension(v1::shorthand)));
    BeginDefinition(name, comments_.Of(type));
    json_.Key("anyOf");
    json_.BeginArray();
    Settings(type, required);
    if (required.empty()) {
      json_.BeginObject();
      json_.Member("type", "null");
      json_.EndObject();
    }
    // The short form sets nothing else, so it is no form where something else is required.
    const bool enough = required.empty() || (required.size() == 1 && brief != nullptr &&
                                             required.front() == brief->name());
    if (brief != nullptr && enough) Short(type, *brief);
    json_.EndArray();
    json_.EndObject();
  }

  void Settings(const Descriptor& type, const std::vector<std::string>& required) {
    json_.BeginObject();
    json_.Member("type", "object");
    json_.Key("properties");
    json_.BeginObject();
    for (const FieldDescriptor* field : Fields(type)) {
      BeginDefinition(field->name(), comments_.Of(*field));
      FieldKeywords(*field);
      json_.EndObject();
    }
    json_.EndObject();
    json_.Member("additionalProperties", false);
    if (!required.empty()) Strings("required", required);
    if (type.real_oneof_decl_count() > 0) {
      json_.Key("allOf");
      json_.BeginArray();
      for (int i = 0; i < type.real_oneof_decl_count(); ++i) AtMostOne(*type.oneof_decl(i));
      json_.EndArray();
    }
    json_.EndObject();
  }

  void Required(const FieldDescriptor& field) {
    json_.BeginObject();
    Strings("required", {std::string(field.name())});
    json_.EndObject();
  }

  void AtMostOne(const OneofDescriptor& oneof) {
    json_.BeginObject();
    json_.Key("oneOf");
    json_.BeginArray();
    for (int i = 0; i < oneof.field_count(); ++i) Required(*oneof.field(i));
    json_.BeginObject();
    json_.Key("not");
    json_.BeginObject();
    json_.Key("anyOf");
    json_.BeginArray();
    for (int i = 0; i < oneof.field_count(); ++i) Required(*oneof.field(i));
    json_.EndArray();
    json_.EndObject();
    json_.EndObject();
    json_.EndArray();
    json_.EndObject();
  }

  // What stands for the whole message: the value of `field` alone.
  void Short(const Descriptor& type, const FieldDescriptor& field) {
    const bool keyed = !field.options().GetExtension(v1::keyed_by).empty();
    if (!keyed) {  // a map is always one of settings, unless the field takes any map
      json_.BeginObject();
      Strings("type", {"string", "number", "boolean", "array"});
      json_.Key("allOf");
      json_.BeginArray();
      json_.BeginObject();
      FieldKeywords(field);
      json_.EndObject();
      json_.EndArray();
      json_.EndObject();
    }
    if (!keyed && field.message_type() != v1::Value::descriptor()) return;
    // A map none of whose keys is a setting, written or not.
    json_.BeginObject();
    json_.Member("type", "object");
    json_.Key("propertyNames");
    json_.BeginObject();
    json_.Key("not");
    json_.BeginObject();
    std::vector<std::string> names;
    for (int i = 0; i < type.field_count(); ++i) names.emplace_back(type.field(i)->name());
    Strings("enum", names);
    json_.EndObject();
    json_.EndObject();
    if (keyed) Entries(field);
    json_.EndObject();
  }

  const PlanComments comments_;
  JsonWriter json_;
  std::map<std::string, const EnumDescriptor*> enums_;
  std::map<std::string, const Descriptor*> messages_;
};

}  // namespace

std::string PlanSchema() { return SchemaText().Make(); }

}  // namespace rampart::controller
