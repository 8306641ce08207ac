// ForEachMessage: visits every message of a plan.
#ifndef RAMPART_COMMON_PLAN_EACH_MESSAGE_H_
#define RAMPART_COMMON_PLAN_EACH_MESSAGE_H_

#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace rampart {

// `message` itself first, then what is in it, in the order of its fields.
template <typename F>
void ForEachMessage(const google::protobuf::Message& message, const F& f) {
  using google::protobuf::FieldDescriptor;
  f(message);
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      ForEachMessage(reflection->GetMessage(message, field), f);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      ForEachMessage(reflection->GetRepeatedMessage(message, field, i), f);
    }
  }
}

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_EACH_MESSAGE_H_
