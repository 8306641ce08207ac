// PlanSchema: what a plan file may say, for editors: as-you-type completion and faults.
#ifndef RAMPART_CONTROLLER_PLANS_PLAN_SCHEMA_H_
#define RAMPART_CONTROLLER_PLANS_PLAN_SCHEMA_H_

#include <string>

namespace rampart::controller {

// A JSON Schema (draft 2020-12) with one definition a message of plan.proto, made by reflection
// over the same options as the decoder reads: a field added there is in the schema with no change
// here, described by its comment there. It takes what the decoder takes, but for capitals in enums.
// What is checked between parts of a plan (a step without a kind, a metric that is not declared, an
// expression that does not compile) only `plans check` finds. Always the same text; pure.
std::string PlanSchema();

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_PLANS_PLAN_SCHEMA_H_
