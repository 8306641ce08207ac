#include "common/plan/variables.h"

#include <vector>

#include "google/protobuf/descriptor.h"

namespace rampart {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

template <typename F>
void ForEachMessage(const Message& message, const F& f) {
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

}  // namespace

std::set<std::string> VariableNames(const v1::Plan& plan) {
  std::set<std::string> names;
  ForEachMessage(plan, [&names](const Message& part) {
    const auto add = [&names](const auto& named) {
      for (const v1::NamedExpression& one : named) names.insert(one.name());
    };
    if (const auto* http = dynamic_cast<const v1::Http*>(&part)) {
      add(http->save());
      add(http->append());
    } else if (const auto* set = dynamic_cast<const v1::Set*>(&part)) {
      add(set->variables());
    } else if (const auto* repeat = dynamic_cast<const v1::Repeat*>(&part)) {
      names.insert(repeat->as());
    } else if (const auto* each = dynamic_cast<const v1::ForEach*>(&part)) {
      names.insert(each->as());
    }
  });
  return names;
}

}  // namespace rampart
