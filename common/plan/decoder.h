// Decoder: a YAML tree into any message of plan.proto, by reflection over the options written
// there.
#ifndef RAMPART_COMMON_PLAN_DECODER_H_
#define RAMPART_COMMON_PLAN_DECODER_H_

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/plan/fault.h"
#include "common/plan/yaml_tree.h"
#include "google/protobuf/message.h"

namespace rampart {

// Expands the `${...}` of a text that is read when the plan loads.
using Expand = std::function<absl::StatusOr<std::string>(std::string_view)>;

// Fills `message` from `node`. Every fault is added to `faults` with its place; what could be read
// is read.
void Decode(const YamlNode& node, const Expand& expand, google::protobuf::Message* message,
            Faults* faults);

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_DECODER_H_
