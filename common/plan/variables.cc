#include "common/plan/variables.h"

#include "common/plan/each_message.h"
#include "common/script/statements.h"

namespace rampart {
std::set<std::string> VariableNames(const v1::Plan& plan) {
  std::set<std::string> names;
  ForEachMessage(plan, [&names](const google::protobuf::Message& part) {
    const auto add = [&names](const auto& named) {
      for (const v1::NamedExpression& one : named) names.insert(one.name());
    };
    if (const auto* http = dynamic_cast<const v1::Http*>(&part)) {
      add(http->save());
      add(http->append());
    } else if (const auto* graphql = dynamic_cast<const v1::Graphql*>(&part)) {
      add(graphql->save());
      add(graphql->append());
    } else if (const auto* emit = dynamic_cast<const v1::Emit*>(&part)) {
      add(emit->save());
    } else if (const auto* set = dynamic_cast<const v1::Set*>(&part)) {
      add(set->variables());
    } else if (const auto* repeat = dynamic_cast<const v1::Repeat*>(&part)) {
      names.insert(repeat->as());
    } else if (const auto* each = dynamic_cast<const v1::ForEach*>(&part)) {
      names.insert(each->as());
    } else if (const auto* take = dynamic_cast<const v1::Take*>(&part)) {
      names.insert(RowName(*take));
    } else if (const auto* step = dynamic_cast<const v1::Step*>(&part)) {
      if (!step->has_script()) return;
      const absl::StatusOr<Statements> statements = ReadStatements(step->script());
      if (!statements.ok()) return;
      for (const Statements::Name& assigned : statements->assigned) names.insert(assigned.name);
    }
  });
  return names;
}

std::string RowName(const v1::Take& take) { return take.as().empty() ? "row" : take.as(); }

}  // namespace rampart
