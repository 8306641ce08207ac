#include "common/plan/decoder.h"

#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "common/plan/units.h"
#include "common/script/script.h"
#include "google/protobuf/descriptor.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

template <typename Number>
bool ParseWhole(std::string_view text, Number* number) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

class Decoding {
 public:
  Decoding(const Expand& expand, Faults* faults) : expand_(expand), faults_(faults) {}

  void Into(const YamlNode& node, Message* message, bool templates) {
    if (auto* value = dynamic_cast<v1::Value*>(message)) return IntoValue(node, templates, value);
    if (auto* range = dynamic_cast<v1::DurationRange*>(message)) return IntoRange(node, range);
    if (auto* rate = dynamic_cast<v1::Rate*>(message)) {
      Parsed(node, ParseRate, [rate](const v1::Rate& read) { *rate = read; });
      return;
    }
    if (auto* duration = dynamic_cast<google::protobuf::Duration*>(message)) {
      Parsed(node, ParseDuration, [duration](int64_t ns) { SetDuration(ns, duration); });
      return;
    }
    SetPosition(node, message);
    const Descriptor& type = *message->GetDescriptor();
    const std::string& shorthand = type.options().GetExtension(v1::shorthand);
    if (!shorthand.empty() && IsShort(node, type)) {
      IntoField(node, *type.FindFieldByName(shorthand), message);
    } else if (node.kind != YamlNode::Kind::kMap) {
      if (node.kind != YamlNode::Kind::kNull || HasRequired(type)) {
        Fault(node, "a map of settings is needed here: " + FieldList(type));
      }
      return;
    } else {
      IntoFields(node, message);
    }
    CheckRequired(node, *message);
  }

 private:
  static void SetDuration(int64_t ns, google::protobuf::Duration* out) {
    out->set_seconds(ns / 1'000'000'000);
    out->set_nanos(static_cast<int32_t>(ns % 1'000'000'000));
  }

  void Fault(const YamlNode& node, std::string message) {
    faults_->Add(node.line, node.column, std::move(message));
  }

  static bool IsPosition(const FieldDescriptor& field) {
    return field.message_type() == v1::Position::descriptor();
  }
  static void SetPosition(const YamlNode& node, Message* message) {
    const FieldDescriptor* at = message->GetDescriptor()->FindFieldByName("at");
    if (at == nullptr || !IsPosition(*at)) return;
    auto* position =
        static_cast<v1::Position*>(message->GetReflection()->MutableMessage(message, at));
    position->set_line(node.line);
    position->set_column(node.column);
  }

  // The fields that a plan file can set.
  static std::vector<std::string> Fields(const Descriptor& type) {
    std::vector<std::string> names;
    for (int i = 0; i < type.field_count(); ++i) {
      if (type.field(i)->number() < 100) names.push_back(type.field(i)->name());
    }
    return names;
  }
  static std::string FieldList(const Descriptor& type) {
    std::string list;
    for (const std::string& name : Fields(type)) list += (list.empty() ? "" : ", ") + name;
    return list;
  }
  static bool HasRequired(const Descriptor& type) {
    for (int i = 0; i < type.field_count(); ++i) {
      if (type.field(i)->options().GetExtension(v1::required)) return true;
    }
    return false;
  }

  // Not a map, or a map for a shorthand that is itself written as a map and whose keys are no
  // settings.
  static bool IsShort(const YamlNode& node, const Descriptor& type) {
    if (node.kind != YamlNode::Kind::kMap) return node.kind != YamlNode::Kind::kNull;
    const FieldDescriptor* field = type.FindFieldByName(type.options().GetExtension(v1::shorthand));
    const bool takes_map = !field->options().GetExtension(v1::keyed_by).empty() ||
                           field->message_type() == v1::Value::descriptor();
    if (!takes_map) return false;
    for (size_t i = 0; i < node.map_size(); ++i) {
      if (type.FindFieldByName(node.key(i).scalar) != nullptr) return false;
    }
    return true;
  }

  void IntoFields(const YamlNode& node, Message* message) {
    const Descriptor& type = *message->GetDescriptor();
    std::vector<std::pair<const google::protobuf::OneofDescriptor*, std::string>> chosen;
    for (size_t i = 0; i < node.map_size(); ++i) {
      const YamlNode& key = node.key(i);
      const FieldDescriptor* field = type.FindFieldByName(key.scalar);
      if (field == nullptr || field->number() >= 100) {
        const std::string near = Nearest(key.scalar, Fields(type));
        Fault(key, "unknown key `" + key.scalar + "`" +
                       (near.empty() ? "; known here: " + FieldList(type)
                                     : " (did you mean `" + near + "`?)"));
        continue;
      }
      if (const auto* oneof = field->real_containing_oneof()) {
        bool taken = false;
        for (const auto& [other, name] : chosen) {
          if (other != oneof) continue;
          Fault(key, "`" + name + "` and `" + key.scalar + "` cannot both be set");
          taken = true;
        }
        if (taken) continue;
        chosen.emplace_back(oneof, key.scalar);
      }
      IntoField(node.value(i), *field, message);
    }
  }

  void CheckRequired(const YamlNode& node, const Message& message) {
    const Descriptor& type = *message.GetDescriptor();
    const Reflection& reflection = *message.GetReflection();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (!field.options().GetExtension(v1::required)) continue;
      // A number may be set to 0, which leaves no trace in proto3: its key is looked for.
      bool set = field.is_repeated() ? reflection.FieldSize(message, &field) > 0
                                     : reflection.HasField(message, &field);
      for (size_t k = 0; node.kind == YamlNode::Kind::kMap && k < node.map_size(); ++k) {
        if (node.key(k).scalar != field.name()) continue;
        set = true;
        const YamlNode& value = node.value(k);
        if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING && !field.is_repeated() &&
            value.kind == YamlNode::Kind::kScalar && value.scalar.empty()) {
          Fault(value, "`" + field.name() + "` is empty");
        }
      }
      if (!set) Fault(node, "`" + field.name() + "` is missing");
    }
  }

  void IntoField(const YamlNode& node, const FieldDescriptor& field, Message* message) {
    const Reflection& reflection = *message->GetReflection();
    const std::string& keyed_by = field.options().GetExtension(v1::keyed_by);
    const bool templates = field.options().GetExtension(v1::written) == v1::TEMPLATE;
    if (!field.is_repeated()) {
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Into(node, reflection.MutableMessage(message, &field), templates);
      } else {
        IntoScalar(node, field, message, false);
      }
      return;
    }
    if (!keyed_by.empty()) {
      if (node.kind == YamlNode::Kind::kNull) return;
      if (node.kind != YamlNode::Kind::kMap) {
        return Fault(node, "`" + field.name() + "` needs names: write `name: value`, one a line");
      }
      for (size_t i = 0; i < node.map_size(); ++i) {
        Message* entry = reflection.AddMessage(message, &field);
        const FieldDescriptor* key = entry->GetDescriptor()->FindFieldByName(keyed_by);
        entry->GetReflection()->SetString(entry, key, node.key(i).scalar);
        Into(node.value(i), entry, templates);
        SetPosition(node.key(i), entry);
      }
      return;
    }
    const auto add = [&](const YamlNode& item) {
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Into(item, reflection.AddMessage(message, &field), templates);
      } else {
        IntoScalar(item, field, message, true);
      }
    };
    if (node.kind == YamlNode::Kind::kList) {
      for (const auto& item : node.items) add(*item);
    } else if (node.kind != YamlNode::Kind::kNull) {
      add(node);
    }
  }

  // The text of a scalar that is read when the plan loads.
  bool Text(const YamlNode& node, std::string* text) {
    if (node.kind != YamlNode::Kind::kScalar) {
      Fault(node, "one value is needed here, not a list or a map");
      return false;
    }
    if (node.scalar.find("${") == std::string::npos) {
      *text = node.scalar;
      return true;
    }
    absl::StatusOr<std::string> expanded = expand_(node.scalar);
    if (!expanded.ok()) {
      Fault(node, std::string(expanded.status().message()));
      return false;
    }
    *text = *std::move(expanded);
    return true;
  }

  template <typename Parse, typename Use>
  void Parsed(const YamlNode& node, Parse parse, Use use) {
    std::string text;
    if (!Text(node, &text)) return;
    auto parsed = parse(text);
    if (!parsed.ok()) return Fault(node, std::string(parsed.status().message()));
    use(*parsed);
  }

  void IntoRange(const YamlNode& node, v1::DurationRange* range) {
    std::string text;
    if (!Text(node, &text)) return;
    const size_t dots = text.find("..");
    const auto low = ParseDuration(std::string_view(text).substr(0, dots));
    const auto high =
        dots == std::string::npos ? low : ParseDuration(std::string_view(text).substr(dots + 2));
    if (!low.ok()) return Fault(node, std::string(low.status().message()));
    if (!high.ok()) return Fault(node, std::string(high.status().message()));
    if (*low > *high) return Fault(node, "`" + text + "` ends before it begins");
    SetDuration(*low, range->mutable_min());
    SetDuration(*high, range->mutable_max());
  }

  void IntoScalar(const YamlNode& node, const FieldDescriptor& field, Message* message,
                  bool repeated) {
    const Reflection& reflection = *message->GetReflection();
    std::string text;
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
        field.options().GetExtension(v1::written) != v1::LITERAL) {
      if (node.kind != YamlNode::Kind::kScalar) {
        return Fault(node, "`" + field.name() + "` needs a text");
      }
      text = node.scalar;
    } else if (!Text(node, &text)) {
      return;
    }
    const auto set = [&](auto value, auto setter, auto adder) {
      if (repeated) {
        (reflection.*adder)(message, &field, value);
      } else {
        (reflection.*setter)(message, &field, value);
      }
    };
    const auto bad = [&](const char* what) {
      Fault(node, "`" + field.name() + "` needs " + what + ", not `" + text + "`");
    };
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        if (repeated) {
          reflection.AddString(message, &field, text);
        } else {
          reflection.SetString(message, &field, text);
        }
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        if (text != "true" && text != "false") return bad("true or false");
        set(text == "true", &Reflection::SetBool, &Reflection::AddBool);
        break;
      case FieldDescriptor::CPPTYPE_INT64: {
        int64_t number = 0;
        if (!ParseWhole(text, &number) || number < 0) return bad("a whole number from 0");
        set(number, &Reflection::SetInt64, &Reflection::AddInt64);
        break;
      }
      case FieldDescriptor::CPPTYPE_UINT32: {
        uint32_t number = 0;
        if (!ParseWhole(text, &number)) return bad("a whole number from 0");
        set(number, &Reflection::SetUInt32, &Reflection::AddUInt32);
        break;
      }
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        double number = 0;
        if (!ParseWhole(text, &number) || !std::isfinite(number)) return bad("a finite number");
        set(number, &Reflection::SetDouble, &Reflection::AddDouble);
        break;
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const auto* value = field.enum_type()->FindValueByName(absl::AsciiStrToUpper(text));
        std::string names;
        for (int i = 0; i < field.enum_type()->value_count(); ++i) {
          const std::string name = absl::AsciiStrToLower(field.enum_type()->value(i)->name());
          if (name.find("unspecified") == std::string::npos) {
            names += (names.empty() ? "" : ", ") + name;
          }
        }
        if (value == nullptr || names.find(absl::AsciiStrToLower(text)) == std::string::npos) {
          return bad(("one of " + names).c_str());
        }
        reflection.SetEnum(message, &field, value);
        break;
      }
      default:
        std::abort();  // plan.proto has no fields of other types
    }
  }

  void IntoValue(const YamlNode& node, bool templates, v1::Value* value) {
    switch (node.kind) {
      case YamlNode::Kind::kNull:
        value->set_null(true);
        return;
      case YamlNode::Kind::kList:
        value->mutable_list();
        for (const auto& item : node.items) {
          IntoValue(*item, templates, value->mutable_list()->add_items());
        }
        return;
      case YamlNode::Kind::kMap:
        value->mutable_object();
        for (size_t i = 0; i < node.map_size(); ++i) {
          auto* member = value->mutable_object()->add_members();
          member->set_key(node.key(i).scalar);
          IntoValue(node.value(i), templates, member->mutable_value());
        }
        return;
      case YamlNode::Kind::kScalar:
        break;
    }
    int64_t integer = 0;
    double number = 0;
    std::string text = node.scalar;
    if (!templates && !Text(node, &text)) return;
    if (node.quoted) {
      value->set_string(text);
    } else if (text == "true" || text == "false") {
      value->set_boolean(text == "true");
    } else if (ParseWhole(text, &integer)) {
      value->set_integer(integer);
    } else if (ParseWhole(text, &number) && std::isfinite(number)) {
      value->set_number(number);
    } else {
      value->set_string(text);
    }
  }

  const Expand& expand_;
  Faults* faults_;
};

}  // namespace

void Decode(const YamlNode& node, const Expand& expand, Message* message, Faults* faults) {
  Decoding(expand, faults).Into(node, message, false);
}

}  // namespace rampart
