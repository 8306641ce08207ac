// YamlTree: a YAML document with positions, read under limits.
#ifndef RAMPART_COMMON_PLAN_YAML_TREE_H_
#define RAMPART_COMMON_PLAN_YAML_TREE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/plan/fault.h"

namespace rampart {

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  uint32_t line = 0;  // from 1
  uint32_t column = 0;
  std::string scalar;
  bool quoted = false;
  std::vector<std::unique_ptr<YamlNode>> items;  // of a list; of a map key, value, key, value, ...

  size_t map_size() const { return items.size() / 2; }
  const YamlNode& key(size_t i) const { return *items[2 * i]; }
  const YamlNode& value(size_t i) const { return *items[2 * i + 1]; }
};

inline constexpr size_t kMaxPlanBytes = 1 << 20;
inline constexpr size_t kMaxPlanDepth = 32;
inline constexpr size_t kMaxPlanNodes = 10'000;

// The one document in `text`; null when it cannot be read. Aliases, anchors, tags, duplicate keys,
// keys that are not scalars, and what is over the limits are faults.
std::unique_ptr<YamlNode> ReadYaml(std::string_view text, Faults* faults);

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_YAML_TREE_H_
