#include "common/plan/secrets.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace rampart {

Secrets::Secrets(const v1::Plan& plan) {
  for (const v1::Param& param : plan.params()) {
    if (param.secret()) Add(param.value());
  }
  std::stable_sort(texts_.begin(), texts_.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

void Secrets::Add(const v1::Value& value) {
  std::string text;
  switch (value.kind_case()) {
    case v1::Value::kInteger:
      text = std::to_string(value.integer());
      break;
    case v1::Value::kNumber: {
      char digits[32];
      std::snprintf(digits, sizeof(digits), "%.14g", value.number());  // as Lua writes it
      text = digits;
      break;
    }
    case v1::Value::kString:
      text = value.string();
      break;
    case v1::Value::kList:
      for (const v1::Value& item : value.list().items()) Add(item);
      break;
    case v1::Value::kObject:
      for (const auto& member : value.object().members()) Add(member.value());
      break;
    default:
      break;
  }
  if (text.size() >= kShortest) texts_.push_back(std::move(text));
}

std::string Secrets::Conceal(std::string text) const {
  for (const std::string& secret : texts_) {
    for (size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += kShown.size()) {
      text.replace(at, secret.size(), kShown);
    }
  }
  return text;
}

void Secrets::Conceal(std::vector<std::string>* texts) const {
  for (std::string& text : *texts) text = Conceal(std::move(text));
}

void Secrets::Conceal(v1::Plan* plan) const {
  ConcealStrings(plan);
  for (v1::Param& param : *plan->mutable_params()) {
    if (param.secret()) param.mutable_value()->set_string(std::string(kShown));
  }
}

void Secrets::ConcealStrings(google::protobuf::Message* message) const {
  using google::protobuf::FieldDescriptor;
  const auto* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool text = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    if (!text && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int count = field->is_repeated() ? reflection->FieldSize(*message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (!field->is_repeated()) {
        if (text) {
          reflection->SetString(message, field, Conceal(reflection->GetString(*message, field)));
        } else {
          ConcealStrings(reflection->MutableMessage(message, field));
        }
      } else if (text) {
        reflection->SetRepeatedString(message, field, i,
                                      Conceal(reflection->GetRepeatedString(*message, field, i)));
      } else {
        ConcealStrings(reflection->MutableRepeatedMessage(message, field, i));
      }
    }
  }
}

}  // namespace rampart
