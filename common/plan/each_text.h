// ForEachText: visits every text of a plan that runs later.
#ifndef RAMPART_COMMON_PLAN_EACH_TEXT_H_
#define RAMPART_COMMON_PLAN_EACH_TEXT_H_

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

template <typename F>
void ForEachText(const v1::Value& value, const v1::Position& at, const F& f) {
  if (value.has_string()) f(value.string(), v1::TEMPLATE, at);
  for (const v1::Value& item : value.list().items()) ForEachText(item, at, f);
  for (const auto& member : value.object().members()) ForEachText(member.value(), at, f);
}

// `f(text, how it is written, the place of the nearest part that has one)`, in the order of the
// fields.
template <typename F>
void ForEachText(const google::protobuf::Message& message, v1::Position at, const F& f) {
  using google::protobuf::FieldDescriptor;
  const auto* reflection = message.GetReflection();
  if (const auto* own = message.GetDescriptor()->FindFieldByName("at")) {
    at = static_cast<const v1::Position&>(reflection->GetMessage(message, own));
  }
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const v1::Written written = field->options().GetExtension(v1::written);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && !field->is_repeated()) {
      f(reflection->GetString(message, field), written, at);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
      for (int i = 0; i < count; ++i) {
        const google::protobuf::Message& part =
            field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                 : reflection->GetMessage(message, field);
        const auto* value = dynamic_cast<const v1::Value*>(&part);
        if (value == nullptr) {
          ForEachText(part, at, f);
        } else if (written == v1::TEMPLATE) {
          ForEachText(*value, at, f);
        }
      }
    }
  }
}

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_EACH_TEXT_H_
